"""The erasure journal: what a restored ledger has to be told before anybody works with it.

A backup is older than some erasures. The key store is not restored with it and knows whose keys
were destroyed: these people are unreadable already; here their gates close as well, so that nobody
who left since is taken for a member. It knows, too, whose data may only be kept, and who is not to
be written to (`suppressed`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select, update

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.among import among
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.put_back import refuse_older
from alumni_sync.ledger.tables import Erasure, Person, Spell, t
from alumni_sync.ledger.upsert import in_chunks
from alumni_sync.membership.forgetting import forget_spells
from alumni_sync.privacy.request_retention import forget_requests
from alumni_sync.privacy.suppressed import note_suppressions, suppress_again

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

_PERSON: Final = t(Person)
_SPELL: Final = t(Spell)
_SAMPLE: Final = 100


def before_work(d: "Deployment") -> None:
    """Do what comes before anything that reaches people: the ledger may be a copy put back.

    Raises:
        LedgerError: a second place says that it is, or the key store is none of this ledger; else
            whoever was erased since is erased again.
    """
    refuse_another_store(d)
    refuse_older(d.ledger, d.settings.ledger.checkpoints)
    replay(d)
    note_suppressions(d)


def refuse_another_store(d: "Deployment") -> None:
    """Refuse a key store that has nobody's key: a folder is not mounted, or a path names another.

    Everybody would be taken for unreadable: nobody's page could even let them leave.

    Raises:
        LedgerError: there are people in the ledger, and no key of any.
    """
    query = select(_SPELL.c.person_id).where(_SPELL.c.sealed.is_not(None)).limit(_SAMPLE)
    with d.ledger.read() as connection:
        people = list(connection.execute(query).scalars())
    store = d.ledger.vault.store
    if people and not store.load(people) and not store.shredded():
        raise LedgerError(
            "the key store has no key of anybody in this ledger: keys.store names another one, or "
            "an empty one; put the right one back (docs/privacy.md, Backups)"
        )


def replay(d: "Deployment", *, restored: bool = False) -> int:
    """Erase again whoever's profile key was destroyed; restrict and suppress whoever is.

    Changes nothing, and writes nothing, where the ledger knows it all: so whatever serves begins
    with it, and a copy that was put back by other means than ours is told as well.

    Args:
        d: the deployment.
        restored: the ledger is the older of the two, so restrictions that the key store does not
            know were lifted since. Otherwise it may be the key store that is an old copy: then
            they stand, because what was used by mistake cannot be taken back.

    Returns:
        How many people were erased again.
    """
    _restrict_again(d, restored=restored)
    suppress_again(d)
    concerned = _unaware_of(d)
    for chunk in in_chunks(concerned):
        _erase_again(d, chunk)
    return len(concerned)


def _unaware_of(d: "Deployment") -> list[str]:
    """Return who is not erased here although their profile key is gone."""
    gone = [
        subject
        for subject, kind in d.ledger.vault.store.shredded()
        if kind == KeyKind.PROFILE and subject.startswith("P-")
    ]
    query = (
        select(_PERSON.c.id)
        .join(_SPELL, _SPELL.c.person_id == _PERSON.c.id)
        .where(among(_PERSON.c.id), _PERSON.c.erased_at.is_(None), _SPELL.c.sealed.is_not(None))
    )
    with d.ledger.read() as connection:
        return list(connection.execute(query.distinct(), {"among": gone}).scalars())


def _erase_again(d: "Deployment", ids: Sequence[str]) -> None:
    now = d.clock.now()
    with d.ledger.write() as connection:
        forgotten = {"erased_at": now, "restricted_at": None}
        connection.execute(update(_PERSON).where(_PERSON.c.id.in_(ids)).values(**forgotten))
        for person_id in ids:
            row = {"person_id": person_id, "reason": "restored", "at": now, "by": "journal"}
            connection.execute(insert(t(Erasure)), row)
            forget_requests(connection, person_id)
        spells = select(_SPELL.c.id).where(_SPELL.c.person_id.in_(ids))
        spell_ids = list(connection.execute(spells).scalars())
    forget_spells(d, spell_ids)


def _restrict_again(d: "Deployment", *, restored: bool) -> None:
    """Restrict whoever the key store says is restricted; after a restore, nobody else."""
    theirs = {"among": d.ledger.vault.store.restricted()}
    known, restricted = among(_PERSON.c.id), _PERSON.c.restricted_at.is_not(None)
    unaware = known & ~restricted & _PERSON.c.erased_at.is_(None)
    changes = [(unaware, d.clock.now()), *([(~known & restricted, None)] if restored else [])]
    for condition, value in changes:
        with d.ledger.read() as connection:
            if not connection.execute(select(_PERSON.c.id).where(condition), theirs).first():
                continue
        with d.ledger.write() as connection:
            changed = update(_PERSON).where(condition).values(restricted_at=value)
            connection.execute(changed, theirs)
