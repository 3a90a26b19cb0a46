"""The world after a run, read by its own means: tables as raw rows, files as bytes, mails as mails.

Imports no stage of alumni_sync. Whoever checks with the code that is to be checked finds nothing.
"""

import csv
import email.policy
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml
from sqlalchemy import create_engine, inspect, text

Row = Mapping[str, Any]
SQLITE: Final = "sqlite:///"
LINK: Final = re.compile(r"https?://[^\s\"<>]+/(?:c|p|u)/([A-Za-z0-9_-]{20,})")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a platform, as the platform itself holds them.

    Attributes:
        visible: whether other members can see them, by any of the platform's own surfaces.
    """

    alumni_id: str
    visible: bool


@dataclass(frozen=True, slots=True)
class Mail:
    """One delivered mail."""

    path: str
    message_id: str
    to: str
    sent: datetime | None
    tokens: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class World:
    """Everything that a checker looks at.

    Attributes:
        root: the deployment's folder.
        now: the instant at which the run ended, by the deployment's clock.
        ledger: table → rows, as the database gives them.
        keys: tables of the key store, likewise.
        platform: who is on the platform.
        watched: files in which no personal value may stand.
        canaries: label → personal values; a label says whose without saying who.
    """

    root: Path
    now: datetime
    config: Mapping[str, Any]
    ledger: Mapping[str, Sequence[Row]]
    keys: Mapping[str, Sequence[Row]]
    platform: Sequence[Member]
    mails: Sequence[Mail]
    watched: Sequence[Path]
    canaries: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _indexes: dict[tuple[str, str], Mapping[Any, Row]] = field(default_factory=dict, repr=False)

    def rows(self, table: str) -> Sequence[Row]:
        """Return the rows of a ledger table."""
        return self.ledger[table]

    def by(self, table: str, column: str) -> Mapping[Any, Row]:
        """Return the rows of a ledger table by a unique column."""
        if (table, column) not in self._indexes:
            self._indexes[table, column] = {row[column]: row for row in self.ledger[table]}
        return self._indexes[table, column]


def instant(value: Any) -> datetime | None:  # noqa: ANN401 what two databases give for a time
    """Return a stored instant aware; SQLite keeps it as text without a zone."""
    if value is None:
        return None
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def look(
    config: Path,
    now: datetime,
    *,
    platform: Sequence[Member] | None = None,
    canaries: Mapping[str, Sequence[str]] | None = None,
    also_watch: Sequence[Path] = (),
) -> World:
    """Read the world of a deployment.

    Args:
        config: path of its `alumni_sync.yaml`.
        now: the instant by its clock.
        platform: who is on a platform that is not the embedded directory.
        canaries: personal values; None takes every one that stands in the sources' files.
        also_watch: folders or files outside the deployment where nothing personal may stand.
    """
    root = config.resolve().parent
    settings: Mapping[str, Any] = yaml.safe_load(config.read_text("utf-8"))
    allowed = _where_people_stand(root, settings)
    mails = read_mails(root / settings["mail"].get("directory", "var/outbox"))
    if canaries is None:
        canaries = {**source_canaries(root, settings), "link": [t for m in mails for t in m.tokens]}
    members = read_directory(root, settings["platform"]) if platform is None else platform
    files = [*_files(root), *(path for place in also_watch for path in _files(place))]
    return World(
        root=root,
        now=now,
        config=settings,
        ledger=read_tables(_url(root, settings["ledger"]["url"])),
        keys=read_tables(_url(root, settings["keys"]["store"])),
        platform=members,
        mails=mails,
        watched=[path for path in files if not any(_within(path, place) for place in allowed)],
        canaries=canaries,
    )


def read_tables(url: str) -> dict[str, list[Row]]:
    """Return every table of a database; SQLite is opened read-only."""
    if url.startswith(SQLITE):
        path = url.removeprefix(SQLITE)
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return {
                name: [dict(row) for row in connection.execute(_everything(name))]
                for name in (row["name"] for row in names.fetchall())
                if not name.startswith("sqlite_")
            }
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return {
                name: [dict(row) for row in connection.execute(text(_everything(name))).mappings()]
                for name in inspect(engine).get_table_names()
            }
    finally:
        engine.dispose()


def _everything(table: str) -> str:
    return f'SELECT * FROM "{table}"'  # noqa: S608 the database itself named the table


class _Cards(HTMLParser):
    """Collects the ids of the members that a directory page lists."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the id of a card."""
        found = dict(attrs).get("id")
        if tag == "li" and found:
            self.ids.add(found)


