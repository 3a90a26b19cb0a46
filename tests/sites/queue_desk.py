"""A company with an exclusion queue and a desk over it, in which somebody presses buttons."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from alumni_sync.clock import FixedClock
from alumni_sync.domain import Identity, LaunchResult
from alumni_sync.ledger.store import Ledger
from alumni_sync.review.rulings.launching import LedgerLauncher
from alumni_sync.sections import Proxy
from alumni_sync.sites.desk.app import desk_app
from alumni_sync.sites.desk.service import LedgerDesk
from alumni_sync.sites.desk.shell import DeskSite, Office
from alumni_sync.sites.forms import FormTokens
from alumni_sync.sites.sessions import Session
from tests.review.queue_of import PEOPLE
from tests.review.queue_of import Desk as Queue
from tests.roster import Leaver, Roster
from tests.sites.browser import Browser, Response

ORIGIN = "http://127.0.0.1:8401"
SECRET = "s3cret-of-the-proxy"
PROXY = {"user_header": "X-Forwarded-User", "secret": SECRET}


class Company:
    """A company with an exclusion queue and a desk."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock, *, proxied: bool) -> None:
        """Open it, behind a proxy or on loopback."""
        changed = {"proxy": PROXY} if proxied else {}
        self.queue = Queue(Roster.of(root, ledger, clock, people=PEOPLE, **changed))
        proxy = Proxy(user_header="X-Forwarded-User", secret=SecretStr(SECRET))
        site = DeskSite(
            ORIGIN, "Acme", self.queue.d.settings.dagster.url, proxy if proxied else None
        )
        self.clock, d = clock, self.queue.d
        self.launched: list[tuple[str, str, str]] = []
        office = Office(
            d, FormTokens(ledger.hashes, clock), lambda: self.woken.append("wake"), self
        )
        self.woken: list[str] = []
        self.app = desk_app(site, LedgerDesk(d), clock, office)

    def launch(self, tickets: Sequence[str], reason: str, user: Identity) -> Sequence[LaunchResult]:
        """Rule without Dagster, and remember what was handed over."""
        self.launched += [(ticket, reason, user.user) for ticket in tickets]
        return LedgerLauncher(self.queue.d).launch(tickets, reason, user)

    def leaver(self, exit_kind: str, source: str = "acme-pl") -> Leaver:
        """Add somebody on whom a person must rule."""
        leaver = self.queue.roster.add(source, exit_kind=exit_kind)
        self.queue.round()
        return leaver

    def open(self, path: str, user: str = "") -> Response:
        """Open a page as the proxy would ask for it on behalf of a user."""
        named = {"X_Forwarded_User": user, "X_Proxy_Secret": SECRET} if user else {}
        return Browser(self.app, ORIGIN).get(path, **named)

    def visitor(self) -> Browser:
        """Return a browser without a name."""
        return Browser(self.app, ORIGIN)

    def token(self, leaver: Leaver, user: str) -> str:
        """Return the token of a form as a page would have it that shows somebody too much."""
        subject = self.queue.number(leaver)
        about = {"version": str(self.queue.case(leaver).version)}
        session = Session(f"desk\x1f{user}", "desk", subject, "", 0)
        return FormTokens(self.queue.d.ledger.hashes, self.clock).issue("rule", session, about)

    def send(self, path: str, fields: list[tuple[str, str]], user: str = "") -> Response:
        """Submit a form as the proxy would pass it on."""
        named = {"X-Forwarded-User": user, "X-Proxy-Secret": SECRET} if user else {}
        own = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **named}
        return Browser(self.app, ORIGIN).post(path, fields, headers=own)

    def press(
        self,
        leaver: Leaver,
        button: str,
        reason: str,
        user: str = "",
        *,
        page: Response | None = None,
        **texts: str,
    ) -> Response:
        """Open a case (or take the page that was open), fill a form in and press its button."""
        forms = (page or self.case(leaver, user)).forms
        form = next(one for one in forms if button in {b.get("value") for b in one.buttons})
        chosen = [("reason", reason)] if reason else []
        return self.send(form.action, [*form.filled(*chosen, **texts), ("act", button)], user)

    def status(self, leaver: Leaver) -> str:
        """Return how the case of a leaver stands."""
        status: str = self.queue.case(leaver).status
        return status

    def case(self, leaver: Leaver, user: str = "") -> Response:
        """Open the case of a leaver."""
        return self.open(f"/case/{self.queue.number(leaver)}", user)


def buttons(page: Response) -> list[str | None]:
    """Return what the buttons of a case would rule."""
    return [
        button.get("value")
        for form in page.forms
        for button in form.buttons
        if form.action.endswith("/rule")
    ]
