"""Taking down at the desk what somebody asks for by mail, phone, letter or in person."""

from typing import Final

from starlette.responses import Response

from alumni_sync.domain import Identity
from alumni_sync.errors import Refused
from alumni_sync.privacy.request_rows import (
    RequestChannel,
    RequestKind,
    list_requests,
    show_request,
)
from alumni_sync.privacy.requests import open_request, plain_words
from alumni_sync.review.people.authority import Act
from alumni_sync.sites.desk.people import opened
from alumni_sync.sites.desk.requests import KINDS
from alumni_sync.sites.desk.shell import Desk
from alumni_sync.sites.desk.words import day
from alumni_sync.sites.endpoints import Visit
from alumni_sync.sites.forms import Form

TAKE_DOWN: Final = "take_down"
_CHANNELS: Final = {
    one.value: one for one in RequestChannel if one is not RequestChannel.PREFERENCES
}


def take_down(desk: Desk, visit: Visit) -> Response:
    """`GET /person/P-…/request`: what somebody asks for by mail, phone, letter or in person."""
    identity = desk.visitor(visit.request, Act.HANDLE_REQUEST)
    person_id = visit.request.path_params["person"]
    if visit.request.method != "POST":
        return _take_down_page(desk, identity, person_id)
    desk.submitted(visit, identity, TAKE_DOWN, person_id)
    form = visit.form
    kind, channel = form.one("kind"), _CHANNELS.get(form.one("channel"))
    received = day(form.one("received_on"))
    problems = []
    if kind not in KINDS:
        problems.append(("kind", "Choose what they ask for."))
    if channel is None:
        problems.append(("channel", "Choose how it came."))
    if received is None:
        problems.append(("received_on", "Write the day on which it reached us."))
    if problems or channel is None or received is None:
        return _take_down_page(desk, identity, person_id, problems, form)
    d = desk.behind.d
    words = plain_words(form.one("words"))
    for known in list_requests(d, identity, person_id=person_id):
        same = (known.kind, known.channel) == (kind, channel.value)
        if same and words in {"", show_request(d, known.number, identity).words}:
            return desk.onward(f"/request/{known.number}")  # a double click, or asked twice
    try:
        number = open_request(
            d,
            kind=RequestKind(kind),
            channel=channel,
            identity=identity,
            person_id=person_id,
            words=words,
            received_on=received,
        )
    except Refused as refused:
        text = str(refused)
        problems = [("received_on", f"{text[:1].upper()}{text[1:]}.")]
        return _take_down_page(desk, identity, person_id, problems, form)
    return desk.onward(f"/request/{number}?done=requested")


def _take_down_page(
    desk: Desk,
    identity: Identity,
    person_id: str,
    problems: list[tuple[str, str]] | None = None,
    entered: Form | None = None,
) -> Response:
    file = opened(desk, identity, person_id)
    return desk.page(
        "desk/take_down.html",
        identity,
        422 if problems else 200,
        file=file,
        kinds=KINDS,
        problems=problems or [],
        entered=entered or Form(),
        token=desk.token(identity, TAKE_DOWN, person_id),
    )


ROOMS: Final = (("/person/{person}/request", take_down, ("GET", "POST")),)
"""Path, handler and methods."""
