"""One person's file at the desk, with what can be done from there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alumni_sync.domain import Identity
from alumni_sync.errors import LedgerError, Refused
from alumni_sync.privacy.holds import LIFT_REASONS, REASONS, Hold
from alumni_sync.privacy.request_rows import list_requests
from alumni_sync.reporting.person_file import PersonFile, open_file
from alumni_sync.reporting.story import read_story
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.shell import Desk, allowed
from alumni_sync.sites.endpoints import Visit

HOLD: Final = "hold"
RESTRICTION: Final = "restriction"
DONE: Final[Mapping[str, str]] = {
    "held": "The legal hold stands from now on.",
    "lifted": "The legal hold is lifted. What is overdue is let go by the next retention.",
    "withdrawn": "It is taken back. The removal has begun; the person is told by mail.",
    "refused": "It is recorded. Nobody asks again.",
    "unrestricted": "Their data may be used again, as far as their consent goes.",
}
"""What the page says after an act, by the code in its address."""


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
        token=desk.token(identity, HOLD, person_id, hold_version(file.holds)),
        lift_token=desk.token(
            identity, RESTRICTION, person_id, restriction_version(file.restricted_at)
        ),
    )


def hold_version(holds: Sequence[Hold]) -> int:
    """Return how often a hold was set or lifted, which is odd while one stands.

    A form that was opened before is about another hold.
    """
    return sum(1 if hold.lifted_at is None else 2 for hold in holds)


def restriction_version(since: datetime | None) -> int:
    """Return a number for this very restriction, 0 for none."""
    return 0 if since is None else int(since.timestamp() * 1_000_000)


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


ROOMS: Final = (("/person/{person}", person, ("GET",)),)
"""Path, handler and methods."""
