"""The choices of a member: `/p`, where leaving comes first and takes no more clicks than joining.

Less works at once. More is a new yes, in a form of its own (`sites.consent.members`).
"""

from collections.abc import Mapping
from typing import Final

from starlette.responses import Response

from alumni_sync.consent.answers.answer import Conflict, Decided, Invalid, Outcome, Stale
from alumni_sync.consent.answers.view import ConsentView
from alumni_sync.consent.lifecycle import HELD_ONTO
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.domain import ConsentState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.consent.decision import conflict
from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form
from alumni_sync.sites.sessions import Session

WITHDRAW_FORM: Final = "withdraw"
FIELDS_FORM: Final = "fields"
WAIT_FORM: Final = "wait"
ANEW_FORM: Final = "anew"
REST_FORM: Final = "rest"
ADDRESS_FORM: Final = "address"
MAILS_FORM: Final = "mails"
_FORMS: Final = (
    WITHDRAW_FORM,
    FIELDS_FORM,
    WAIT_FORM,
    ANEW_FORM,
    REST_FORM,
    ADDRESS_FORM,
    MAILS_FORM,
)
_EVERYTHING: Final = "everything"
_PLACES: Final = {
    "nothing_chosen_withdraw": "leave",
    "nothing_chosen_fields": "stored",
    "nothing_chosen_wait": "wait",
    "nothing_chosen_anew": "anew",
    "nothing_chosen_rest": "rest",
    "nothing_chosen_address": "address",
    "nothing_chosen_mails": "mails",
}
"""Problem → the form that it is about."""
_OWN_WORDS: Final = frozenset({("not_before", "more_than_before"), ("email", "too_many")})


def show(shell: Shell, visit: Visit) -> Response:
    """`GET /p`: what is stored and shown now, how to leave, how to take back a single thing."""
    session = shell.session(visit, LinkKind.MANAGE)
    saved = visit.request.query_params.get("saved") == "1"
    return choices(shell, shell.view(visit, session), session, saved=saved)


def withdraw(shell: Shell, visit: Visit) -> Response:
    """`POST /p/withdraw`: leave altogether, or stop what was ticked."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, WITHDRAW_FORM)
    language = submitted.about["language"]
    shown = shell.view(visit, session, language)
    everything = visit.form.one("leave") == _EVERYTHING
    purposes = _known(Purpose, visit.form.chosen("purpose"))
    if not everything and not purposes:
        return choices(shell, shown, session, status=422, problem="nothing_chosen_withdraw")
    outcome = shell.service.withdraw(
        session.reference,
        None if everything else purposes,
        shell.evidence(visit, session),
        submitted.nonce,
    )
    return after(shell, visit, session, outcome, language)


def narrow(shell: Shell, visit: Visit) -> Response:
    """`POST /p/fields`: remove or hide single details."""
    session = shell.session(visit, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, FIELDS_FORM)
    language = submitted.about["language"]
    shown = shell.view(visit, session, language)
    if shown.current is None:
        return conflict(shell, shown, session, Conflict(shown.state))
    if not visit.form.chosen("remove") and not visit.form.chosen("hide"):
        return choices(shell, shown, session, status=422, problem="nothing_chosen_fields")
    outcome = shell.service.change_fields(
        session.reference,
        _narrowed(shown.current.fields, visit.form),
        shell.evidence(visit, session),
        submitted.nonce,
    )
    return after(shell, visit, session, outcome, language)


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


def after(
    shell: Shell,
    visit: Visit,
    session: Session,
    outcome: Outcome,
    language: str,
    *,
    where: str = "",
) -> Response:
    """Show what became of an act; `where` is the form to go back to with a problem."""
    if isinstance(outcome, Decided):
        session = shell.sessions.go_on(session)
    shown = shell.view(visit, session, language)
    if isinstance(outcome, Decided):
        stays = outcome.state in HELD_ONTO
        saved = f"/p?saved=1&lang={shown.language}"
        return shell.answered(saved if stays else "/consent/done", session)
    if isinstance(outcome, Conflict):
        return conflict(shell, shown, session, outcome)
    if isinstance(outcome, Stale):  # ticks under another text are void: start with nothing ticked
        return choices(shell, shown, session, status=409, problem="stale", where=where)
    problem = _problem(outcome)
    return choices(shell, shown, session, status=422, problem=problem, where=where, form=visit.form)


def _problem(outcome: Outcome) -> str:
    """Return the words for what cannot be saved: the first problem, in the words of its field."""
    if not isinstance(outcome, Invalid):
        return "other"
    what, reason = outcome.problems[0]
    if (what, reason) in _OWN_WORDS:
        return f"{what}_{reason}"
    return what if what in {"name", "email", "fields", "purposes", "not_before"} else "other"


def choices(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    *,
    status: int = 200,
    problem: str = "",
    where: str = "",
    saved: bool = False,
    form: Form | None = None,
) -> Response:
    """Return the page of the choices; `form` holds what was entered and could not be saved."""
    about = {"language": shown.language}
    anew = {
        **about,
        "notice": shown.notice_sha256,
        "form": shown.anew.form_sha256 if shown.anew else "",
        "version": str(shown.version),
    }
    tokens = {
        name: shell.tokens.issue(name, session, anew if name == ANEW_FORM else about)
        for name in _FORMS
    }
    is_member = shown.current is not None
    return shell.page(
        "consent/choices.html",
        shown,
        session,
        status=status,
        problem=problem,
        where=where or _PLACES.get(problem, "content"),
        saved=saved,
        entered=form or Form(),
        can_leave=is_member or shown.state is ConsentState.PAUSED,
        tomorrow=shell.tomorrow,
        tokens=tokens,
        has_receipt=shell.service.receipt(session.reference) is not None,
        stopped=is_member and shell.preferences.are_renewals_stopped(session.reference),
    )
