"""The HR desk as an application: its rooms, each in a module of its own, and its refusals."""

from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from alumni_sync.errors import Refused
from alumni_sync.ports import Clock
from alumni_sync.review.people.identity import identity_of
from alumni_sync.sites.desk import (
    acts,
    case,
    events,
    find,
    holds,
    joins,
    letters,
    papers,
    people,
    queue,
    requests,
    take_down,
)
from alumni_sync.sites.desk.service import DeskService
from alumni_sync.sites.desk.shell import Desk, DeskSite, Office
from alumni_sync.sites.desk.words import as_sentence
from alumni_sync.sites.endpoints import AccessLine, Handler, Visit, route
from alumni_sync.sites.headers import HEALTH_PATH, Address, AtAddress, SecureHeaders
from alumni_sync.sites.pages import Pages, asset_response

_MODULES: Final = (
    queue, case, find, people, events, holds, acts, requests, take_down, papers, joins, letters,
)  # fmt: skip
ROOMS: Final = tuple(room for module in _MODULES for room in module.ROOMS)
"""Path, handler and methods of every room beside the list and the cases to be read."""
_WORDS: Final = {
    400: "That could not be read.",
    403: "You may not see this.",
    404: "There is no such page, or it is not one of yours.",
    405: "This page can only be read.",
    413: "That was more than any form here asks for. Nothing was saved.",
    415: "That was not a form of this desk. Nothing was saved.",
    500: "Something went wrong on our side. The log says where.",
}
_NO_ROLE: Final = "roles are given under `people:` in alumni_sync.yaml; ask whoever keeps that file"
_NOT_TAKEN: Final = "This form cannot be taken. Nothing was saved. Open the page anew."


def desk_app(
    site: DeskSite, service: DeskService, clock: Clock, office: Office | None = None
) -> ASGIApp:
    """Return the application; nothing is opened or read until a request comes.

    Args:
        site: what the configuration says.
        service: the exclusion queue.
        clock: what time it is.
        office: everything else behind the desk; None for a desk with the queue alone.
    """
    address = Address.of(site.url)
    pages = Pages(address, ("en",), company=site.company, dagster_url=site.dagster_url)
    desk = Desk(site, service, pages, clock, office)
    application = Starlette(
        routes=[
            *_rooms(desk),
            route(HEALTH_PATH, lambda _: PlainTextResponse("ok\n"), "GET"),
            route("/style.css", lambda _: asset_response("style.css"), "GET"),
            route("/mark.svg", lambda _: asset_response("mark.svg"), "GET"),
        ],
        exception_handlers={HTTPException: partial(_failed, desk)},
    )
    application.router.redirect_slashes = False  # its redirects are made from the Host header
    return SecureHeaders(AtAddress(AccessLine(application, "desk"), address), https=address.https)


def _rooms(desk: Desk) -> list[Route]:
    found = [
        route("/", partial(queue.queue, desk), "GET"),
        route("/case/{number}", partial(case.case, desk), "GET"),
    ]
    if desk.office is None:
        return found
    return found + [
        route(path, _answering(desk, partial(handler, desk)), *methods)
        for path, handler, methods in ROOMS
    ]


def _answering(desk: Desk, handler: Handler) -> Handler:
    """Turn what a stage refuses into a page that says why; it names nobody."""

    def answer(visit: Visit) -> Response:
        try:
            return handler(visit)
        except Refused as refused:
            identity = identity_of(visit.request.headers.get, desk.site.proxy)
            return desk.page("desk/refused.html", identity, 409, why=str(refused))

    return answer


async def _failed(desk: Desk, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    identity = identity_of(request.headers.get, desk.site.proxy)
    around = status == HTTPStatus.FORBIDDEN and desk.came_around(identity)
    words = _WORDS.get(status, _WORDS[400])
    why = ""
    if status == HTTPStatus.FORBIDDEN and request.method == "POST" and not around:
        words = _NOT_TAKEN
    elif status == HTTPStatus.FORBIDDEN and isinstance(error, HTTPException) and not around:
        why = error.detail if error.detail != HTTPStatus.FORBIDDEN.phrase else _NO_ROLE
    response = desk.page(
        "desk/failed.html",
        identity,
        status,
        status=status,
        words=words,
        around=around,
        why=as_sentence(why, identity.user) if why else "",
    )
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
