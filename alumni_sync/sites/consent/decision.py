"""The question and its answer: `/consent` and `/consent/done`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from starlette.responses import Response

from alumni_sync.consent.answers.answer import (
    Answer,
    Choice,
    Conflict,
    Decided,
    Invalid,
    NothingChosen,
    Outcome,
    Stale,
)
from alumni_sync.consent.answers.view import ConsentView
from alumni_sync.consent.links.secrets import LinkKind
from alumni_sync.domain import LIVE_STATES, ConsentState
from alumni_sync.ports import ProfileField, Purpose
from alumni_sync.sites.consent.shell import Shell
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form, Submission
from alumni_sync.sites.sessions import Session

FORM: Final = "decide"
_PAGE: Final = "consent/question.html"
_FORMATS: Final = ("%Y-%m-%d", "%d.%m.%Y")
"""As browsers send a day, and as people write one where a browser only offers a line of text."""
_ENDINGS: Final[Mapping[ConsentState, str]] = {
    ConsentState.REFUSED: "no",
    ConsentState.DEFERRED: "later",
    ConsentState.INVALIDATED: "not_me",
    ConsentState.WITHDRAWN: "withdrawn",
    ConsentState.OBJECTED: "objected",
    ConsentState.EXPIRED: "expired",
    ConsentState.ADDRESS_PENDING: "address",
    ConsentState.PAUSED: "paused",
}


def ask(shell: Shell, visit: Visit) -> Response:
    """`GET /consent`: what would be stored and shown, and the question. Nothing is preselected."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    shown = shell.view(visit, session)
    if not shown.can_decide:
        return shell.onward("/consent/done", session)
    return _question(shell, shown, session)


def answer(shell: Shell, visit: Visit) -> Response:
    """`POST /consent`: take the answer; whatever cannot be taken is shown with the reason."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    submitted = shell.submission(visit, session, FORM)
    choice = choice_of(visit.form, submitted)
    outcome: Outcome = (
        choice
        if isinstance(choice, Invalid)
        else shell.service.decide(session.reference, choice, shell.evidence(visit, session))
    )
    if isinstance(outcome, Decided):
        waits = outcome.state is ConsentState.ADDRESS_PENDING  # nothing to manage yet
        answered = shell.answered_only if waits else shell.answered
        return answered("/consent/done", session)
    shown = shell.view(visit, session, submitted.about["language"])
    if isinstance(outcome, Conflict):
        return conflict(shell, shown, session, outcome)
    if not shown.can_decide:
        return _ending(shell, shown, session, status=409, problem="conflict")
    return _again(shell, shown, session, outcome, visit.form)


def done(shell: Shell, visit: Visit) -> Response:
    """`GET /consent/done`: how it stands, in the words that fit the state."""
    session = shell.session(visit, LinkKind.DECIDE, LinkKind.MANAGE)
    shown = shell.view(visit, session)
    if shown.can_decide and shown.state not in LIVE_STATES and shown.state not in _ENDINGS:
        return shell.onward("/consent", session)
    return _ending(shell, shown, session)


def conflict(shell: Shell, shown: ConsentView, session: Session, outcome: Conflict) -> Response:
    """Show what stands instead of what was asked for (409)."""
    known = {"before_exit": "before_exit", "not_standing": "not_standing", "used": "used"}
    problem = known.get(outcome.reason, "conflict")
    return _ending(shell, replace(shown, state=outcome.state), session, status=409, problem=problem)


def choice_of(form: Form, submitted: Submission) -> Choice | Invalid:
    """Return what was submitted as a value; `Invalid` where something was that does not exist."""
    shown, given, about = form.chosen("show"), form.one("answer"), submitted.about
    try:
        # Shown without stored is not stored: a tick for "shown" alone is no wish to be stored.
        fields = {ProfileField(value): value in shown for value in sorted(form.chosen("field"))}
        # Of what is stored already, a member may only say that it be shown as well.
        fields |= {ProfileField(value): True for value in sorted(form.chosen("reveal"))}
        purposes = frozenset(Purpose(value) for value in form.chosen("purpose"))
    except ValueError:
        return Invalid((("fields", "unknown"),))
    days = not_before(form)
    if isinstance(days, Invalid):
        return days
    return Choice(
        answer=Answer(given) if given in set(Answer) else None,
        notice_sha256=about["notice"],
        form_sha256=about["form"],
        version=int(about["version"]),
        nonce=submitted.nonce,
        name=form.one("name"),
        email=form.one("email"),
        purposes=purposes,
        fields=fields,
        not_before=days,
        language=about["language"],
    )


def not_before(form: Form) -> dict[Purpose, date] | Invalid:
    """Return the day before which job offers are not wanted, as it was typed; none for an empty."""
    typed = form.one("not_before")
    if not typed:
        return {}
    for pattern in _FORMATS:
        try:
            return {
                Purpose.JOB_OFFERS: datetime.strptime(typed, pattern).replace(tzinfo=UTC).date()
            }
        except ValueError:
            continue
    return Invalid((("not_before", "unreadable"),))


def _question(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    *,
    status: int = 200,
    problems: tuple[tuple[str, str], ...] = (),
    form: Form | None = None,
) -> Response:
    renews = shown.anew is not None and shown.current is not None
    about = {
        "notice": shown.notice_sha256,
        "form": shown.anew.form_sha256 if shown.anew and renews else shown.form_sha256,
        "version": str(shown.version),
        "language": shown.language,
    }
    token = shell.tokens.issue(FORM, session, about)
    if shown.current is None and not problems and form is None:
        return shell.moulded(_PAGE, shown, session, token, tomorrow=shell.tomorrow)
    return shell.page(
        "consent/renew.html" if renews else _PAGE,
        shown,
        session,
        status=status,
        problems=problems,
        entered=form or Form(),
        tomorrow=shell.tomorrow,
        token=token,
    )


def _again(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    outcome: NothingChosen | Invalid | Stale,
    form: Form,
) -> Response:
    """Show the question again with what was wrong, and what the person had already entered."""
    problems: tuple[tuple[str, str], ...]
    match outcome:
        case NothingChosen():
            problems = (("answer", "nothing_chosen"),)
            return _question(shell, shown, session, status=422, problems=problems, form=form)
        case Invalid():
            problems = tuple((where, _problem(where, reason)) for where, reason in outcome.problems)
            return _question(shell, shown, session, status=422, problems=problems, form=form)
        case Stale():  # ticks under another text are void: start with nothing ticked
            problems = (("answer", "stale"),)
            return _question(shell, shown, session, status=409, problems=problems)


def _problem(where: str, reason: str) -> str:
    if reason == "only_once":
        return reason
    if (where, reason) in {("email", "too_many"), ("email", "unknown")}:
        return f"{where}_{reason}"
    return where if where in {"name", "email", "fields", "purposes", "not_before"} else "other"


def _ending(
    shell: Shell,
    shown: ConsentView,
    session: Session,
    *,
    status: int = 200,
    problem: str = "",
) -> Response:
    ending = "yes" if shown.state in LIVE_STATES else _ENDINGS.get(shown.state, "other")
    if ending == "other" and shown.closes_at and shown.closes_at <= shell.clock.now():
        ending = "expired"  # the time is over, even if no timer has written it down yet
    return shell.page(
        "consent/done.html",
        shown,
        session,
        status=status,
        ending=ending,
        problem=problem,
        manages=session.kind == LinkKind.MANAGE,
        has_receipt=shell.service.receipt(session.reference) is not None,
    )
