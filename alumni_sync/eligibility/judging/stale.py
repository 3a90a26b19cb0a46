"""Which spells must be judged (again): SQL, so that a run without changes costs one scan.

A spell is judged anew when its facts changed, when the rules did, when one of its states did (it
became effective, the person came back, somebody else turned up with the same address, another exit
of the person became adverse), or when the time came at which the verdict may change by itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)

from alumni_sync.domain import CASE_VERDICTS, CaseStatus, RecordStatus, Verdict
from alumni_sync.eligibility.language.fields import (
    ADDRESS_SHARED,
    EMPLOYED_STILL,
    HAS_LEFT,
    NO,
    OTHER_EXIT_ADVERSE,
    RETURNING,
    YES,
)
from alumni_sync.eligibility.revisions.ruleset import ANY_LIST
from alumni_sync.ledger.among import among
from alumni_sync.ledger.tables import Case, Decision, Person, Spell, t

ADVERSE: Final = tuple(verdict.value for verdict in (*CASE_VERDICTS, Verdict.NEVER_CONTACT))

TAKEN_BACK: Final = "taken_back"
"""Not a field: rules look at `record_status` itself; here it only makes the spell stale."""

_LETTERS: Final = {
    HAS_LEFT: "l",
    TAKEN_BACK: "w",
    EMPLOYED_STILL: "e",
    RETURNING: "r",
    ADDRESS_SHARED: "s",
    OTHER_EXIT_ADVERSE: "o",
}

_SPELLS: Final = t(Spell)
_PEOPLE: Final = t(Person)
_NOW: Final = bindparam("now", type_=_SPELLS.c.effective_at.type)


def stale_page(
    connection: Connection,
    source: str,
    mark: str,
    now: datetime,
    *,
    after: str,
    limit: int,
    only_several: bool = False,
) -> Sequence[Row[tuple[object, ...]]]:
    """Return the next spells of `source` to be judged, in the order of their ids.

    Columns: those of the spell and person that judging needs; `marker`, to be kept as
    `judged_facts`, whose last part says which states hold (`states_of`); what the current decision
    says. `mark` is `Ruleset.mark`. `only_several`: only of human beings with several exits, who
    alone can have become stale by a verdict.
    """
    any_list = mark.endswith(f":{ANY_LIST}")
    query, values = _stale(any_list, only_several), _values(source, mark, now)
    return connection.execute(query, {**values, "after": after, "limit": limit}).all()


def any_page(
    connection: Connection,
    source: str,
    mark: str,
    now: datetime,
    *,
    after: str,
    limit: int,
) -> Sequence[Row[tuple[object, ...]]]:
    """Return the next spells of `source` that can be judged, whether they are stale or not.

    Columns: as of `stale_page`; `stale`, whether the current decision is not what would be said
    now; `several`, whether the human being has another exit, so that what is said of one may hang
    on what is said of the other.
    """
    query, values = _any(mark.endswith(f":{ANY_LIST}")), _values(source, mark, now)
    return connection.execute(query, {**values, "after": after, "limit": limit}).all()


def these_spells(
    connection: Connection, source: str, mark: str, now: datetime, ids: Sequence[str]
) -> Sequence[Row[tuple[object, ...]]]:
    """Return some spells of `source` that can be judged; columns as of `stale_page`."""
    values = {**_values(source, mark, now), "among": ids}
    return connection.execute(_these(), values).all()


# --- the statements, each made once: making one takes as long as asking it of a small company -----


@cache
def _stale(any_list: bool, only_several: bool) -> Select[tuple[Any, ...]]:  # noqa: FBT001 states
    marker, stale = _marked(any_list)
    query = _spells_of(marker)
    return _page(query.where(_is_one_of_several(), stale) if only_several else query.where(stale))


@cache
def _any(any_list: bool) -> Select[tuple[Any, ...]]:  # noqa: FBT001 a state
    marker, stale = _marked(any_list)
    columns = stale.label("stale"), _has_another().label("several")
    return _page(_spells_of(marker).add_columns(*columns))


@cache
def _these() -> Select[tuple[Any, ...]]:
    marker, _ = _marked(any_list=False)
    return _spells_of(marker).where(among(_SPELLS.c.id)).order_by(_SPELLS.c.id)


def _page(query: Select[tuple[Any, ...]]) -> Select[tuple[Any, ...]]:
    after = _SPELLS.c.id > bindparam("after")
    return query.where(after).order_by(_SPELLS.c.id).limit(bindparam("limit", type_=Integer()))


def _values(source: str, mark: str, now: datetime) -> dict[str, object]:
    """Return the parameters that all of them have."""
    revision = mark.rpartition(":")[0]
    under_any = f":{revision}:%"
    return {"source": source, "mark": f":{mark}", "under_any": under_any, "now": now}


def _marked(any_list: bool) -> tuple[ColumnElement[str], ColumnElement[bool]]:  # noqa: FBT001 a state
    """Return the marker of a spell as it is now, and whether that is not what was judged."""
    states: ColumnElement[str] = literal(":")
    for state, condition in _states().items():
        states = states + case((condition, literal(_LETTERS[state])), else_=literal(""))
    marker = _SPELLS.c.facts_hash + bindparam("mark", type_=String()) + states
    changed: ColumnElement[bool] = _SPELLS.c.judged_facts != marker
    if any_list:
        under_any = _SPELLS.c.facts_hash + bindparam("under_any", type_=String()) + states
        changed = _SPELLS.c.judged_facts.not_like(under_any)
    stale = or_(
        _SPELLS.c.judged_facts.is_(None),
        changed,
        and_(_SPELLS.c.judge_after.is_not(None), _SPELLS.c.judge_after <= _NOW),
    )
    return marker, stale


def _spells_of(marker: ColumnElement[str]) -> Select[tuple[Any, ...]]:
    """Return the query of all spells of a source that can be judged."""
    decisions = t(Decision)
    return (
        select(
            _SPELLS.c.id,
            _SPELLS.c.person_id,
            _SPELLS.c.facts_hash,
            _SPELLS.c.record_status,
            _SPELLS.c.sealed,
            _PEOPLE.c.person_hash,
            _PEOPLE.c.key_hash,
            _PEOPLE.c.employee_hash,
            marker.label("marker"),
            decisions.c.verdict.label("was_verdict"),
            decisions.c.facts_hash.label("was_facts"),
            decisions.c.revision.label("was_revision"),
            decisions.c.run_id.label("was_run"),
        )
        .join(_PEOPLE, _PEOPLE.c.id == _SPELLS.c.person_id)
        .outerjoin(decisions, decisions.c.id == _SPELLS.c.decision_id)
        .where(
            _SPELLS.c.source == bindparam("source"),
            _SPELLS.c.sealed.is_not(None),
            _PEOPLE.c.erased_at.is_(None),
        )
    )


def states_of(marker: str) -> Mapping[str, str]:
    """Return each state with `yes` or `no`, as the rules look at it."""
    return _states_by_letters(marker.rpartition(":")[2])


@cache
def _states_by_letters(letters: str) -> Mapping[str, str]:
    return {state: YES if letter in letters else NO for state, letter in _LETTERS.items()}


def _states() -> dict[str, ColumnElement[bool]]:
    """Return the condition of each state of a spell."""
    return {
        HAS_LEFT: and_(_SPELLS.c.effective_at.is_not(None), _SPELLS.c.effective_at <= _NOW),
        TAKEN_BACK: _SPELLS.c.record_status != RecordStatus.LEFT.value,
        EMPLOYED_STILL: _PEOPLE.c.active_elsewhere.is_(True),
        RETURNING: or_(_SPELLS.c.rehire_on.is_not(None), _SPELLS.c.rehire_ends.is_(True)),
        ADDRESS_SHARED: _address_is_shared(),
        OTHER_EXIT_ADVERSE: other_exit_is_adverse(),
    }


@cache
def _address_is_shared() -> ColumnElement[bool]:
    """Say that two people have the address; one person at two sources is not two."""
    other = _PEOPLE.alias("other")
    same_human = and_(
        other.c.key_hash.is_not(None),
        _PEOPLE.c.key_hash.is_not(None),
        other.c.key_hash == _PEOPLE.c.key_hash,
    )
    return exists().where(
        other.c.address_hash == _PEOPLE.c.address_hash,
        other.c.id != _PEOPLE.c.id,
        ~same_human,
    )


@cache
def other_exit_is_adverse() -> ColumnElement[bool]:
    """Say that another exit of the same human being keeps them out, and nobody admitted it.

    Whoever left over misconduct does not come back in through an earlier exit in good standing.
    """
    other, person, ruled = _SPELLS.alias("other"), _PEOPLE.alias("other_person"), t(Case)
    admitted = exists().where(
        ruled.c.spell_id == other.c.id,
        ruled.c.status == CaseStatus.ADMITTED.value,
        ruled.c.basis == other.c.basis,
        other.c.verdict.in_([verdict.value for verdict in CASE_VERDICTS]),
    )
    adverse = and_(other.c.id != _SPELLS.c.id, other.c.verdict.in_(ADVERSE), ~admitted)
    here = exists().where(other.c.person_id == _SPELLS.c.person_id, adverse)
    elsewhere = exists().where(
        person.c.key_hash == _PEOPLE.c.key_hash,
        person.c.id != _PEOPLE.c.id,
        other.c.person_id == person.c.id,
        adverse,
    )
    return or_(here, and_(_PEOPLE.c.key_hash.is_not(None), elsewhere))


def _is_one_of_several() -> ColumnElement[bool]:
    """Say the same as `_has_another`, for whoever asks of all: the few are found once, as a set."""
    spell, person = _SPELLS.alias("any_spell"), _PEOPLE.alias("any_person")
    people = select(spell.c.person_id).group_by(spell.c.person_id).having(func.count() > 1)
    keys = (
        select(person.c.key_hash)
        .where(person.c.key_hash.is_not(None))
        .group_by(person.c.key_hash)
        .having(func.count() > 1)
    )
    return or_(_SPELLS.c.person_id.in_(people), _PEOPLE.c.key_hash.in_(keys))


def _has_another() -> ColumnElement[bool]:
    """Say that the ledger has another spell of the same human being."""
    other, person = _SPELLS.alias("another"), _PEOPLE.alias("another_person")
    here = exists().where(other.c.person_id == _SPELLS.c.person_id, other.c.id != _SPELLS.c.id)
    elsewhere = exists().where(
        person.c.key_hash == _PEOPLE.c.key_hash,
        person.c.id != _PEOPLE.c.id,
        other.c.person_id == person.c.id,
    )
    return or_(here, and_(_PEOPLE.c.key_hash.is_not(None), elsewhere))
