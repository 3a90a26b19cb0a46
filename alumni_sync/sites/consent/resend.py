"""`/resend`: a fresh link for somebody whose link is old. The answer is the same for everybody.

There is no session, so no form token either: what the form does is ask for a mail to whoever owns
the address, three times an hour at most, and a browser says whether it comes from our pages.
"""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.links.resending import looks_like_an_address
from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import from_our_pages

_ACCEPTED: Final = 202


def ask(shell: Shell, visit: Visit) -> Response:
    """`GET /resend`: where to type the address."""
    return _page(shell, visit)


def resend(shell: Shell, visit: Visit) -> Response:
    """`POST /resend`: write the wish down, and say what we would say to anybody."""
    if not from_our_pages(visit.request.headers, shell.address.origin):
        raise HTTPException(403)
    if not shell.strangers.allows(visit.client):
        raise HTTPException(429)
    typed = visit.form.one("address")
    if not looks_like_an_address(typed):
        return _page(shell, visit, status=422, problem=True)
    shell.resending.ask_link(typed)
    shell.wake()
    return _page(shell, visit, status=_ACCEPTED, finished=True)


def _page(
    shell: Shell,
    visit: Visit,
    *,
    status: int = 200,
    problem: bool = False,
    finished: bool = False,
) -> Response:
    return shell.pages.render(
        "consent/resend.html",
        shell.texts(visit),
        status,
        languages={} if finished else shell.pages.own_languages(),
        problem=problem,
        finished=finished,
    )
