"""Signed checkpoints of the consent chain in a second place: who vouches for its end.

A chain alone cannot know that its last rows are gone, or that everybody's rows were written anew
with hashes that fit. So number and hash of the last event are signed (Ed25519, a key derived from
the deployment's) and appended to a file that should lie where who can write the ledger cannot.

A line is RFC 8785 JSON and names the SHA-256 of the line before, so none can be taken out or
swapped. `key` is the public key that signed it; a `rotated` line names the next one, which signs it
as well, and the last must be this deployment's. A `recovered` line says that the ledger was
restored from a backup: what was vouched for beyond it is gone, and everybody can see that it is.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import delete, select

from alumni_sync.errors import ConfigError, LedgerError
from alumni_sync.ledger.chain import GENESIS, ChainReport, edited_blobs, head, verify
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.mail_tables import Checkpoint
from alumni_sync.ledger.recovery import Recovery, recoveries
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import ConsentEvent, t
from alumni_sync.ledger.upsert import insert_ignore

_PURPOSE: Final = "checkpoint"
_EVENTS: Final = t(ConsentEvent)
_KEPT: Final = t(Checkpoint)


class Kind(StrEnum):
    """What a line says."""

    CHECKPOINT = "checkpoint"
    RECOVERED = "recovered"
    ROTATED = "rotated"


@dataclass(frozen=True, slots=True)
class Line:
    """One signed line.

    Attributes:
        seq: number of the chain's last event, 0 for an empty one.
        head: its hash.
        at: when, ISO 8601 with offset.
        previous: SHA-256 of the line before; zeros for the first.
        key: public key that signed it, hex.
        next_key: of a `rotated` line, the public key that signs from here on.
        accepted: its signature of all but the signatures, so that nobody else can name it.
    """

    kind: Kind
    seq: int
    head: str
    at: str
    previous: str
    key: str
    next_key: str = ""
    accepted: str = ""
    signature: str = ""

    @classmethod
    def read(cls, text: bytes) -> Self:
        """Return a line; raises `ValueError` where it is none of ours."""
        try:
            plain: dict[str, Any] = json.loads(text)
            line = cls(**{**plain, "kind": Kind(plain["kind"])})
            _verify(line.key, line.signature, line.content())
            if line.next_key:
                _verify(line.next_key, line.accepted, line.offered())
        except (KeyError, TypeError, InvalidSignature) as error:
            raise ValueError(type(error).__name__) from None
        return line

    def content(self) -> bytes:
        """Return what is signed."""
        plain = asdict(self)
        del plain["signature"]
        return rfc8785.dumps(plain)

    def offered(self) -> bytes:
        """Return what the next key accepts: whoever has no more than a key cannot name ours."""
        return replace(self, accepted="").content()

    def signed(self, key: Ed25519PrivateKey, next_key: Ed25519PrivateKey | None = None) -> bytes:
        """Return the bytes of the line with its signature, without a line end."""
        accepted = next_key.sign(self.offered()).hex() if next_key else ""
        line = replace(self, accepted=accepted)
        return rfc8785.dumps(asdict(line) | {"signature": key.sign(line.content()).hex()})


def _verify(key: str, signature: str, content: bytes) -> None:
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    public.verify(bytes.fromhex(signature), content)


@dataclass(frozen=True, slots=True)
class CheckpointCounts:
    """What `write_checkpoint` did: 1 where a line was written, 0 where nothing was new."""

    checkpoints: int


@dataclass(frozen=True, slots=True)
class LedgerReport(ChainReport):
    """What was found of the chain and of those who vouch for it.

    Attributes:
        checkpoints: how many signed lines there are; None where no second place is configured.
        vouched: up to which event they vouch for the chain.
        recovered: when the ledger was restored from a backup, and what was lost then.
        copies: how many lines of a copy from outside were looked at; None where none was given.
        explained: how many of these are about events that were lost in a restore.
        edited_texts: hashes of kept texts and forms whose bytes are others now.
    """

    checkpoints: int | None = None
    vouched: int = 0
    recovered: tuple[Recovery, ...] = ()
    copies: int | None = None
    explained: int = 0
    edited_texts: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Say whether nothing at all is wrong."""
        return self.broken_seq is None and not self.edited_texts


