"""The exclusion queue at the desk: the list of cases, and a ruling on several of them at once."""

import re
from collections.abc import Iterator
from typing import Final

from starlette.responses import Response

from alumni_sync.domain import Identity, Ruling
from alumni_sync.review.people.authority import Act
from alumni_sync.review.queue.inbox import AGES
from alumni_sync.review.rulings.steps import REASONS
from alumni_sync.sites.desk.filters import SHOWS, Wished
from alumni_sync.sites.desk.launched import Seen, Wanted, launch_rulings
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.desk.words import REASON_WORDS, RULING_WORDS, day
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form

PAGE_SIZE: Final = 50
SEVERAL: Final = "several"
_SEEN: Final = re.compile(r"(EX-\d{6,18})\.(\d{1,9})")
"""A ticked case: its number, and the version that the list showed."""
_RULERS: Final = (Act.RULE, Act.CONFIRM)


def queue(desk: Desk, visit: Visit) -> Response:
    """`GET /`: cases by their number, those that wait unless something else is asked for."""
    return _list(desk, visit, desk.visitor(visit.request))


def several(desk: Desk, visit: Visit) -> Response:
    """`POST /several`: one ruling and one reason for every case that was ticked."""
    identity = desk.visitor(visit.request)
    desk.submitted(visit, identity, SEVERAL, SEVERAL, by_anybody=True)
    seen = list(_ticked(visit.form))
    ruling, reason = _chosen(visit.form)
    until = visit.form.one("until")
    problems = []
    if not seen:
        problems.append(("cases", "Tick the cases that you mean."))
    if ruling is None:
        problems.append(("what", "Choose what becomes of them, and why."))
    if until and (day(until) is None or ruling is not Ruling.ADMIT):
        problems.append(("until", "A last day is a date, and only an admission has one."))
    if problems or ruling is None:
        return _list(desk, visit, identity, 422, problems=problems)
    last = day(until) if until else None
    wanted = Wanted(ruling, reason, last, visit.form.one("comment"))
    results = launch_rulings(desk, identity, seen, wanted)
    return desk.page(
        "desk/several.html",
        identity,
        ruling=RULING_WORDS[ruling],
        reason=REASON_WORDS[reason],
        results=[(number, results[number]) for number, _ in seen],
        run=next((one.run_id for one in results.values() if one.run_id), ""),
    )


def _ticked(form: Form) -> Iterator[Seen]:
    """Yield number and version of each ticked case, once, in the order of the page."""
    found = filter(None, map(_SEEN.fullmatch, form.values.get("case", ())))
    yield from {one[1]: int(one[2]) for one in found}.items()


def _chosen(form: Form) -> tuple[Ruling | None, str]:
    """Return the ruling and the reason that were chosen; no ruling where they are none."""
    act, _, reason = form.one("what").partition(":")
    if act not in set(Ruling) or reason not in REASONS[Ruling(act)]:
        return None, ""
    return Ruling(act), reason


def _list(
    desk: Desk,
    visit: Visit,
    identity: Identity,
    status: int = 200,
    *,
    problems: list[tuple[str, str]] | None = None,
) -> Response:
    sources = desk.service.sources(identity)
    wished = Wished.read(visit.request.query_params, sources)
    found = desk.service.cases(identity, wished.filters, after=wished.after, limit=PAGE_SIZE)
    rules = _may_rule(desk, identity)
    return desk.page(
        "desk/queue.html",
        identity,
        status,
        cases=found.cases,
        after=found.after,
        wished=wished,
        shows=SHOWS,
        sources=sources,
        ages=AGES,
        problems=problems or [],
        entered=visit.form,
        ticked={number for number, _ in _ticked(visit.form)},
        choices=[
            (f"{ruling}:{reason}", REASON_WORDS[reason], RULING_WORDS[ruling])
            for ruling, reasons in REASONS.items()
            for reason in reasons
        ],
        token=desk.token(identity, SEVERAL, SEVERAL) if rules else "",
    )


def _may_rule(desk: Desk, identity: Identity) -> bool:
    """Say whether somebody rules on any case at all; for each case it is asked again."""
    if desk.office is None:
        return False
    return any(desk.office.authority.may(identity, act).allowed for act in _RULERS)


ROOMS: Final = (("/several", several, ("POST",)),)
"""Path, handler and methods."""
