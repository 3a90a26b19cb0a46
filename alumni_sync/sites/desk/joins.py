"""Requests to join at the desk: who asks to be asked, whom it may be about, match or reject."""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.joining.join_requests import JoinState
from alumni_sync.consent.joining.matching import (
    JoinDetails,
    MatchResult,
    list_joins,
    match_confirmed,
    match_join,
    reject_join,
    show_join,
)
from alumni_sync.domain import ExitKind, Fact, Identity
from alumni_sync.errors import Busy, Refused
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.desk.words import day
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form

JOIN: Final = "join"
LONGEST: Final = 120
_TEXTS: Final = ("person_id", "spell_id", "employee_number", "given_name", "family_name")
_DAYS: Final = ("hire_date", "last_working_day", "birth_date")
_DONE: Final[Mapping[str, str]] = {
    JoinState.MATCHED.value: "It is matched: the person is asked as soon as rules and gates allow.",
    JoinState.QUESTIONED.value: "The person is asked whether their earlier no still holds.",
    JoinState.REJECTED.value: "It is closed: what it said is deleted, and nobody is told.",
}


def joins(desk: Desk, visit: Visit) -> Response:
    """`GET /joins`: who has proven their address and waits for HR, oldest first. Names nobody."""
    identity = desk.visitor(visit.request, Act.MATCH_JOIN)
    lines = list_joins(desk.behind.d, identity)
    done = _DONE.get(visit.request.query_params.get("done", ""), "")
    return desk.page("desk/joins.html", identity, lines=lines, done=done)


def join(desk: Desk, visit: Visit) -> Response:
    """`GET /join/J-…`: what was typed, and whom it may be about. `POST`: look up, match, reject."""
    identity = desk.visitor(visit.request, Act.MATCH_JOIN)
    join_id = visit.request.path_params["join"]
    if visit.request.method != "POST":
        return _page(desk, identity, join_id)
    desk.submitted(visit, identity, JOIN, join_id)
    form = visit.form
    if form.one("act") == "look_up":
        number = form.one("number")
        why = "" if number else "Write the number that you found."
        return _page(desk, identity, join_id, 422 if why else 200, looked_up=number[:LONGEST],
                     why=why)  # fmt: skip
    try:
        result = _act(desk, identity, join_id, form)
    except (Refused, Busy) as refused:
        text = str(refused)
        return _page(desk, identity, join_id, 422, looked_up=form.one("number")[:LONGEST],
                     why=f"{text[:1].upper()}{text[1:]}.", entered=form)  # fmt: skip
    return desk.onward(f"/joins?done={result.state.value}")


def _act(desk: Desk, identity: Identity, join_id: str, form: Form) -> MatchResult:
    """Do what was chosen.

    Raises:
        Refused: it cannot be done, or nothing was chosen; nothing was changed.
        LeaseBusy: a run is reading the source.
    """
    d, act = desk.behind.d, form.one("act")
    if act == "match":
        spell = form.one("spell")
        if not spell:
            raise Refused("choose the employment that it is about")
        return match_join(d, join_id, spell, identity)
    if act == "confirm":
        source = form.one("source")
        return match_confirmed(d, join_id, source, _facts(form), identity, form.one("spell"))
    if act == "reject":
        return reject_join(d, join_id, form.one("reason"), identity)
    raise Refused("choose what to do")


def _facts(form: Form) -> Mapping[str, Fact]:
    """Return what HR confirms of an employment that is not here, by canonical field."""
    facts: dict[str, Fact] = {name: text[:LONGEST] for name in _TEXTS if (text := form.one(name))}
    facts |= {name: found for name in _DAYS if (found := day(form.one(name)))}
    if "last_working_day" in facts:
        facts["exit_date"] = day(form.one("exit_date")) or facts["last_working_day"]
    kind = form.one("exit_kind")
    if kind not in set(ExitKind):
        raise Refused("choose how the employment ended: unknown is an answer, too")
    return {**facts, "exit_kind": kind}


def _page(
    desk: Desk,
    identity: Identity,
    join_id: str,
    status: int = 200,
    *,
    looked_up: str = "",
    why: str = "",
    entered: Form | None = None,
) -> Response:
    try:
        details: JoinDetails = show_join(desk.behind.d, join_id, identity, looked_up)
    except Refused:
        raise HTTPException(404) from None
    may_match = [one for one in details.line.sources if one in _sources(desk, identity)]
    return desk.page(
        "desk/join.html",
        identity,
        status,
        details=details,
        sources=may_match,
        exit_kinds=[kind.value for kind in ExitKind],
        looked_up=looked_up,
        problems=(("act", why),) if why else (),
        entered=entered or Form(),
        token=desk.token(identity, JOIN, join_id),
    )


def _sources(desk: Desk, identity: Identity) -> list[str]:
    return desk.behind.sources(identity, Act.MATCH_JOIN)


ROOMS: Final = (
    ("/joins", joins, ("GET",)),
    ("/join/{join}", join, ("GET", "POST")),
)
"""Path, handler and methods."""
