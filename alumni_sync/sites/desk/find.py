"""Finding a person at the desk: one question, one answer, never a list to leaf through."""

from typing import Final

from starlette.responses import Response

from alumni_sync.domain import Identity
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.finding import find_person
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.endpoints import Visit

FIND: Final = "find"
LONGEST: Final = 320
"""What may be searched for: an e-mail address is no longer."""


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


ROOMS: Final = (("/find", find, ("GET", "POST")),)
"""Path, handler and methods."""
