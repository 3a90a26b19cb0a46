"""The page behind an unsubscribe link, for people whose mail program has no button for it.

The link alone does nothing (scanners open links); the page asks for one explicit choice.
"""

from typing import Final

from starlette.responses import Response

from alumni_sync.consent.links.secrets import Link, LinkKind
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.mail.outbox import QUESTION_KINDS
from alumni_sync.sites.consent.shell import Shell, Stranger
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.languages import Texts, all_texts
from alumni_sync.sites.sessions import Session

FORM: Final = "unsubscribe"


def confirm(shell: Shell, visit: Visit) -> Response:
    """`GET /u`: say what would stop, and ask."""
    session = shell.session(visit, LinkKind.UNSUBSCRIBE)
    return _page(shell, visit, session)


def stop(shell: Shell, visit: Visit) -> Response:
    """`POST /u`: stop, if the person chose to."""
    session = shell.session(visit, LinkKind.UNSUBSCRIBE)
    shell.submission(visit, session, FORM)
    if visit.form.one("act") != "stop":
        return _page(shell, visit, session, status=422, problem=True)
    texts = _texts(shell, visit, shell.service.resolve(session.reference))
    if shell.service.one_click(session.reference):
        shell.wake()
    return shell.pages.render("consent/unsubscribe.html", texts, finished=True, problem=False)


def _page(
    shell: Shell, visit: Visit, session: Session, *, status: int = 200, problem: bool = False
) -> Response:
    link = shell.service.resolve(session.reference)
    if link is None:
        raise Stranger
    response = shell.pages.render(
        "consent/unsubscribe.html",
        _texts(shell, visit, link),
        status,
        finished=False,
        problem=problem,
        effect=_effect(link.mail_kind),
        token=shell.tokens.issue(FORM, session),
    )
    shell.sessions.attach(response, session)
    return response


def _effect(mail_kind: str) -> str:
    """Return which words say what would stop, and what follows from it."""
    if mail_kind in QUESTION_KINDS:
        return "invitation"
    return "renewal" if mail_kind == MailKind.RENEWAL.value else "other"


def _texts(shell: Shell, visit: Visit, link: Link | None) -> Texts:
    """Return the texts in the language that the person was written to in."""
    shown = shell.service.view(link.invitation_id, None) if link else None
    if shown is not None and shown.language in all_texts():
        return all_texts()[shown.language]
    return shell.texts(visit)
