"""The HR desk as an application: the list of cases, and one case."""

from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from alumni_sync.domain import Identity
from alumni_sync.ports import Clock
from alumni_sync.review.identity import identity_of
from alumni_sync.sections import Proxy
from alumni_sync.sites.desk.service import DeskService
from alumni_sync.sites.endpoints import AccessLine, Visit, route
from alumni_sync.sites.headers import HEALTH_PATH, Address, AtAddress, SecureHeaders
from alumni_sync.sites.languages import all_texts
from alumni_sync.sites.pages import Pages, asset_response

PAGE_SIZE: Final = 50
_LARGEST: Final = 2**31
_WORDS: Final = {
    400: "That could not be read.",
    403: "You may not see this.",
    404: "There is no such case, or it is not one of yours.",
    405: "This page can only be read. A ruling is launched in Dagster or on the command line.",
    500: "Something went wrong on our side. The log says where.",
}


@dataclass(frozen=True, slots=True)
class DeskSite:
    """What the desk is told by the configuration.

    Attributes:
        url: where browsers reach it.
        dagster_url: of the UI, where rulings are launched.
        proxy: who says who somebody is; None: nobody, and every visitor is unverified.
    """

    url: str
    company: str
    dagster_url: str
    proxy: Proxy | None


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts that the desk's handlers are built from."""

    site: DeskSite
    service: DeskService
    pages: Pages
    clock: Clock

    def came_around(self, identity: Identity) -> bool:
        """Say whether there is a proxy that this visitor did not come through."""
        return self.site.proxy is not None and not identity.verified

    def visitor(self, request: Request) -> Identity:
        """Return who is looking.

        Raises:
            HTTPException: 403, nobody may look whom the desk does not know: behind a proxy that is
                whoever came around it.
        """
        identity = identity_of(request.headers.get, self.site.proxy)
        if self.came_around(identity) or not self.service.may_open(identity):
            raise HTTPException(403)
        return identity

    def page(
        self, template: str, identity: Identity, status_code: int = 200, **values: object
    ) -> Response:
        """Return a page of the desk."""
        return self.pages.render(
            template,
            all_texts()["en"],
            status_code,
            identity=identity,
            now=self.clock.now(),
            **values,
        )


def desk_app(site: DeskSite, service: DeskService, clock: Clock) -> ASGIApp:
    """Return the application; nothing is opened or read until a request comes."""
    address = Address.of(site.url)
    pages = Pages(address, ("en",), company=site.company, dagster_url=site.dagster_url)
    desk = Desk(site, service, pages, clock)
    application = Starlette(
        routes=[
            route("/", partial(queue, desk), "GET"),
            route("/case/{number}", partial(case, desk), "GET"),
            route(HEALTH_PATH, lambda _: PlainTextResponse("ok\n"), "GET"),
            route("/style.css", lambda _: asset_response("style.css"), "GET"),
            route("/mark.svg", lambda _: asset_response("mark.svg"), "GET"),
        ],
        exception_handlers={HTTPException: partial(_failed, desk)},
    )
    application.router.redirect_slashes = False  # its redirects are made from the Host header
    return SecureHeaders(AtAddress(AccessLine(application, "desk"), address), https=address.https)


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
    return desk.page("desk/case.html", identity, opened=opened)


def _position(text: str) -> int:
    return min(int(text), _LARGEST) if text.isascii() and text.isdecimal() else 0


async def _failed(desk: Desk, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    identity = identity_of(request.headers.get, desk.site.proxy)
    response = desk.page(
        "desk/failed.html",
        identity,
        status,
        status=status,
        words=_WORDS.get(status, _WORDS[400]),
        around=status == HTTPStatus.FORBIDDEN
        and desk.site.proxy is not None
        and not identity.verified,
    )
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