def read_directory(root: Path, section: Mapping[str, Any]) -> list[Member]:
    """Return who is in the embedded directory's database or on its page."""
    path = root / section["path"]
    page = root / section["page"] if section.get("page") else path.with_suffix(".html")
    cards = _Cards()
    if page.exists():
        cards.feed(page.read_text("utf-8"))
    held: dict[str, bool] = {}
    if path.exists():
        for row in read_tables(f"{SQLITE}{path}").get("member", ()):
            held[row["alumni_id"]] = bool(row["visible"])
    everybody = sorted(held.keys() | cards.ids)
    return [Member(who, held.get(who, False) or who in cards.ids) for who in everybody]


def read_mails(outbox: Path) -> list[Mail]:
    """Return every mail below a folder, parsed as a mail program would."""
    parser = BytesParser(_class=EmailMessage, policy=email.policy.default)
    mails = []
    for path in sorted(outbox.rglob("*.eml")):
        message = parser.parsebytes(path.read_bytes())
        body = message.get_body(("plain", "html"))
        content = body.get_content() if body is not None else ""
        links = "\n".join((content, str(message.get("List-Unsubscribe", ""))))
        date = message["Date"]
        mails.append(
            Mail(
                path=path.name,
                message_id=str(message["Message-ID"]).strip(),
                to=message["To"].addresses[0].addr_spec,
                sent=date.datetime if date is not None else None,
                tokens=tuple(dict.fromkeys(LINK.findall(links))),
                text=content,
            )
        )
    return mails


PERSONAL_FIELDS: Final = (
    "person_id",
    "personal_email",
    "work_email",
    "phone",
    "birth_date",
)


def source_canaries(root: Path, settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return personal values of every row of the sources' files, by source and kind of value.

    The columns are taken from the mapping files by name, and the cells as they are written.
    """
    found: dict[str, list[str]] = {}
    for source, section in settings["sources"].items():
        if section.get("connector") != "csv":
            continue
        columns = _columns(yaml.safe_load((root / section["mapping"]).read_text("utf-8")))
        for row in _cells(root / section["path"]):
            for name in PERSONAL_FIELDS:
                value = row.get(columns.get(name, ""), "")
                if value:
                    found.setdefault(f"{source} {name}", []).append(value)
            names = [row.get(columns.get(key, ""), "") for key in ("given_name", "family_name")]
            if all(names):
                found.setdefault(f"{source} name", []).extend(
                    (" ".join(names), " ".join(reversed(names)))
                )
    return found


def _columns(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return field → column for the plain fields of a mapping."""
    fields = mapping.get("fields", mapping)
    return {
        name: column if isinstance(column, str) else column.get("column", "")
        for name, column in fields.items()
        if isinstance(column, str | dict)
    }


def _cells(path: Path) -> Iterator[Mapping[str, str]]:
    lines = path.read_text("utf-8-sig").splitlines()
    delimiter = max(";,\t", key=lines[0].count)
    for row in csv.DictReader(lines, delimiter=delimiter):
        yield {key: cell for key, cell in row.items() if key and isinstance(cell, str)}


def _where_people_stand(root: Path, settings: Mapping[str, Any]) -> list[Path]:
    """Return the places that hold people by design: inputs, outbox and platform."""
    sources = [Path(s["path"]) for s in settings["sources"].values() if "path" in s]
    database = root / settings["platform"].get("path", "var/community.db")
    return [
        *(root / path for path in sources),
        *(root / path.parent / "expected.csv" for path in sources),
        root / settings["mail"].get("directory", "var/outbox"),
        database,
        *(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal")),
        database.with_suffix(".html"),
    ]


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(path for path in place.rglob("*") if path.is_file())


def _within(path: Path, place: Path) -> bool:
    return path == place or place in path.parents


def _url(root: Path, url: str) -> str:
    if not url.startswith(SQLITE):
        return url
    path = Path(url.removeprefix(SQLITE))
    return f"{SQLITE}{path if path.is_absolute() else root / path}"


def host_of(address: str) -> str:
    """Return the host of an e-mail address or web address."""
    return address.rpartition("@")[2].lower() if "@" in address else urlsplit(address).netloc
