"""People at the desk: finding one, one person's file, and one decision exactly as it was seen."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.notices import notice_html
from alumni_sync.consent.reproduction import Reproduction, reproduce
from alumni_sync.domain import Identity
from alumni_sync.errors import LedgerError, Refused
from alumni_sync.ledger.chain import read_event
from alumni_sync.privacy.holds import LIFT_REASONS, REASONS
from alumni_sync.privacy.request_rows import list_requests
from alumni_sync.reporting.person_file import PersonFile, open_file
from alumni_sync.reporting.story import read_story
from alumni_sync.review.access import log_access
from alumni_sync.review.authority import Act
from alumni_sync.review.finding import find_person
from alumni_sync.sites.desk.shell import Desk, allowed
from alumni_sync.sites.endpoints import Visit

FIND: Final = "find"
HOLD: Final = "hold"
RESTRICTION: Final = "restriction"
LONGEST: Final = 320
"""What may be searched for: an e-mail address is no longer."""
DIGITS: Final = 18
DONE: Final[Mapping[str, str]] = {
    "held": "The legal hold stands from now on.",
    "lifted": "The legal hold is lifted. What is overdue is let go by the next retention.",
    "withdrawn": "It is taken back. The removal has begun; the person is told by mail.",
    "refused": "It is recorded. Nobody asks again.",
    "unrestricted": "Their data may be used again, as far as their consent goes.",
}
"""What the page says after an act, by the code in its address."""


def find(desk: Desk, visit: Visit) -> Response:
    """`GET /find`: the question. `POST /find`: whom it means; one person is opened at once."""
    identity = desk.visitor(visit.request, Act.FIND_PERSON)
    if visit.request.method != "POST":
        return _find_page(desk, identity)
    desk.submitted(visit, identity, FIND, FIND)
    asked, source = visit.form.one("asked"), visit.form.one("source")
    if not asked or len(asked) > LONGEST:
        return _find_page(desk, identity, 422, problem="Write what you are looking for.")
    search = find_person(desk.behind.d, identity, asked, source)
    if len(search.found) == 1:
        return desk.onward(f"/person/{search.found[0].person_id}")
    return _find_page(desk, identity, search=search)


def _find_page(
    desk: Desk,
    identity: Identity,
    status: int = 200,
    *,
    search: object = None,
    problem: str = "",
) -> Response:
    return desk.page(
        "desk/find.html",
        identity,
        status,
        search=search,
        problem=problem,
        sources=desk.behind.sources(identity, Act.FIND_PERSON),
        token=desk.token(identity, FIND, FIND),
    )


def person(desk: Desk, visit: Visit) -> Response:
    """`GET /person/P-…`: everything about one person, as far as this visitor may see it."""
    identity = desk.visitor(visit.request, Act.SEE_CONSENT)
    return person_page(desk, identity, visit.request.path_params["person"],
                       done=visit.request.query_params.get("done", ""))  # fmt: skip


def person_page(  # noqa: D417 the shell and the visitor are everywhere the same
    desk: Desk,
    identity: Identity,
    person_id: str,
    *,
    status: int = 200,
    done: str = "",
    problems: tuple[tuple[str, str], ...] = (),
    typed: Mapping[str, str] | None = None,
) -> Response:
    """Return the page of a person.

    Args:
        person_id: whose.
        status: of the response.
        done: code of what was just done.
        problems: of a form on it: (id of the control, text).
        typed: what was typed into that form.

    Raises:
        HTTPException: 404, there is none whom this visitor may see.
    """
    d = desk.behind.d
    file = opened(desk, identity, person_id)
    may = allowed(
        desk, identity, Act.LEGAL_HOLD, Act.RECORD_WITHDRAWAL, Act.RECORD_CONSENT,
        Act.SEE_REQUEST, Act.HANDLE_REQUEST, Act.SEE_CASE, source=file.source,
    )  # fmt: skip
    return desk.page(
        "desk/person.html",
        identity,
        status,
        file=file,
        may=may,
        requests=list_requests(d, identity, waiting=False, person_id=person_id)
        if may["SEE_REQUEST"]
        else [],
        done=DONE.get(done, ""),
        problems=problems,
        typed=typed or {},
        reasons=LIFT_REASONS if file.held else REASONS,
        token=desk.token(identity, HOLD, person_id, int(file.held)),
        lift_token=desk.token(identity, RESTRICTION, person_id),
    )


def opened(desk: Desk, identity: Identity, person_id: str) -> PersonFile:
    """Return a person's file, written down as read; whom this visitor may not see does not exist.

    Raises:
        HTTPException: 404.
        LedgerError: the read could not be written down, and nothing is shown.
    """
    must_exist(desk, person_id)
    try:
        return open_file(desk.behind.d, person_id, identity)
    except Refused:
        raise HTTPException(404) from None


def must_exist(desk: Desk, person_id: str) -> None:
    """Raise a 404 where there is no such person."""
    try:
        read_story(desk.behind.d, person_id)
    except LedgerError:
        raise HTTPException(404) from None


def event(desk: Desk, visit: Visit) -> Response:
    """`GET /person/P-…/event/12`: one decision, its exact text and form, checked as shown."""
    identity = desk.visitor(visit.request, Act.SEE_CONSENT)
    person_id, number = (visit.request.path_params[name] for name in ("person", "seq"))
    if not (number.isascii() and number.isdecimal() and len(number) <= DIGITS):
        raise HTTPException(404)
    must_exist(desk, person_id)
    d = desk.behind.d
    source = read_story(d, person_id).person["source"]
    if not desk.behind.authority.may(identity, Act.SEE_CONSENT, source).allowed:
        raise HTTPException(404)
    log_access(d, identity, Act.SEE_CONSENT, person_id, f"event {int(number)}")
    try:
        found = reproduce(d, person_id, int(number))
    except Refused:
        raise HTTPException(404) from None
    body = read_event(found.canonical.encode())
    return desk.page(
        "desk/event.html",
        identity,
        person_id=person_id,
        found=found,
        happened=body,
        evidence=body["body"].get("evidence", {}),
        notice=body["body"].get("notice", {}),
        decision=body["body"].get("decision", {}),
        shown=notice_html(found.text) if found.text else "",
        boxes=list(_boxes(found)),
    )


def _boxes(found: Reproduction) -> Iterator[dict[str, Any]]:
    """Yield the boxes of the form in its order, each with what was ticked."""
    try:
        form = json.loads(found.form or "{}")
    except ValueError:
        return  # named among the problems
    for kind in ("fields", "purposes"):
        for box in form.get(kind, []):
            yield {
                **box,
                "value": found.displayed.get(box["id"], ""),
                "ticked": box["id"] in found.ticked,
                "shown": found.ticked.get(box["id"]),
            }


ROOMS: Final = (
    ("/find", find, ("GET", "POST")),
    ("/person/{person}", person, ("GET",)),
    ("/person/{person}/event/{seq}", event, ("GET",)),
)
"""Path, handler and methods."""
