"""One case at the desk: the person, the facts, the rules, and the two buttons."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.domain import Identity, Ruling
from alumni_sync.errors import Refused
from alumni_sync.ledger.ids import new_id
from alumni_sync.review.people.authority import Act
from alumni_sync.review.queue.listing import CaseSummary
from alumni_sync.review.record.record import decision_record
from alumni_sync.review.rulings.ruling import reopen_case
from alumni_sync.review.rulings.steps import REASONS, REOPEN_REASONS
from alumni_sync.sites.desk.launched import Wanted, launch_rulings
from alumni_sync.sites.desk.service import OpenedCase
from alumni_sync.sites.desk.shell import Desk, seen_version
from alumni_sync.sites.desk.words import (
    DONE,
    EVENT_WORDS,
    REASON_WORDS,
    RULING_WORDS,
    VERDICT_WORDS,
    as_sentence,
    day,
)
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form

RULE: Final = "rule"
REOPEN: Final = "reopen"
KEY_FACTS: Final = (
    "exit_kind", "exit_code", "last_working_day", "exit_date", "hire_date", "rehire_date",
    "worker_type", "job_title", "department", "location", "legal_entity", "manager_id",
)  # fmt: skip
"""What is shown before the ruling; the others are a click away."""
_RUN_LETTERS: Final = frozenset("0123456789abcdef-")
_RUN_LENGTH: Final = 36


def case(desk: Desk, visit: Visit) -> Response:
    """`GET /case/EX-000123`: the person, the facts, the rules, and where to rule."""
    identity = desk.visitor(visit.request)
    opened = _opened(desk, visit, identity)
    query = visit.request.query_params
    done = query.get("done", "")
    said = DONE.get(done, "") if done == opened.dossier.summary.status else ""
    return _page(desk, identity, opened, said=said, run=_run(query.get("run", "")))


def rule(desk: Desk, visit: Visit) -> Response:
    """`POST /case/EX-000123/rule`: launch what was chosen, and say what became of it."""
    identity, number = desk.visitor(visit.request), _number(visit)
    submission = desk.submitted(visit, identity, RULE, number, by_anybody=True)
    wanted = _wanted(visit.form)
    if not isinstance(wanted, Wanted):
        opened = _opened(desk, visit, identity)
        return _page(desk, identity, opened, 422, problems=wanted, entered=visit.form)
    seen = (number, seen_version(submission))
    result = launch_rulings(desk, identity, [seen], wanted)[number]
    if result.refused:
        return _refused(desk, visit, identity, result.sentence, result.run_id or "")
    status = _opened(desk, visit, identity).dossier.summary.status
    run = f"&run={result.run_id}" if result.run_id else ""
    return desk.onward(f"/case/{number}?done={status}{run}")


def reopen(desk: Desk, visit: Visit) -> Response:
    """`POST /case/EX-000123/reopen`: somebody contests it, or something new is known."""
    identity, number = desk.visitor(visit.request), _number(visit)
    submission = desk.submitted(visit, identity, REOPEN, number, by_anybody=True)
    opened = _opened(desk, visit, identity)
    if opened.dossier.summary.version != seen_version(submission):
        return _refused(desk, visit, identity, f"{number} has changed since: look at it again")
    reason = visit.form.one("again")
    if reason not in REOPEN_REASONS:
        problems = (("again", "Choose why it is taken up again."),)
        return _page(desk, identity, opened, 422, problems=problems, entered=visit.form)
    try:
        reopen_case(
            desk.behind.d,
            case=number,
            reason=reason,
            identity=identity,
            run_id=new_id("R"),
            comment=visit.form.one("words"),
            version=seen_version(submission),
        )
    except Refused as refused:
        return _refused(desk, visit, identity, str(refused))
    desk.behind.wake()  # a member is hidden at once
    return desk.onward(f"/case/{number}?done=reopened")


def record(desk: Desk, visit: Visit) -> Response:
    """`GET /case/EX-000123/record`: why somebody is in or out, as a page to print."""
    identity = desk.visitor(visit.request)
    try:
        found = decision_record(desk.behind.d, _number(visit), identity)
    except Refused:
        found = None
    if found is None:
        raise HTTPException(404)
    return desk.page(
        "desk/record.html",
        identity,
        record=found,
        verdicts=VERDICT_WORDS,
        events=EVENT_WORDS,
        words=REASON_WORDS,
    )


def _wanted(form: Form) -> Wanted | tuple[tuple[str, str], ...]:
    """Return what was chosen, or (id of the control, text) of what is missing."""
    act, reason, until = form.one("act"), form.one("reason"), form.one("until")
    if act not in set(Ruling):
        return (("rule", "Press one of the two buttons."),)
    ruling = Ruling(act)
    problems = []
    if reason not in REASONS[ruling]:
        problems.append((f"reason-{ruling}", "Choose why."))
    if until and day(until) is None:
        problems.append(("until", "Write the last day as a date, or nothing."))
    if problems:
        return tuple(problems)
    last = day(until) if until and ruling is Ruling.ADMIT else None
    return Wanted(ruling, reason, last, form.one("comment"))


def _opened(desk: Desk, visit: Visit, identity: Identity) -> OpenedCase:
    """Return a case, written down as read; one that this visitor may not see does not exist."""
    opened = desk.service.case(identity, _number(visit))
    if opened is None:
        raise HTTPException(404)
    return opened


def _number(visit: Visit) -> str:
    number: str = visit.request.path_params["number"]
    return number


def _refused(
    desk: Desk, visit: Visit, identity: Identity, sentence: str, run: str = ""
) -> Response:
    """Show the case as it stands now, with why nothing was changed."""
    why = as_sentence(sentence, identity.user)
    return _page(
        desk,
        identity,
        _opened(desk, visit, identity),
        409,
        problems=(("rule", why),),
        entered=visit.form,
        run=run,
    )


def _page(
    desk: Desk,
    identity: Identity,
    opened: OpenedCase,
    status: int = 200,
    *,
    problems: tuple[tuple[str, str], ...] = (),
    entered: Form | None = None,
    said: str = "",
    run: str = "",
) -> Response:
    line = opened.dossier.summary
    return desk.page(
        "desk/case.html",
        identity,
        status,
        opened=opened,
        file=_file(desk, identity, opened),
        problems=problems,
        entered=entered or Form(),
        said=said,
        run=run,
        verdict=VERDICT_WORDS.get(line.verdict, line.verdict),
        rulings={ruling.value: words for ruling, words in RULING_WORDS.items()},
        reasons={ruling.value: _options(codes) for ruling, codes in REASONS.items()},
        again=_options(REOPEN_REASONS),
        key_facts=KEY_FACTS,
        words=REASON_WORDS,
        refusals={
            ruling.value: as_sentence(why, identity.user)
            for ruling, why in opened.offers.refusals.items()
        },
        **_tokens(desk, identity, line),
    )


def _options(codes: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(code, REASON_WORDS[code]) for code in codes]


def _tokens(desk: Desk, identity: Identity, line: CaseSummary) -> Mapping[str, str]:
    """Return the tokens of the forms; "" where the desk only shows."""
    if desk.office is None:
        return {"token": "", "again_token": ""}
    return {
        "token": desk.token(identity, RULE, line.case, line.version),
        "again_token": desk.token(identity, REOPEN, line.case, line.version),
    }


def _file(desk: Desk, identity: Identity, opened: OpenedCase) -> str:
    """Return the path of the person's file, "" for whom it is not."""
    source, office = opened.dossier.summary.source, desk.office
    if office is None or not opened.dossier.person_id:
        return ""
    may = office.authority.may(identity, Act.SEE_CONSENT, source).allowed
    return f"/person/{opened.dossier.person_id}" if may else ""


def _run(text: str) -> str:
    """Return the id of a run as Dagster makes them, "" for anything else."""
    return text if len(text) == _RUN_LENGTH and set(text) <= _RUN_LETTERS else ""


ROOMS: Final = (
    ("/case/{number}/record", record, ("GET",)),
    ("/case/{number}/rule", rule, ("POST",)),
    ("/case/{number}/reopen", reopen, ("POST",)),
)
"""Path, handler and methods."""
