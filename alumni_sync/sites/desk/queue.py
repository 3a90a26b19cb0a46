"""The exclusion queue at the desk: the list of cases, and one case."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.domain import Identity
from alumni_sync.review.authority import Act
from alumni_sync.sites.desk.service import OpenedCase
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.endpoints import Visit

PAGE_SIZE: Final = 50
_LARGEST: Final = 2**31


def queue(desk: Desk, visit: Visit) -> Response:
    """`GET /`: the cases, oldest first; those that wait unless `?all=1`."""
    identity = desk.visitor(visit.request)
    query = visit.request.query_params
    everything = query.get("all") == "1"
    found = desk.service.cases(
        identity, waiting=not everything, after=_position(query.get("after", "")), limit=PAGE_SIZE
    )
    return desk.page(
        "desk/queue.html", identity, cases=found.lines, after=found.after, everything=everything
    )


def case(desk: Desk, visit: Visit) -> Response:
    """`GET /case/EX-000123`: the person, the facts, the rules, and where to rule."""
    identity = desk.visitor(visit.request)
    opened = desk.service.case(identity, visit.request.path_params["number"])
    if opened is None:
        raise HTTPException(404)
    return desk.page("desk/case.html", identity, opened=opened, file=_file(desk, identity, opened))


def _file(desk: Desk, identity: Identity, opened: OpenedCase) -> str:
    """Return the path of the person's file, "" for whom it is not."""
    source, office = opened.dossier.summary.source, desk.office
    if office is None or not opened.dossier.person_id:
        return ""
    may = office.authority.may(identity, Act.SEE_CONSENT, source).allowed
    return f"/person/{opened.dossier.person_id}" if may else ""


def _position(text: str) -> int:
    return min(int(text), _LARGEST) if text.isascii() and text.isdecimal() else 0