def signing_key(hashes: KeyedHashes) -> Ed25519PrivateKey:
    """Return the key that signs this deployment's checkpoints."""
    return Ed25519PrivateKey.from_private_bytes(hashes.seed(_PURPOSE))


def public_key(hashes: KeyedHashes) -> str:
    """Return the public half, hex: with it anybody can check the file."""
    return signing_key(hashes).public_key().public_bytes_raw().hex()


def write_checkpoint(
    ledger: Ledger, path: Path | None, now: datetime, kind: Kind = Kind.CHECKPOINT
) -> CheckpointCounts:
    """Sign the end of the chain into the second place, unless nothing was appended since.

    Args:
        ledger: the ledger.
        path: the file; None (no second place configured) does nothing.
        now: the instant that the line bears; aware.
        kind: `RECOVERED` after a restore, which alone may vouch for less than was vouched for.

    Raises:
        ConfigError: the file cannot be written.
        LedgerError: file or chain is not what was vouched for; nothing is signed over that.
    """
    if path is None:
        return CheckpointCounts(0)
    with ledger.read() as connection:
        seq, last = head(connection)
    line = Line(kind, seq, last, now.isoformat(), GENESIS, public_key(ledger.hashes))
    return append_line(ledger, path, line, signing_key(ledger.hashes))


def signed_lines(ledger: Ledger, path: Path) -> list[tuple[str, str]]:
    """Return (line, its signature) of everything in the second place, oldest first.

    Raises:
        LedgerError: the file was touched.
    """
    whole = _content(path)
    lines = _read(whole, public_key(ledger.hashes))
    return [
        (text.decode("ascii"), line.signature)
        for text, (line, _) in zip(whole.splitlines(), lines, strict=True)
    ]


def last_key(path: Path | None) -> str:
    """Return the public key that signs next, "" where nothing is signed yet.

    Raises:
        LedgerError: the file was touched.
    """
    lines = _read(_content(path)) if path else []
    return lines[-1][0].next_key or lines[-1][0].key if lines else ""


def hand_over(ledger: Ledger, path: Path | None, before: KeyedHashes, now: datetime) -> None:
    """After a rotation: let the former key name the one that signs from here on."""
    ours = public_key(ledger.hashes)
    if path is None or last_key(path) in {"", ours}:
        return
    with ledger.read() as connection:
        seq, last = head(connection)
    moment, key = now.isoformat(), public_key(before)
    line = Line(Kind.ROTATED, seq, last, moment, GENESIS, key, ours)
    append_line(ledger, path, line, signing_key(before), signing_key(ledger.hashes))


