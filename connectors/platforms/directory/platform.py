"""The connector of the embedded directory: writes the database, then replaces the page.

Both are written before a result is yielded. The page carries the generation of the data it shows
and is rendered under the database's write lock, so that two processes cannot overtake each other;
a crash between the two is repaired by the next write.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from operator import itemgetter
from pathlib import Path
from sqlite3 import Connection
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

from alumni_sync.errors import ConnectorError, PermanentError
from alumni_sync.ports import (
    Engagement,
    MemberChoice,
    MemberRef,
    PlatformHealth,
    PlatformInfo,
    PluginContext,
    Profile,
    Removal,
    Residue,
    WriteOutcome,
    WriteResult,
    profile_content,
)
from connectors.platforms.directory import store
from connectors.platforms.directory.page import card, page_generation, write_page

_PAGE: Final = 1_000
_BATCH: Final = 10_000  # each batch replaces the page once, which costs as much as it has members


class DirectorySettings(BaseModel):
    """Settings of platform `directory`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(description="The database file; relative to the configuration.")
    page: str = Field(
        default="", description="The HTML page; default: beside the database, ending in .html."
    )
    title: str = Field(default="Alumni community", description="Shown at the head of the page.")


class DirectoryPlatform:
    """Holds members in a SQLite file and shows what they agreed to show on a static page."""

    info: ClassVar[PlatformInfo] = PlatformInfo(
        name="directory",
        vendor="alumni_sync (embedded)",
        docs_url="docs/platforms.md",
        auth="file permissions",
        capabilities={
            "lookup": "alumni_id",
            "update": "replace",
            "visibility": True,
            "purposes": True,
            "segments": True,
            "batch": _BATCH,
            "etag": False,
            "removal": "hide, erase",
            "choices": False,
            "engagement": False,
        },
    )
    Settings: ClassVar[type[BaseModel]] = DirectorySettings

    def __init__(self, settings: DirectorySettings, context: PluginContext) -> None:
        """Keep settings and context; the files are made by the first write."""
        root = Path(context.root)
        self._path = root / settings.path
        self._page = root / settings.page if settings.page else self._path.with_suffix(".html")
        self._title = settings.title
        self._fingerprint = context.fingerprint

    def check(self) -> PlatformHealth:
        """Look at the database and say whether the page is up to date; make nothing by looking."""
        if not self._path.exists():
            place = next(folder for folder in self._path.parents if folder.exists())
            if not place.is_dir() or not os.access(place, os.W_OK):
                return PlatformHealth(ok=False, problems=(f"{place}: it cannot be written to",))
            return PlatformHealth(ok=True, notes=("no data yet: the first write makes it",))
        try:
            with store.session(self._path, "check") as connection:
                current = page_generation(self._page) == store.generation(connection)
        except ConnectorError as error:
            return PlatformHealth(ok=False, problems=(str(error),))
        notes = () if current else ("the page is older than the data; the next write replaces it",)
        return PlatformHealth(ok=True, notes=notes)

    def members(self) -> Iterator[MemberRef]:
        """Yield everybody, with the hash of what is really held."""
        after = 0
        while True:
            with store.session(self._path, "list members") as connection:
                page = store.load(connection, after, _PAGE)
            for row_id, visible, profile in page:
                yield MemberRef(profile.alumni_id, str(row_id), visible, self._hash(profile))
            if len(page) < _PAGE:
                return
            after = page[-1][0]

    def upsert(self, profiles: Sequence[Profile]) -> Iterator[WriteResult]:
        """Write in one transaction, replace the page, read back."""
        hashes, results = self._readable(profiles)
        wanted = {profile.alumni_id: profile for profile in profiles if profile.alumni_id in hashes}
        with store.session(self._path, "write members") as connection:
            with store.writing(connection):
                before = store.known(connection, list(wanted))
                changed = [
                    profile
                    for alumni_id, profile in wanted.items()
                    if before.get(alumni_id, (0, "", False))[1:] != (hashes[alumni_id], True)
                ]
                if changed:
                    entries = [(p, hashes[p.alumni_id], card(p)) for p in changed]
                    there = {alumni_id: found[0] for alumni_id, found in before.items()}
                    store.save(connection, entries, there)
            self._publish(connection, durable=False)
            after = store.known(connection, list(wanted))
        touched = {profile.alumni_id for profile in changed}
        for alumni_id in wanted:
            results.append(_read_back(alumni_id, after, hashes, changed=alumni_id in touched))
        yield from results

    def remove(self, members: Sequence[MemberRef], how: Removal) -> Iterator[WriteResult]:
        """Hide or erase, replace the page; erased values are gone from the file as well."""
        keys = [(member.alumni_id,) for member in members]
        with store.session(self._path, f"{how.value} members") as connection:
            with store.writing(connection):
                statement = (
                    "DELETE FROM member WHERE alumni_id = ?"
                    if how is Removal.ERASE
                    else "UPDATE member SET visible = 0 WHERE alumni_id = ? AND visible"
                )
                if connection.executemany(statement, keys).rowcount:
                    connection.execute("UPDATE state SET generation = generation + 1")
            self._publish(connection, durable=True)
            clean = how is not Removal.ERASE or store.compact(connection)
        for member in members:
            if clean:
                yield WriteResult(member.alumni_id, WriteOutcome.DONE, member.platform_id)
            else:
                yield WriteResult(member.alumni_id, WriteOutcome.RETRY, reason="file-in-use")

    def verify_absent(self, member: MemberRef) -> Residue:
        """Look into the table, then into the bytes of database, log and page."""
        with store.session(self._path, "look for a member") as connection:
            found = store.known(connection, [member.alumni_id]).get(member.alumni_id)
        on_page = store.holds_bytes([self._page], member.alumni_id.encode())
        if on_page or (found and found[2]):
            return Residue.PRESENT
        log = self._path.with_name(self._path.name + "-wal")
        if found or store.holds_bytes([self._path, log], member.alumni_id.encode()):
            return Residue.HIDDEN
        return Residue.ABSENT

    def choices(self, since: datetime) -> Iterator[MemberChoice]:
        """Yield nothing: members change nothing here, their preference centre is the way."""
        del since
        yield from ()

    def engagement(self, since: date) -> Iterator[Engagement]:
        """Refuse: a static page does not count its readers."""
        del since
        raise PermanentError(store.VENDOR, "engagement", "not offered")

    # --- within -----------------------------------------------------------------------------------

    def _hash(self, profile: Profile) -> str:
        return self._fingerprint("profile", profile_content(profile))

    def _readable(self, profiles: Sequence[Profile]) -> tuple[dict[str, str], list[WriteResult]]:
        """Return the content hashes, and a refusal for whoever cannot be written as UTF-8."""
        hashes: dict[str, str] = {}
        refused = []
        for profile in profiles:
            try:
                hashes[profile.alumni_id] = self._hash(profile)
            except (TypeError, UnicodeEncodeError):  # half a surrogate pair: one, not the batch
                refused.append(
                    WriteResult(profile.alumni_id, WriteOutcome.REFUSED, reason="not-text")
                )
        return hashes, refused

    def _publish(self, connection: Connection, *, durable: bool) -> None:
        """Replace the page where it is not of the data's generation, under the write lock."""
        with store.writing(connection):
            now = store.generation(connection)
            if page_generation(self._page) == now:
                return
            count = connection.execute("SELECT count(*) FROM member WHERE visible").fetchone()[0]
            cards = connection.execute(
                "SELECT CAST(card AS BLOB) FROM member WHERE visible ORDER BY sort_key, id"
            )
            write_page(
                self._page,
                self._title,
                map(itemgetter(0), cards),  # text of UTF-8 as it stands: the page is that, too
                count=count,
                generation=now,
                durable=durable,
            )


def _read_back(
    alumni_id: str,
    held: dict[str, tuple[int, str, bool]],
    hashes: dict[str, str],
    *,
    changed: bool,
) -> WriteResult:
    """Return the result of one write from what is in the database afterwards."""
    row_id, content, visible = held.get(alumni_id, (0, "", False))
    if content != hashes[alumni_id] or not visible:
        return WriteResult(alumni_id, WriteOutcome.RETRY, reason="changed-meanwhile")
    outcome = WriteOutcome.DONE if changed else WriteOutcome.UNCHANGED
    return WriteResult(alumni_id, outcome, str(row_id))
