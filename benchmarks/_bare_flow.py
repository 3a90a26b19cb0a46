"""The bare loop: the same durable work as the flow, with nothing of the product in the way.

Parse, hash, seal with two keys, insert the same rows, one audit row a write, as fast as plain
Python and `sqlite3` do it: executemany, a transaction a page, the same pragmas and ciphers. No
guard, no mapping file, no rules, no second look, no lease, no gate: that is what the ratio
measures.
"""

import csv
import html
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from _company import CODES
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alumni_sync.ledger.hashing import derive_key

PAGE: Final = 5_000
_PRAGMAS: Final = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
_NOW: Final = "2026-11-03 09:00:00.000000"
_REVISION: Final = "0" * 64
_DATES: Final = ("birth_date", "hire_date", "last_working_day", "exit_date", "contact_given_at")
_USED: Final = (
    "exit_kind",
    "record_status",
    "last_working_day",
    "birth_date",
    "location",
    "job_level",
    "hire_date",
    "do_not_consider",
    "exit_date",
)

Record = dict[str, Any]


def intake(folder: Path, master: bytes) -> int:
    """Take in every row of the export, and decide on each; return how many there were."""
    work = _Intake(folder, master)
    with (folder / "leavers.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        while page := list(islice(rows, PAGE)):
            work.take(page)
    work.close()
    return work.count


def recheck(folder: Path, master: bytes) -> int:
    """Parse, hash and compare every row with what is there; return how many differ."""
    hashes = _Hashes(master)
    different = 0
    with (
        closing(_connect(folder / "var" / "ledger.db")) as ledger,
        (folder / "leavers.csv").open(encoding="utf-8", newline="") as file,
    ):
        rows = csv.DictReader(file)
        while page := list(islice(rows, PAGE)):
            found = {}
            for record in map(_parse, page):
                content = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
                spell = hashes("spell", "bulk", record["person_id"], record["spell_id"])
                found[spell] = hashes.of("facts", content)
            marks = ",".join("?" * len(found))
            query = f"SELECT spell_hash, facts_hash FROM spell WHERE spell_hash IN ({marks})"
            known = dict(ledger.execute(query, list(found)))
            different += sum(known.get(spell) != facts for spell, facts in found.items())
    return different


def membership(folder: Path, master: bytes) -> int:
    """Write every member whose grant is on record; return how many there were."""
    work = _Membership(folder, master)
    query = (
        "SELECT id, person_id, spell_id, grant_seq, sealed FROM invitation "
        "WHERE gate_open AND valid_until > ? AND id > ? ORDER BY id LIMIT ?"
    )
    after, count = "", 0
    while page := work.ledger.execute(query, (_NOW, after, PAGE)).fetchall():
        work.write(page)
        after, count = page[-1][0], count + len(page)
    work.publish()
    work.close()
    return count


class _Hashes:
    """Keyed hashes as the ledger has them."""

    def __init__(self, master: bytes) -> None:
        self._key = cache(lambda purpose: derive_key(master, f"hash/{purpose}"))

    def of(self, purpose: str, content: bytes) -> str:
        return blake2b(content, key=self._key(purpose), digest_size=32).hexdigest()

    def __call__(self, purpose: str, *parts: str) -> str:
        return self.of(purpose, "\x1f".join(parts).encode())


class _Intake:
    """Writes leavers, decisions and cases."""

    def __init__(self, folder: Path, master: bytes) -> None:
        self.count = 0
        self._hashes = _Hashes(master)
        self._wrapper = AESGCM(derive_key(master, "wrap"))
        self._ledger = _connect(folder / "var" / "ledger.db")
        self._keys = _connect(folder / "var" / "keys.db")
        self._ends = cache(_end_of_day)

    def take(self, page: Sequence[dict[str, str]]) -> None:
        """Take in one page."""
        keys, people, spells, decisions, cases, events = [], [], [], [], [], []
        for raw in page:
            self.count += 1
            record = _parse(raw)
            content = orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
            person, spell = f"P-{self.count:020x}", f"S-{self.count:020x}"
            profile, evidence = os.urandom(32), os.urandom(32)
            keys.append(
                (
                    person,
                    1,
                    self._wrap(f"{person}|profile", profile),
                    self._wrap(f"{person}|evidence", evidence),
                )
            )
            cipher = AESGCM(profile)
            told = orjson.dumps(
                {"person_id": record["person_id"], "employee_number": record["employee_number"]}
            )
            people.append(
                self._person(person, record, _seal(cipher, f"{person}|person|profile|1", told))
            )
            facts_hash = self._hashes.of("facts", content)
            sealed = _seal(cipher, f"{person}|spell|profile|1", content)
            verdict = "excluded" if record["exit_kind"] == "misconduct" else "eligible"
            spells.append(self._spell(spell, person, record, facts_hash, sealed, verdict))
            said = _said(record, verdict)
            decisions.append(
                (
                    self.count,
                    spell,
                    person,
                    "bulk",
                    verdict,
                    _REVISION,
                    self._hashes.of("facts", said),
                    self._hashes.of("basis", said) if verdict == "excluded" else "",
                    _NOW,
                    "R-bare",
                    _seal(AESGCM(evidence), f"{person}|decision|evidence|1", said),
                )
            )
            if verdict == "excluded":
                cases.append((self.count, spell, person, decisions[-1][7]))
                events.append((self.count, person))
        self._write_keys(keys)
        self._write_page(people, spells, decisions, cases, events)

    def close(self) -> None:
        """Close both databases."""
        self._ledger.close()
        self._keys.close()

    def _wrap(self, name: str, key: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._wrapper.encrypt(nonce, key, name.encode())

    def _person(self, person: str, record: Record, sealed: bytes) -> tuple[Any, ...]:
        hashes, number = self._hashes, record["employee_number"]
        return (
            person,
            "bulk",
            hashes("person", "bulk", record["person_id"]),
            hashes("employee", "bulk", number),
            hashes("number", number),
            hashes("address", record["personal_email"].casefold()),
            _NOW,
            sealed,
        )

    def _spell(
        self,
        spell: str,
        person: str,
        record: Record,
        facts_hash: str,
        sealed: bytes,
        verdict: str,
    ) -> tuple[Any, ...]:
        return (
            spell,
            person,
            "bulk",
            self._hashes("spell", "bulk", record["person_id"], record["spell_id"]),
            facts_hash,
            facts_hash,
            record["hire_date"].isoformat(),
            "left",
            record["last_working_day"].isoformat(),
            self._ends(record["last_working_day"]),
            verdict,
            self.count,
            f"{facts_hash}:{_REVISION}",
            _NOW,
            _NOW,
            sealed,
        )

    def _write_keys(self, keys: Sequence[tuple[Any, ...]]) -> None:
        with _transaction(self._keys):
            self._keys.executemany("INSERT INTO wrapped_key VALUES (?,?,?,?)", keys)

    def _write_page(
        self,
        people: Sequence[tuple[Any, ...]],
        spells: Sequence[tuple[Any, ...]],
        decisions: Sequence[tuple[Any, ...]],
        cases: Sequence[tuple[Any, ...]],
        events: Sequence[tuple[Any, ...]],
    ) -> None:
        with _transaction(self._ledger):
            self._ledger.executemany(
                "INSERT INTO person (id, source, person_hash, employee_hash, number_hash, "
                "address_hash, active_elsewhere, legal_hold, created_at, sealed) "
                "VALUES (?,?,?,?,?,?,0,0,?,?)",
                people,
            )
            self._ledger.executemany(
                "INSERT INTO spell (id, person_id, source, spell_hash, facts_hash, seen_hash, "
                "hired_on, record_status, last_working_day, effective_at, rehire_ends, verdict, "
                "basis, decision_id, judged_facts, revision, first_seen_at, changed_at, sealed) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,0,?,'',?,?,1,?,?,?)",
                spells,
            )
            self._ledger.executemany(
                "INSERT INTO decision (id, spell_id, person_id, source, verdict, revision, "
                "facts_hash, basis, decided_at, run_id, sealed) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                decisions,
            )
            self._ledger.executemany(
                "INSERT INTO exclusion_case (id, spell_id, person_id, source, decision_id, "
                "basis, verdict, status, two_person, version, opened_at, due_at) "
                f"VALUES (?1,?2,?3,'bulk',?1,?4,'excluded','open',1,1,'{_NOW}','{_NOW}')",
                cases,
            )
            self._ledger.executemany(
                "INSERT INTO case_event (case_id, person_id, version, event, at, actor, verified, "
                "reason, run_id, bulk) "
                f"VALUES (?,?,1,'opened','{_NOW}','system',0,'','R-bare',0)",
                events,
            )


class _Membership:
    """Writes members: claim, call, confirm."""

    def __init__(self, folder: Path, master: bytes) -> None:
        self.ledger = _connect(folder / "var" / "ledger.db")
        self._keys = _connect(folder / "var" / "keys.db")
        self._directory = _connect(folder / "var" / "bare-community.db")
        self._page = folder / "var" / "bare-community.html"
        self._hashes = _Hashes(master)
        self._wrapper = AESGCM(derive_key(master, "wrap"))
        self._next = 1

    def write(self, page: Sequence[tuple[Any, ...]]) -> None:
        """Write one page of members."""
        members = [
            self._member(row, keys) for row, keys in zip(page, self._load(page), strict=True)
        ]
        with _transaction(self.ledger):
            self.ledger.executemany(
                "INSERT INTO membership (platform, person_id, spell_id, invitation_id, alumni_id, "
                "state, version, content_hash, grant_seq, claimed_by, claimed_at, cause, attempts, "
                "read_backs, alerted_hours, changed_at) "
                "VALUES ('directory',?,?,?,?,'pending',1,'',?,"
                f"'R-bare','{_NOW}','',0,0,0,'{_NOW}')",
                [m["membership"] for m in members],
            )
            self.ledger.executemany(
                "INSERT INTO platform_write (platform, person_id, alumni_id, verb, claimed_at, "
                "outcome, reason, request_id, content_hash, revision, consent_seq, cause, run_id) "
                f"VALUES ('directory',?,?,'create','{_NOW}','claimed','','',?,'{_REVISION}',?,'',"
                "'R-bare')",
                [m["audit"] for m in members],
            )
        with _transaction(self._directory):
            self._directory.executemany(
                "INSERT INTO member VALUES (?,?,?,?,?,?,1,?,?,?)", [m["row"] for m in members]
            )
            self._directory.executemany(
                "INSERT INTO member_field VALUES (?,?,?,?)",
                [field for m in members for field in m["fields"]],
            )
        with _transaction(self.ledger):
            self.ledger.executemany(
                "UPDATE membership SET state = 'active', version = 2, content_hash = ?, "
                f"claimed_by = NULL, claimed_at = NULL, joined_at = '{_NOW}', sealed = ? "
                "WHERE invitation_id = ?",
                [m["held"] for m in members],
            )
            self.ledger.executemany(
                f"UPDATE platform_write SET outcome = 'done', confirmed_at = '{_NOW}' "
                "WHERE alumni_id = ? AND run_id = 'R-bare' AND outcome = 'claimed'",
                [(m["row"][1],) for m in members],
            )

    def publish(self) -> None:
        """Write the page of everybody."""
        with self._page.open("w", encoding="utf-8") as file:
            for (card,) in self._directory.execute("SELECT card FROM member ORDER BY sort_key"):
                file.write(card)

    def close(self) -> None:
        """Close all databases."""
        for connection in (self.ledger, self._keys, self._directory):
            connection.close()

    def _load(self, page: Sequence[tuple[Any, ...]]) -> Iterator[tuple[bytes, bytes]]:
        subjects = [row[1] for row in page]
        marks = ",".join("?" * len(subjects))
        query = f"SELECT subject, profile, evidence FROM wrapped_key WHERE subject IN ({marks})"
        found = {s: (p, e) for s, p, e in self._keys.execute(query, subjects)}
        for subject in subjects:
            profile, evidence = found[subject]
            yield (
                self._unwrap(subject, "profile", profile),
                self._unwrap(subject, "evidence", evidence),
            )

    def _unwrap(self, subject: str, kind: str, wrapped: bytes) -> bytes:
        return self._wrapper.decrypt(wrapped[:12], wrapped[12:], f"{subject}|{kind}".encode())

    def _member(self, row: tuple[Any, ...], keys: tuple[bytes, bytes]) -> Record:
        invitation, person, spell, seq, sealed = row
        aad = f"{person}|invitation|profile|1".encode()
        said = orjson.loads(AESGCM(keys[0]).decrypt(sealed[1:13], sealed[13:], aad))
        content = self._hashes.of("profile", orjson.dumps(said, option=orjson.OPT_SORT_KEYS))
        number, alumni = self._next, f"A-{self._next:020x}"
        self._next += 1
        shown = "".join(
            f"<div><dt>{name}</dt><dd>{html.escape(value)}</dd></div>"
            for name, (value, to_members) in said["fields"].items()
            if to_members
        )
        card = f'<li id="{alumni}"><h2>{html.escape(said["name"])}</h2><dl>{shown}</dl></li>\n'
        reference = orjson.dumps({"platform_id": str(number)})
        return {
            "membership": (person, spell, invitation, alumni, seq),
            "audit": (person, alumni, content, seq),
            "row": (
                number,
                alumni,
                said["name"],
                said["email"],
                orjson.dumps(said["purposes"]).decode(),
                "[]",
                content,
                said["name"].casefold(),
                card,
            ),
            "fields": [
                (number, name, value, to_members)
                for name, (value, to_members) in said["fields"].items()
            ],
            "held": (
                content,
                _seal(AESGCM(keys[1]), f"{person}|membership|evidence|1", reference),
                invitation,
            ),
        }


def _parse(raw: dict[str, str]) -> Record:
    """Return a row's facts."""
    record: Record = {name: value.strip() or None for name, value in raw.items()}
    for name in _DATES:
        record[name] = date.fromisoformat(record[name])
    record["job_level"] = int(record["job_level"])
    record["exit_kind"] = CODES.get(record["exit_code"], "unknown")
    record["spell_id"] = raw["hire_date"]
    record["country"] = "PL"
    return record


def _said(record: Record, verdict: str) -> bytes:
    """Return a decision's record: what was decided, by which rule, on which facts."""
    rules = ["default-excluded"] if verdict == "excluded" else []
    head = {
        "flags": [],
        "holds": [],
        "on": "2026-11-03",
        "reasons": ["Excluded because the exit kind is misconduct."] if rules else [],
        "revision": _REVISION,
        "rules": rules,
        "topics": [],
        "unknown": [],
        "verdict": verdict,
        "facts": {name: record.get(name) for name in _USED},
    }
    return orjson.dumps(head, option=orjson.OPT_SORT_KEYS)


def _seal(cipher: AESGCM, bound_to: str, plaintext: bytes) -> bytes:
    nonce = os.urandom(12)
    return b"\x01" + nonce + cipher.encrypt(nonce, plaintext, bound_to.encode())


def _end_of_day(day: date) -> str:
    midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo("Europe/Warsaw"))
    return midnight.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


class _transaction:  # noqa: N801 reads as a statement
    """BEGIN IMMEDIATE … COMMIT."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *failure: object) -> None:
        self._connection.execute("ROLLBACK" if failure[0] else "COMMIT")
