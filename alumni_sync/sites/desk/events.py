"""One decision at the desk, exactly as the person saw it, checked while it is shown."""

import json
from collections.abc import Iterator
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.consent.evidence.reproduction import Reproduction, reproduce
from alumni_sync.consent.notices.rendering import notice_html
from alumni_sync.errors import Refused
from alumni_sync.ledger.chain import read_event
from alumni_sync.reporting.story import read_story
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.people import must_exist
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.endpoints import Visit

DIGITS: Final = 18


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


ROOMS: Final = (("/person/{person}/event/{seq}", event, ("GET",)),)
"""Path, handler and methods."""
