"""Links from mails: exchanged for a session at once, whoever opens them and however often.

Opening a link changes nothing, writes nothing and is not recorded: mail scanners open every link,
and whether a person did is none of our business.
"""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from alumni_sync.consent.links.secrets import Link, LinkKind
from alumni_sync.sites.consent.shell import Shell, Stranger
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.sessions import Session

PAGE_OF: Final[Mapping[LinkKind, str]] = {
    LinkKind.DECIDE: "/consent",
    LinkKind.MANAGE: "/p",
    LinkKind.UNSUBSCRIBE: "/u",
    LinkKind.VERIFY: "/e",
}
_ONE_CLICK: Final = {"List-Unsubscribe": ("One-Click",)}


def open_decision(shell: Shell, visit: Visit) -> Response:
    """`GET /c/{token}`: from an invitation or reminder to the question."""
    return _exchange(shell, visit, LinkKind.DECIDE)


def open_choices(shell: Shell, visit: Visit) -> Response:
    """`GET /p/{token}`: from any later mail to the choices."""
    return _exchange(shell, visit, LinkKind.MANAGE)


def open_unsubscribe(shell: Shell, visit: Visit) -> Response:
    """`GET /u/{token}`: from the unsubscribe link to a page that asks for confirmation."""
    return _exchange(shell, visit, LinkKind.UNSUBSCRIBE)


def open_proof(shell: Shell, visit: Visit) -> Response:
    """`GET /e/{token}`: from the mail to another address to the page that asks whose it is."""
    return _exchange(shell, visit, LinkKind.VERIFY)


def one_click(shell: Shell, visit: Visit) -> Response:
    """`POST /u/{token}`: what a mail program sends (RFC 8058): no cookie, no page, always 200.

    Only the body that the RFC prescribes acts, so that a scanner's bare submit does nothing.
    """
    token = visit.request.path_params["token"]
    if dict(visit.form.values) != _ONE_CLICK:
        raise HTTPException(422)
    if shell.service.one_click(token):
        shell.wake()
    elif not shell.strangers.allows(visit.client):
        raise HTTPException(429)
    return PlainTextResponse("OK\n")


def _exchange(shell: Shell, visit: Visit, kind: LinkKind) -> Response:
    token = visit.request.path_params["token"]
    link = shell.service.resolve(token)
    if link is None or link.kind is not kind:
        if not shell.strangers.allows(visit.client):
            raise HTTPException(429)
        raise Stranger
    response = RedirectResponse(shell.pages.path(PAGE_OF[kind]), 303)
    if visit.request.method != "HEAD":
        shell.sessions.attach(response, _session(shell, visit, link, token))
    return response


def _session(shell: Shell, visit: Visit, link: Link, token: str) -> Session:
    reference = token if link.kind is LinkKind.UNSUBSCRIBE else link.invitation_id
    current = shell.sessions.read(visit.request)
    if current is not None and (current.kind, current.reference) == (link.kind, reference):
        return shell.sessions.go_on(current)  # opened twice: forms in the first tab stay good
    return shell.sessions.begin(link.kind, reference, link.token_id)
