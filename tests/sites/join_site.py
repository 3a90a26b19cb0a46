"""The join page over a real ledger, and what a visitor does on it."""

from urllib.parse import urlsplit

from alumni_sync.consent.joining.join_requests import companies
from alumni_sync.sites.consent.app import ConsentSite, consent_app
from alumni_sync.sites.consent.ledger_services import ledger_services
from tests.consent.joins import EMAIL
from tests.consent.world import World
from tests.sites.browser import Browser, PageForm, Response

Fields = list[tuple[str, str]]


class JoinSite:
    """A company with its site and strangers."""

    def __init__(self, world: World, origin: str = "") -> None:
        """Serve the world's deployment."""
        self.world = world
        self.woken: list[str] = []
        self.origin = origin or world.d.settings.consent.public_url
        self.app = consent_app(
            ConsentSite(self.origin, "Acme", ("en", "pl", "de", "ru"), ()),
            ledger_services(world.d),
            hashes=world.d.ledger.hashes,
            clock=world.clock,
            wake=lambda: self.woken.append("wake"),
        )

    def browser(self, client: str = "203.0.113.7") -> Browser:
        """Return a new visitor."""
        return Browser(self.app, self.origin, client)

    def filled(self, form: PageForm, act: str = "ask", **changed: str) -> Fields:
        """Return what a person would send."""
        usual = {
            "name": "Zofia Jaworowska",
            "since": "2019",
            "until": "2026",
            "number": "",
            "email": EMAIL,
            "company": companies(self.world.d)[0].key,
            "language": "en",
        }
        return [
            *form.hidden.items(),
            *{**usual, **changed}.items(),
            *([("act", act)] if act else []),
        ]

    def ask(self, browser: Browser, **changed: str) -> Response:
        """Open the page and submit it."""
        form = browser.get("/join").forms[0]
        return browser.post(form.action, self.filled(form, **changed))

    def mailed(self, browser: Browser | None = None) -> Response:
        """Open the link of the newest mail."""
        path = urlsplit(self.world.mails[-1].link("/j/")).path
        return (browser or self.browser()).follow(path)
