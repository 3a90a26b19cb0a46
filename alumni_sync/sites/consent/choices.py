"""The choices of a member: `/p`, where leaving comes first and takes no more clicks than joining.

Here everything can only become less. More than before is a new yes, on the page of the question.
"""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from alumni_sync.consent.answers import Conflict, Decided, Outcome
from alumni_sync.consent.links import LinkKind
from alumni_sync.consent.view import ConsentView
from alumni_sync.domain import LIVE_STATES, ConsentState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.consent.decision import conflict
from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form
from alumni_sync.sites.sessions import Session

WITHDRAW_FORM: Final = "withdraw"
FIELDS_FORM: Final = "fields"
_EVERYTHING: Final = "everything"


def show(shell: Shell, visit: Visit) -> Response:
    """`GET /p`: what is stored and shown now, how to leave, how to take back a single thing."""
    session = shell.session(visit, LinkKind.MANAGE)
    saved = visit.request.query_params.get("saved") == "1"
    return _choices(shell, shell.view(visit, session), session, saved=saved)


def withdraw(shell: Shell, visit: Visit) -> Response:
    """`POST /p/withdraw`: leave altogether, or stop what was ticked."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, WITHDRAW_FORM)
    language = submitted.about["language"]
    shown = shell.view(visit, session, language)
    everything = visit.form.one("leave") == _EVERYTHING
    purposes = _known(Purpose, visit.form.chosen("purpose"))
    if not everything and not purposes:
        return _choices(shell, shown, session, status=422, problem="nothing_chosen_withdraw")
    outcome = shell.service.withdraw(
        session.reference,
        None if everything else purposes,
        shell.evidence(visit, session),
        submitted.nonce,
    )
    return _after(shell, visit, session, outcome, language)


def narrow(shell: Shell, visit: Visit) -> Response:
    """`POST /p/fields`: remove or hide single details."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, FIELDS_FORM)
    language = submitted.about["language"]
    shown = shell.view(visit, session, language)
    if shown.current is None:
        return conflict(shell, shown, session, Conflict(shown.state))
    if not visit.form.chosen("remove") and not visit.form.chosen("hide"):
        return _choices(shell, shown, session, status=422, problem="nothing_chosen_fields")
    outcome = shell.service.change_fields(
        session.reference,
        _narrowed(shown.current.fields, visit.form),
        shell.evidence(visit, session),
        submitted.nonce,
    )
    return _after(shell, visit, session, outcome, language)


def _narrowed(
    current: Mapping[ProfileField, tuple[str, bool]], form: Form
) -> dict[ProfileField, bool]:
    removed, hidden = form.chosen("remove"), form.chosen("hide")
    return {
        field: to_members and field.value not in hidden
        for field, (_, to_members) in current.items()
        if field.value not in removed
    }


def _known(kind: type[Purpose], values: frozenset[str]) -> frozenset[Purpose]:
    """Return the purposes among `values`; membership itself is left by `leave` only."""
    return frozenset(p for p in kind if p.value in values and p is not Purpose.COMMUNITY)


def _after(
    shell: Shell, visit: Visit, session: Session, outcome: Outcome, language: str
) -> Response:
    shown = shell.view(visit, session, language)
    if isinstance(outcome, Decided):
        stays = outcome.state in LIVE_STATES
        saved = f"/p?saved=1&lang={shown.language}"
        return shell.answered(saved if stays else "/consent/done", session)
    if isinstance(outcome, Conflict):
        return conflict(shell, shown, session, outcome)
    return _choices(shell, shown, session, status=422, problem="other")


def _choices(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    *,
    status: int = 200,
    problem: str = "",
    saved: bool = False,
) -> Response:
    about = {"language": shown.language}
    return shell.page(
        "consent/choices.html",
        shown,
        session,
        status=status,
        problem=problem,
        saved=saved,
        can_leave=shown.current is not None or shown.state is ConsentState.PAUSED,
        withdraw_token=shell.tokens.issue(WITHDRAW_FORM, session, about),
        fields_token=shell.tokens.issue(FIELDS_FORM, session, about),
        has_receipt=shell.service.receipt(session.reference) is not None,
    )
