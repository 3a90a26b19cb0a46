"""A ledger that was put back from a copy: noticed before anything works with it, and gone on with.

What a restore loses is decided by a person. Here it is found out that there is something to decide,
and told to the chain and the second place once it was.
"""

from datetime import datetime
from pathlib import Path

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.chain import GENESIS, head, verify
from alumni_sync.ledger.checkpoints import (
    Kind,
    LedgerReport,
    Line,
    append_line,
    check,
    hash_of,
    lines_of,
    not_vouched,
    public_key,
    refuse_lost_lines,
    signing_key,
    vouched_for,
    write_checkpoint,
)
from alumni_sync.ledger.recovery import Recovery, append_recovery, recoveries
from alumni_sync.ledger.store import Ledger


def refuse_older(ledger: Ledger, path: Path | None) -> None:
    """Refuse a ledger that does not have what was vouched for: an older copy, put there by hand.

    Whoever was erased since would be served again, and whoever withdrew counted as a member.

    Raises:
        LedgerError: the last event that was vouched for is not there, or the file was touched, or
            it is gone.
    """
    refuse_lost_lines(ledger, path)
    vouched = vouched_for(ledger, path)
    last = max(vouched, default=0)
    if last and hash_of(ledger, last) != vouched[last]:
        raise LedgerError(f"{not_vouched(last)}; after a restore by hand: ledger recover")


def recover(ledger: Ledger, path: Path | None, now: datetime) -> LedgerReport:
    """After a restore, before anything else: let the chain say that what came after it is lost.

    The second place is told as well; where a call was killed in between, the next one only does
    that. Nothing is written where anything else is wrong with the chain: a restore heals no
    forgery.
    """
    if path is not None and (begun := _told_to_nobody(ledger, path)):
        if _is_sound_below(ledger, path, begun.event[0]):
            _tell(ledger, path, begun, now)
        return check(ledger, path)
    report = check(ledger, path)
    end = report.events + 1
    if report.broken_seq not in {None, end} or not _is_sound_below(ledger, path, end):
        return report
    vouched = max(vouched_for(ledger, path), default=0)
    with ledger.write() as connection:
        append_recovery(connection, report.events, vouched, now)
    write_checkpoint(ledger, path, now, Kind.RECOVERED)
    return check(ledger, path)


def _is_sound_below(ledger: Ledger, path: Path | None, seq: int) -> bool:
    """Say whether the chain agrees with everybody who vouches for an event before `seq`."""
    below = {one: digest for one, digest in vouched_for(ledger, path).items() if one < seq}
    return verify(ledger, below).broken_seq is None


def _tell(ledger: Ledger, path: Path, told: Recovery, now: datetime) -> None:
    """Sign into the second place what the chain tells already."""
    key = public_key(ledger.hashes)
    line = Line(Kind.RECOVERED, *told.event, now.isoformat(), GENESIS, key)
    append_line(ledger, path, line, signing_key(ledger.hashes))


def _told_to_nobody(ledger: Ledger, path: Path) -> Recovery | None:
    """Return the restore that the chain tells of and the second place does not; None if none.

    It is the chain's last event, or explains every line that the chain does not agree with. One
    from before there was a second place is none: the chain was whole when that was begun.
    """
    try:
        told = recoveries(ledger)[-1:]
    except (ValueError, KeyError, TypeError):  # an event that cannot be read: `check` names it
        return None
    if not told:
        return None
    (last,) = told
    lines = [line for line in lines_of(ledger, path) if line.seq >= last.event[0]]
    differ = [line for line in lines if hash_of(ledger, line.seq) != line.head]
    if len(differ) < len(lines) or not all(last.explains(each.seq, each.at) for each in differ):
        return None
    with ledger.read() as connection:
        return last if differ or head(connection) == last.event else None
