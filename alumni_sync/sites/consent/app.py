"""The consent site as an application: which route does what, and what stands around all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import Clock
from alumni_sync.sites.consent import (
    addresses,
    choices,
    decision,
    join,
    links,
    members,
    public,
    records,
    requests,
    resend,
    unsubscribe,
)
from alumni_sync.sites.consent.services import ConsentServices
from alumni_sync.sites.consent.shell import Shell, Stranger
from alumni_sync.sites.endpoints import AccessLine, Handler, Visit, route
from alumni_sync.sites.forms import FormTokens
from alumni_sync.sites.headers import HEALTH_PATH, Address, AtAddress, SecureHeaders
from alumni_sync.sites.languages import all_texts
from alumni_sync.sites.networks import Strangers
from alumni_sync.sites.pages import Pages
from alumni_sync.sites.sessions import Sessions

_Page = Callable[[Shell, Visit], Response]
_ROUTES: Final[tuple[tuple[str, str, _Page], ...]] = (
    ("GET", "/c/{token}", links.open_decision),
    ("GET", "/consent", decision.ask),
    ("POST", "/consent", decision.answer),
    ("GET", "/consent/done", decision.done),
    ("GET", "/receipt", records.receipt_page),
    ("GET", "/receipt.json", records.receipt_file),
    ("GET", "/p/requests", requests.show),
    ("POST", "/p/requests", requests.ask),
    ("POST", "/p/requests/code", requests.prove),
    ("POST", "/p/requests/data", requests.data),
    ("GET", "/p/requests/code", requests.back),
    ("GET", "/p/requests/data", requests.back),
    ("GET", "/p/{token}", links.open_choices),
    ("GET", "/p", choices.show),
    ("POST", "/p/withdraw", choices.withdraw),
    ("POST", "/p/fields", choices.narrow),
    ("POST", "/p/not-before", members.wait),
    ("POST", "/p/anew", members.say_anew),
    ("POST", "/p/pause", members.pause),
    ("POST", "/p/continue", members.end_pause),
    ("POST", "/p/mails", members.let_mails_come),
    ("POST", "/p/email", addresses.change),
    ("GET", "/e/{token}", links.open_proof),
    ("GET", "/e", addresses.ask),
    ("POST", "/e", addresses.prove),
    ("GET", "/resend", resend.ask),
    ("POST", "/resend", resend.resend),
    ("GET", "/join", join.show),
    ("POST", "/join", join.ask),
    ("GET", "/join/sent", join.sent),
    ("GET", "/j/{token}", join.open_join),
    ("GET", "/j", join.question),
    ("POST", "/j", join.answer),
    ("GET", "/u/{token}", links.open_unsubscribe),
    ("POST", "/u/{token}", links.one_click),
    ("GET", "/u", unsubscribe.confirm),
    ("POST", "/u", unsubscribe.stop),
    ("GET", "/n/{id}/{version}/{lang}", public.notice),
    ("GET", "/how-we-decide", public.how_we_decide),
    ("GET", HEALTH_PATH, public.healthy),
    ("GET", "/style.css", public.style),
    ("GET", "/mark.svg", public.mark),
)


@dataclass(frozen=True, slots=True)
class ConsentSite:
    """What the site is told by the configuration.

    Attributes:
        public_url: where browsers reach it.
        company: name of the company, as people know it.
        languages: of the company, best first; pages that belong to nobody are shown in these.
        contacts: (controller, contact) of each source, for those whose link does not work.
    """

    public_url: str
    company: str
    languages: tuple[str, ...]
    contacts: tuple[tuple[str, str], ...]


def consent_app(
    site: ConsentSite,
    services: ConsentServices,
    *,
    hashes: KeyedHashes,
    clock: Clock,
    wake: Callable[[], None],
    beside: Sequence[Route] = (),
) -> ASGIApp:
    """Return the application; nothing is opened or read until a request comes.

    `beside` are routes that are no pages: programs call them, no browser does.
    """
    address = Address.of(site.public_url)
    shell = Shell(
        service=services.consent,
        address=address,
        pages=_pages(site, address, join_open=services.joins is not None),
        sessions=Sessions(hashes, clock, https=address.https),
        tokens=FormTokens(hashes, clock),
        strangers=Strangers(),
        clock=clock,
        wake=wake,
        preferences=services.preferences,
        resending=services.resending,
        requests=services.requests,
        joins=services.joins,
    )
    application = Starlette(
        routes=[*_routes(shell), *beside],
        exception_handlers={HTTPException: partial(_failed, shell)},
    )
    application.router.redirect_slashes = False  # its redirects are made from the Host header
    inner = AtAddress(AccessLine(application, "consent"), address)
    return SecureHeaders(inner, https=address.https)


def _pages(site: ConsentSite, address: Address, *, join_open: bool) -> Pages:
    spoken = tuple(code for code in site.languages if code in all_texts())
    languages = spoken or tuple(all_texts())[:1]
    return Pages(
        address, languages, company=site.company, contacts=site.contacts, join_open=join_open
    )


def _routes(shell: Shell) -> list[Route]:
    """Return one route a path, so that a wrong method is 405 and not 404."""
    by_path: dict[str, dict[str, _Page]] = {}
    for method, path, page in _ROUTES:
        by_path.setdefault(path, {})[method] = page
    return [route(path, _dispatch(shell, pages), *pages) for path, pages in by_path.items()]


def _dispatch(shell: Shell, pages: dict[str, _Page]) -> Handler:
    def handle(visit: Visit) -> Response:
        method = "GET" if visit.request.method == "HEAD" else visit.request.method
        try:
            response = pages[method](shell, visit)
        except Stranger:
            response = public.stranger(shell, shell.texts(visit))
        if visit.request.method == "HEAD" and "set-cookie" in response.headers:
            del response.headers["set-cookie"]  # scanners send HEAD; a visit begins with GET
        return response

    return handle


async def _failed(shell: Shell, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = public.failed(shell, shell.pages.texts_for(request), status)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
