"""`POST /hooks/mail`: the company's mail provider tells of bounces and complaints.

Whoever cannot sign gets the answer of a page that does not exist, whether there is a secret or not.
Whoever can learns that an event has arrived, and nothing of what it changed.
"""

from typing import TYPE_CHECKING, Final, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from alumni_sync.consent.returns.hook import (
    SIGNATURE_HEADER,
    MailEvent,
    is_signed,
    read_event,
    take_event,
)
from alumni_sync.ports import Clock
from alumni_sync.sites.endpoints import guarded
from alumni_sync.sites.forms import bounded_body

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

PATH: Final = "/hooks/mail"


class MailHook(Protocol):
    """What the hook asks of the stages."""

    @property
    def secret(self) -> bytes | None:
        """Return what signs events; None where nobody may send any."""

    def take(self, event: MailEvent) -> object:
        """Write down what an event means; nothing where it was taken before."""


class LedgerMailHook:
    """The hook over a deployment."""

    def __init__(self, deployment: "Deployment") -> None:
        """Use the secret of its settings."""
        self._d = deployment

    @property
    def secret(self) -> bytes | None:
        """Return what signs events; None where nobody may send any."""
        returns = self._d.settings.mail.returns
        webhook = returns.webhook if returns else None
        return webhook.secret.get_secret_value().encode() if webhook else None

    def take(self, event: MailEvent) -> object:
        """Write down what an event means; nothing where it was taken before."""
        return take_event(self._d, event)


def hook_route(hook: MailHook, clock: Clock) -> Route:
    """Return the route; a method other than POST is 405, as everywhere."""

    async def answer(request: Request) -> Response:
        body = await bounded_body(request)
        secret = hook.secret
        given = request.headers.getlist(SIGNATURE_HEADER)
        header = given[0] if len(given) == 1 else ""
        if not is_signed(secret or b"", header, body, clock.now()) or secret is None:
            raise HTTPException(404)
        event = read_event(body)
        if event is None:
            return Response(status_code=422)  # to somebody who knows the secret, and is mistaken
        await run_in_threadpool(hook.take, event)
        return Response(status_code=204)

    return Route(PATH, guarded(PATH, answer), methods=["POST"])
