"""The do-not-write list, noted beside the keys: a restored ledger has to be told of it as well.

A backup is older than some objections. Whoever made one would be asked again, and nothing in the
ledger could know. So the list is copied into the key store, which is not restored with the ledger,
and what the ledger does not have is put back before anything reaches people.

A copy follows within seconds of the objection, in `serve`; without it, with the next run. Taken off
there is only what its owner takes back or what nothing justifies any more: `forget_suppressed`,
within the transaction that lifts it.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, RowMapping, select

from alumni_sync.consent.answers.answer import Channel
from alumni_sync.consent.answers.dossier import INVITATION, position_of, select_dossiers
from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Event, step
from alumni_sync.consent.standing import PERSON
from alumni_sync.consent.transitions import ALL_MAIL, Happening, record, suppress
from alumni_sync.domain import Actor, ConsentState
from alumni_sync.ledger.among import among
from alumni_sync.ledger.keystore import Suppressed
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.ledger.upsert import in_chunks, insert_ignore

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_SUPPRESSION: Final = t(Suppression)


def note_suppressions(d: "Deployment") -> int:
    """Note beside the keys what came onto the list since; return how many entries did."""
    noted = d.ledger.vault.store.suppressed()
    with d.ledger.read() as connection:
        listed = [_entry(row) for row in connection.execute(select(_SUPPRESSION)).mappings()]
    new = [one.address_hash for one in listed if noted.get(one.address_hash) != one]
    for chunk in in_chunks(new):
        with d.ledger.write() as connection:  # nobody lifts one between reading and noting it
            these = select(_SUPPRESSION).where(among(_SUPPRESSION.c.address_hash))
            rows = connection.execute(these.with_for_update(read=True), {"among": chunk})
            d.ledger.vault.store.note_suppressed([_entry(row) for row in rows.mappings()])
    return len(new)


def suppress_again(d: "Deployment") -> int:
    """Put onto the list what the key store knows and the ledger does not; return how many.

    Whoever objected themselves is not merely left alone: what the ledger still takes for a
    question or a yes of theirs ends.
    """
    noted = d.ledger.vault.store.suppressed()
    with d.ledger.read() as connection:
        columns = (_SUPPRESSION.c.address_hash, _SUPPRESSION.c.scope)
        listed = {row.address_hash: row.scope for row in connection.execute(select(*columns))}
    lost = [one for one in noted.values() if not _covers(listed.get(one.address_hash), one.scope)]
    for chunk in in_chunks(lost):
        with d.ledger.write() as connection:
            _list(connection, chunk)
            _object_again(d, connection, [one for one in chunk if _is_objection(one)])
    return len(lost)


def _entry(row: RowMapping) -> Suppressed:
    return Suppressed(**row)


def _covers(listed: str | None, scope: str) -> bool:
    """Say whether the list's scope has all of `scope`."""
    return listed is not None and set(scope.split(",")) <= set(listed.split(","))


def _is_objection(one: Suppressed) -> bool:
    """Say whether the person objected, which ends a yes; a complaint about a mail does not."""
    return one.reason == ConsentState.OBJECTED.value and ALL_MAIL in one.scope.split(",")


def _list(connection: Connection, lost: Sequence[Suppressed]) -> None:
    rows: list[Mapping[str, object]] = [one.row() for one in lost]
    insert_ignore(connection, _SUPPRESSION, rows, key=("address_hash",))
    for one in lost:  # of an entry that is narrower here, the scopes are joined
        for scope in one.scope.split(","):
            suppress(connection, one.address_hash, scope, one.reason, one.created_at)


def _object_again(d: "Deployment", connection: Connection, lost: Sequence[Suppressed]) -> None:
    now = d.clock.now()
    theirs = select(PERSON.c.id).where(among(PERSON.c.address_hash))
    query = select_dossiers(now).where(INVITATION.c.person_id.in_(theirs))
    these = {"among": [one.address_hash for one in lost]}
    for row in connection.execute(query.with_for_update(of=INVITATION), these).mappings().all():
        moved = step(position_of(row), Event.OBJECTED, now, Timers())  # waits for no pack
        if moved.taken:
            happening = Happening(
                Event.OBJECTED, Actor.SYSTEM, Channel.SYSTEM, now, reason="restored"
            )
            record(connection, row, moved, happening)
