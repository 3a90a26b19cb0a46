"""A small world in which every invariant holds, made row by row, to plant violations in.

Five people: one is a member, one withdrew and is being removed, one was dismissed and waits for a
ruling, one was refused for good and purged, one is invited and silent.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from alumni_sync.domain import ConsentState
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import PlatformWrite, Run, Spell, Tombstone, Watermark, t
from alumni_sync.ports import MemberRef, PluginContext, Profile, Removal
from connectors.platforms.directory import DirectoryPlatform
from connectors.platforms.directory.platform import DirectorySettings
from tests.invariants.violation import Violation
from tests.invariants.world import World, look
from tests.raw_rows import PLATFORM, RawLedger, Who

ASKED = datetime(2026, 10, 29, 17, 10, tzinfo=UTC)
NOW = ASKED + timedelta(hours=5)
MASTER = bytes(range(32))
SQLITE = ("sqlite:///var/ledger.db", "sqlite:///var/keys.db")
CONFIG = """
company: {name: Acme, domains: [acme.example], languages: [en]}
ledger: {url: "sqlite:///var/ledger.db"}
keys: {store: "sqlite:///var/keys.db"}
sources: {}
mail: {connector: file, directory: var/outbox}
platform: {connector: directory, path: var/community.db}
"""
CANARIES = {"name": ["Świętosława Jałoweńczak"], "address": ["swietoslawa@poczta.example"]}


@dataclass
class SoundWorld:
    """The world and its people; a test changes one thing and looks again."""

    root: Path
    ledger: Ledger
    raw: RawLedger
    platform: DirectoryPlatform
    member: Who
    withdrew: Who
    dismissed: Who
    silent: Who
    purged: Who

    def look(self, now: datetime = NOW) -> World:
        """Return the world as the checker sees it."""
        return look(self.root / "alumni_sync.yaml", now, canaries=CANARIES)

    def sql(self, statement: str, *values: object) -> None:
        """Change the ledger behind everybody's back."""
        with closing(sqlite3.connect(self.root / "var/ledger.db")) as connection, connection:
            connection.execute(statement, values)

    def mail(self, who: Who, to: str, *, name: str = "1", sent: datetime = ASKED) -> None:
        """Deliver the invitation of somebody."""
        message = EmailMessage()
        message["To"] = to
        message["From"] = "alumni@acme.example"
        message["Date"] = format_datetime(sent)
        message["Message-ID"] = f"<{who.invitation}@acme.example>"
        message.set_content("Read and decide: http://127.0.0.1:8400/c/" + "t" * 43)
        path = self.root / "var/outbox" / f"{who.invitation}-{name}.eml"
        path.write_bytes(message.as_bytes())


def build(root: Path, urls: tuple[str, str] = SQLITE) -> SoundWorld:
    """Make the world below `root`; `urls` are those of ledger and key store."""
    (root / "var/outbox").mkdir(parents=True)
    text = CONFIG.replace(SQLITE[0], urls[0]).replace(SQLITE[1], urls[1])
    (root / "alumni_sync.yaml").write_text(text, encoding="utf-8")
    urls = tuple(url.replace("sqlite:///var", f"sqlite:///{root}/var") for url in urls)  # type: ignore[assignment]  # two stay two
    ledger = Ledger.open(*urls, MASTER)
    raw = RawLedger(ledger, ASKED)
    context = PluginContext(
        PLATFORM, str(root), ZoneInfo("UTC"), lambda purpose, content: f"{purpose}{hash(content)}"
    )
    settings = DirectorySettings(path="var/community.db")
    platform = DirectoryPlatform(settings, context)
    member = raw.member(raw.invite(raw.leaver(), ConsentState.GIVEN), seq=2)
    withdrew = raw.member(
        raw.invite(raw.leaver(), ConsentState.GIVEN, ConsentState.WITHDRAWN),
        seq=4,
        state="removing",
        cause="consent:5",
    )
    dismissed = raw.leaver(verdict="excluded")
    raw.case(dismissed, number=1, two_person=True)
    world = SoundWorld(
        root=root,
        ledger=ledger,
        raw=raw,
        platform=platform,
        member=member,
        withdrew=withdrew,
        dismissed=dismissed,
        silent=raw.invite(raw.leaver()),
        purged=raw.invite(raw.leaver(), ConsentState.REFUSED),
    )
    _outside(world)
    _afterwards(world)
    return world


def _outside(world: SoundWorld) -> None:
    profiles = [
        Profile(who.alumni, "Świętosława Jałoweńczak", "swietoslawa@poczta.example")
        for who in (world.member, world.withdrew)
    ]
    list(world.platform.upsert(profiles))
    refs = [MemberRef(world.withdrew.alumni, "", visible=True)]
    list(world.platform.remove(refs, Removal.HIDE))
    for who in (world.member, world.withdrew, world.silent, world.purged):
        world.mail(who, f"{who.person.lower()}@poczta.example")


def _afterwards(world: SoundWorld) -> None:
    spells = t(Spell)
    purged = spells.c.id == world.purged.spell
    with world.ledger.read() as connection:
        buried = connection.execute(spells.select().where(purged)).one()
    counts = {"read": 7, "new": 5, "changed": 0, "unchanged": 0, "not_leavers": 1, "rejected": 1}
    world.raw.add(
        PlatformWrite(
            platform=PLATFORM,
            person_id=world.withdrew.person,
            alumni_id=world.withdrew.alumni,
            verb="hide",
            claimed_at=NOW,
            confirmed_at=NOW,
            outcome="done",
            cause="consent:5",
        ),
        Tombstone(
            spell_hash=buried.spell_hash,
            source="acme-pl",
            person_hash="h",
            outcome="refused",
            revision="r",
            facts_hash=buried.facts_hash,
            created_at=ASKED + timedelta(hours=3),
        ),
        Run(id="R-1", flow="intake", started_at=ASKED, status="done", counts=counts),
        Run(id="R-9", flow="intake", started_at=NOW, status="stopped", counts={}),
        Watermark(source="acme-pl", since=ASKED, basis="b", rows=7, run_id="R-1"),
    )
    with world.ledger.write() as connection:
        connection.execute(spells.update().where(purged).values(sealed=None))


def words(violations: list[Violation]) -> set[str]:
    """Return the names of the invariants that are broken."""
    return {violation.invariant for violation in violations}


def everything(world: SoundWorld) -> int:
    """Return how many rows the ledger has, so that an empty world is not taken for a sound one."""
    with world.ledger.read() as connection:
        return len(connection.execute(t(PlatformWrite).select()).fetchall())
