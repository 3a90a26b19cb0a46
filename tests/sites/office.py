"""A company with people, consents and an HR desk behind a proxy: over the real ledger."""

from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import t
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.review.rulings.launching import LedgerLauncher
from alumni_sync.sections import Proxy
from alumni_sync.sites.desk.app import desk_app
from alumni_sync.sites.desk.service import LedgerDesk
from alumni_sync.sites.desk.shell import DeskSite, Office
from alumni_sync.sites.forms import FormTokens
from tests.consent.papers import PEOPLE
from tests.consent.world import RUN, World
from tests.roster import Leaver
from tests.sites.browser import Browser, PageForm, Response

ORIGIN = "http://127.0.0.1:8401"
SECRET = "s3cret-of-the-proxy"
PROXY = {"user_header": "X-Forwarded-User", "secret": SECRET}


class Company:
    """A company whose desk is open."""

    def __init__(self, root: Path, ledger: Ledger, clock: FixedClock, *, proxied: bool = True,
                 url: str = ORIGIN, **changed: Any) -> None:  # fmt: skip  # noqa: ANN401 any section
        """Open it, behind a proxy or on loopback."""
        section = {"proxy": PROXY} if proxied else {}
        self.world = World(root, ledger, clock, people=PEOPLE, **section, **changed)
        self.d, self.woken = self.world.d, list[str]()
        proxy = Proxy(user_header="X-Forwarded-User", secret=SecretStr(SECRET))
        self.app = desk_app(
            DeskSite(url, "Acme", self.d.settings.dagster.url, proxy if proxied else None),
            LedgerDesk(self.d),
            clock,
            Office(
                self.d,
                FormTokens(ledger.hashes, clock),
                lambda: self.woken.append("wake"),
                LedgerLauncher(self.d),
            ),
        )
        self._browser = Browser(self.app, ORIGIN)

    def case(self, **facts: Any) -> Leaver:  # noqa: ANN401 facts
        """Add somebody on whom a person must rule."""
        leaver = self.world.leaver("ruled", exit_kind="misconduct", **facts)
        sync_queue(self.d, run_id=RUN)
        return leaver

    def headers(self, user: str) -> dict[str, str]:
        """Return what the proxy adds to a request of a user."""
        return {"X-Forwarded-User": user, "X-Proxy-Secret": SECRET} if user else {}

    def open(self, path: str, user: str = "dpo") -> Response:
        """Open a page as somebody."""
        named = {name.replace("-", "_"): value for name, value in self.headers(user).items()}
        return self._browser.get(path, **named)

    def send(
        self,
        path: str,
        fields: list[tuple[str, str]],
        user: str = "dpo",
        headers: dict[str, str] | None = None,
    ) -> Response:
        """Submit a form as somebody, from our own page unless `headers` say otherwise."""
        own = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
        sent = {**(own if headers is None else headers), **self.headers(user)}
        return self._browser.post(path, fields, headers=sent)

    def form(self, page: str, action: str = "", user: str = "dpo") -> PageForm:
        """Return the form of a page whose action ends so."""
        found = [one for one in self.open(page, user).forms if one.action.endswith(action or page)]
        assert len(found) == 1, (page, action, [one.action for one in found])
        return found[0]

    def submit(
        self, page: str, *chosen: tuple[str, str], to: str = "", user: str = "dpo", **texts: str
    ) -> Response:
        """Open a page, fill its form in and submit it."""
        form = self.form(page, to, user)
        return self.send(form.action, form.filled(*chosen, **texts), user)

    def log(self) -> list[tuple[str, str, str, str]]:
        """Return (actor, act, person, subject) of every read, oldest first."""
        table = t(AccessLog)
        with self.d.ledger.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.id)).all()
        return [(row.actor, row.act, row.person_id, row.subject) for row in rows]
