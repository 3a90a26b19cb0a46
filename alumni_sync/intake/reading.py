"""Reads a source for intake: the first look over everything, and what the guards are told.

Whatever a connector raises that is not ours may quote a row, so it is replaced by its type.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import select, update

from alumni_sync import __version__
from alumni_sync.deployment import Deployment
from alumni_sync.errors import AlumniSyncError, ContractBroken, Unavailable
from alumni_sync.intake.code_watch import CodeWatch
from alumni_sync.intake.drift import DriftLimits
from alumni_sync.intake.guards import Reading
from alumni_sync.intake.identity import SourceIdentity
from alumni_sync.intake.sighting import sight
from alumni_sync.intake.survey import Survey
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Watermark, t
from alumni_sync.ports import HrisConnector, Page, Window

REPEATABLE: Final = "repeatable"
"""Capability of a connector: the same bytes can be read again, and cost nothing."""

_WATERMARK: Final = t(Watermark)


@dataclass(frozen=True, slots=True)
class Source:
    """One source, ready to be read.

    Attributes:
        limits: when an exit code is not trusted any more.
        watermark: of the last good read; None before the first.
    """

    name: str
    connector: HrisConnector
    identity: SourceIdentity
    ledger: Ledger
    limits: DriftLimits
    watermark: Any

    @classmethod
    def of(cls, deployment: Deployment, name: str) -> "Source":
        """Build the connector and look up how far the source was read."""
        connector = deployment.connector(name)
        timezone = deployment.settings.sources[name].timezone
        identity = SourceIdentity(deployment.ledger.hashes, name, timezone)
        with deployment.ledger.read() as connection:
            query = select(_WATERMARK).where(_WATERMARK.c.source == name)
            watermark = connection.execute(query).one_or_none()
        drift = deployment.settings.code_drift
        limits = DriftLimits(drift.factor, drift.least, drift.pause_days)
        return cls(name, connector, identity, deployment.ledger, limits, watermark)

    def pages(self, now: datetime, close: date | None) -> Iterator[Page]:
        """Yield the pages of what is to be read until now."""
        mark = self.watermark
        window = Window(mark.since if mark else None, now, close)
        return harmless_pages(self.name, lambda: self.connector.pull(window, None))

    def full_basis(self, basis: str) -> str:
        """Return the fingerprint of a read with all that decides what it becomes here; "" for "".

        The site's time zone, and the version of this program.
        """
        if not basis:
            return ""
        parts = (basis, str(self.identity.timezone), __version__)
        return self.ledger.hashes.digest("basis", *parts)

    def is_as_before(self, first: Page) -> bool:
        """Say whether the read is, byte for byte, the one that was taken in completely last.

        Then nothing in it can be new: time alone makes nobody a leaver, and begins only rehires.
        """
        mark = self.watermark
        if mark is None or not first.basis or mark.counts is None:
            return False
        same: bool = mark.basis == self.full_basis(first.basis)
        return same

    def forget_basis(self) -> None:
        """Note that the ledger is about to hold something else than the last good read.

        If this one fails half-way and the earlier file comes back, it has to be looked at.
        """
        with self.ledger.write() as connection:
            statement = update(_WATERMARK).where(_WATERMARK.c.source == self.name)
            connection.execute(statement.values(basis=""))

    def reads_twice(self, first: Page) -> bool:
        """Say whether all is looked at before anything is written."""
        return first.full or bool(self.connector.info.capabilities.get(REPEATABLE))


@dataclass(slots=True)
class FirstLook:
    """What the first look over a whole read found, for the guards and for the second look."""

    survey: Survey
    basis: str = ""
    full: bool = False
    declared: int | None = None

    def reading(self, watermark: Any) -> Reading:  # noqa: ANN401 a database row, or None
        """Return what the guards are told."""
        return Reading(
            basis=self.basis,
            full=self.full,
            rows=self.survey.rows,
            declared=self.declared,
            coded=self.survey.coded,
            uncoded=self.survey.uncoded,
            last_rows=watermark.rows if watermark else 0,
            staff=self.survey.staff,
            newly_left=self.survey.newly_left,
        )


def look_at(
    source: Source, pages: Iterator[Page], watch: CodeWatch, each: Callable[[], None]
) -> FirstLook:
    """Look over all pages; `each` is called after every page (to keep the lease)."""
    look = FirstLook(Survey())
    for page in pages:
        with source.ledger.read() as connection:
            sighting = sight(connection, source.identity, page.records)
        watch.look(page.records, sighting)
        look.survey.add(sighting, page.part)
        look.full = page.full
        look.basis = page.basis
        look.declared = page.declared_total if page.declared_total is not None else look.declared
        each()
    return look


def peeked(pages: Iterator[Page]) -> tuple[Page, Iterator[Page]]:
    """Return the first page, and all pages; a read without any page is an empty page."""
    first = next(pages, Page([]))
    return first, chain([first], pages)


def refuse_other(source: Source, page: Page, look: FirstLook) -> None:
    """Raise `Unavailable` where the second read is not of the same bytes as the first."""
    if page.basis != look.basis:
        raise Unavailable(source.name, "read", "the source changed while it was read")


def harmless_pages(source: str, pull: Callable[[], Iterator[Page]]) -> Iterator[Page]:
    """Yield what `pull` gives; raises `ContractBroken` in place of what is no error of ours."""
    kind = ""
    try:
        yield from pull()
    except AlumniSyncError:
        raise
    except Exception as error:  # noqa: BLE001 a plugin may raise anything, with a row in it
        kind = type(error).__name__
    if kind:  # outside the handler, so that nothing can walk back to the row
        raise ContractBroken(source, "read", f"the connector failed: {kind}")