def append_line(
    ledger: Ledger,
    path: Path,
    line: Line,
    key: Ed25519PrivateKey,
    next_key: Ed25519PrivateKey | None = None,
) -> CheckpointCounts:
    """Append `line`, signed, after what the file has; as `write_checkpoint`."""
    refuse_lost_lines(ledger, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two writers must not refer to one line
            lines = _read(_whole_lines(file.fileno()), line.key)
            if line.kind is Kind.CHECKPOINT and not _is_new(ledger, lines, line):
                return CheckpointCounts(0)
            previous = lines[-1][1] if lines else GENESIS
            text = replace(line, previous=previous).signed(key, next_key)
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or "cannot be written"
        raise ConfigError.of("ledger.checkpoints", reason, "give it a place") from None
    _keep(ledger, Line.read(text))
    return CheckpointCounts(1)


def _whole_lines(handle: int) -> bytes:
    """Return the file's content; cut off half a line, which a kill or a full disk left behind."""
    content = os.pread(handle, os.fstat(handle).st_size, 0)
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.ftruncate(handle, len(whole))
    return whole


def _is_new(ledger: Ledger, lines: Sequence[tuple[Line, str]], line: Line) -> bool:
    """Say whether there is something to vouch for; refuse over a chain that lost its own."""
    vouched = _standing([old for old, _ in lines])
    if not vouched:
        return bool(line.seq)
    last = max(vouched)
    if hash_of(ledger, last) != vouched[last]:
        raise LedgerError(not_vouched(last))
    return line.seq > last


def _keep(ledger: Ledger, line: Line) -> None:
    """Keep the line's place in the ledger too, so that a file that lost its end is noticed."""
    row = {
        "seq": line.seq,
        "head": line.head,
        "at": datetime.fromisoformat(line.at),
        "signature": line.signature,
    }
    with ledger.write() as connection:
        connection.execute(delete(_KEPT).where(_KEPT.c.seq >= line.seq))
        insert_ignore(connection, _KEPT, [row], key=("seq",))


def check(ledger: Ledger, path: Path | None, copy: Sequence[Line] | None = None) -> LedgerReport:
    """Verify the chain and the texts it names, by themselves and against those who vouch.

    Args:
        ledger: the ledger.
        path: of the second place; None where none is configured.
        copy: lines that came from outside: mailed, posted, printed. They need not be all.
    """
    report = _check_chain(ledger, path)
    if copy is not None and report.broken_seq is None:
        report = _check_copy(ledger, path, report, copy)
    return replace(report, edited_texts=tuple(edited_blobs(ledger)))


def _check_copy(
    ledger: Ledger, path: Path | None, report: LedgerReport, copy: Sequence[Line]
) -> LedgerReport:
    """Compare a sound chain with lines from outside, which a restore may have overtaken.

    Only a restore that was signed, in the second place or in the copy, excuses what differs.
    """
    ours = {public_key(ledger.hashes)}
    for line in sorted(copy, key=lambda line: line.at, reverse=True):
        ours |= {line.key} if line.next_key in ours else set()
    if any(line.key not in ours for line in copy):
        problem = "the copy was not signed by this deployment"
        return replace(report, broken_seq=0, problem=problem, copies=len(copy))
    told = [line for line in [*lines_of(ledger, path), *copy] if line.kind is Kind.RECOVERED]
    signed = {(line.seq, line.head) for line in told}
    restores = [each for each in report.recovered if each.event in signed]
    lost = [line for line in copy if any(each.explains(line.seq, line.at) for each in restores)]
    standing = _standing(sorted((line for line in copy if line not in lost), key=_when))
    return replace(
        report, **asdict(verify(ledger, standing)), copies=len(copy), explained=len(lost)
    )


def _when(line: Line) -> datetime:
    return datetime.fromisoformat(line.at)


def _check_chain(ledger: Ledger, path: Path | None) -> LedgerReport:
    if path is None:
        return LedgerReport(**asdict(verify(ledger)), recovered=_recovered(ledger))
    try:
        read = _read(_content(path), public_key(ledger.hashes))
    except LedgerError as error:
        chain = verify(ledger)
        problem = chain.problem or str(error)
        return LedgerReport(chain.events, chain.head, chain.broken_seq or 0, problem, 0)
    lines = [line for line, _ in read]
    vouched = _standing(lines)
    chain = verify(ledger, vouched)
    if chain.broken_seq is None and not _has_what_we_kept(ledger, lines):
        chain = replace(chain, broken_seq=0, problem="the checkpoints lost their last lines")
    return LedgerReport(
        **asdict(chain),
        checkpoints=len(lines),
        vouched=max(vouched, default=0),
        recovered=_recovered(ledger),
    )


def _recovered(ledger: Ledger) -> tuple[Recovery, ...]:
    """Return the restores that a chain tells of; one that cannot be read has another problem."""
    try:
        return recoveries(ledger)
    except (ValueError, KeyError, TypeError):
        return ()


def vouched_for(ledger: Ledger, path: Path | None) -> Mapping[int, str]:
    """Return number and hash of every event that the second place vouches for now."""
    return _standing(lines_of(ledger, path))


def lines_of(ledger: Ledger, path: Path | None) -> list[Line]:
    """Return the lines of the second place, oldest first; raises `LedgerError` if touched."""
    if path is None:
        return []
    return [line for line, _ in _read(_content(path), public_key(ledger.hashes))]


def _content(path: Path) -> bytes:
    """Return the whole lines of a file; none where there is no file."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def hash_of(ledger: Ledger, seq: int) -> str | None:
    """Return the hash of an event, None where there is no such one."""
    query = select(_EVENTS.c.entry_hash).where(_EVENTS.c.seq == seq)
    with ledger.read() as connection:
        return connection.execute(query).scalar()


def not_vouched(seq: int) -> str:
    """Return what is said of an event that is not the one that was signed."""
    return f"event {seq} is not the one vouched for: alumni-sync ledger verify"


def refuse_lost_lines(ledger: Ledger, path: Path | None) -> None:
    """Refuse a second place that has not every line which the ledger remembers to have signed.

    Its folder may not be mounted, or somebody took it away: then nobody vouches for anything, and
    that is not the same as nobody having vouched yet.

    Raises:
        LedgerError: lines, or all of the file, are gone; what to do about it.
    """
    if path is None or _has_what_we_kept(ledger, [line for line, _ in _read(_content(path))]):
        return
    gone = "lost its last lines" if path.exists() else "is not there any more"
    msg = (
        f"the file of the checkpoints {gone}: put it back ({path}); "
        "where it is lost for good: ledger checkpoint --anew"
    )
    raise LedgerError(msg)


def forget_lost_lines(ledger: Ledger, path: Path) -> int:
    """Forget the lines that the second place has lost for good; return how many there were."""
    known = [line.signature for line in lines_of(ledger, path)]
    with ledger.write() as connection:
        return connection.execute(delete(_KEPT).where(_KEPT.c.signature.not_in(known))).rowcount


def _has_what_we_kept(ledger: Ledger, lines: Sequence[Line]) -> bool:
    """Say whether the file has every line that the ledger remembers to have written."""
    known = {line.signature for line in lines}
    with ledger.read() as connection:
        kept = connection.execute(select(_KEPT.c.signature)).scalars()
        return all(signature in known for signature in kept)


def _standing(lines: Sequence[Line]) -> Mapping[int, str]:
    """Return what is vouched for now: a recovery takes back what came after it."""
    vouched: dict[int, str] = {}
    for line in lines:
        if line.kind is Kind.RECOVERED:
            vouched = {seq: digest for seq, digest in vouched.items() if seq < line.seq}
        if line.kind is not Kind.ROTATED:
            vouched[line.seq] = line.head
    vouched.pop(0, None)
    return vouched


def _read(content: bytes, ours: str = "") -> list[tuple[Line, str]]:
    """Return every line with its SHA-256; raises `LedgerError` that names the first wrong one.

    Args:
        content: of the file, whole lines.
        ours: the public key that must sign next; "" for whichever.
    """
    lines: list[tuple[Line, str]] = []
    previous, key = GENESIS, ""
    for number, text in enumerate(content.splitlines(), 1):
        try:
            line = Line.read(text)
        except ValueError:
            msg = f"line {number} of the checkpoints was edited"
            raise LedgerError(msg) from None
        if line.previous != previous or (key and line.key != key):
            msg = f"line {number} of the checkpoints does not follow the one before"
            raise LedgerError(msg)
        key = line.next_key or line.key
        previous = hashlib.sha256(text).hexdigest()
        lines.append((line, previous))
    if lines and ours and key != ours:
        msg = "the checkpoints were not signed by this deployment"
        raise LedgerError(msg)
    return lines
