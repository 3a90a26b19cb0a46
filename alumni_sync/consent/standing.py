"""Who may be asked, and whose yes may stand, as far as the spell itself goes: SQL conditions.

One place for it, so that planning, delivery, decisions, reactions and the gates of membership can
not come to different answers. Each condition is over `joined()`: spell, person and, where there is
one, the case.

A ruling holds for the decision it was made on and no other: `case.basis` and `spell.basis` agree.
Shrinking the audience never touches a grant: `out_of_scope` bars asking, not staying.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    and_,
    case,
    exists,
    false,
    literal,
    or_,
)

from alumni_sync.domain import CASE_VERDICTS, CaseStatus, RecordStatus, Verdict
from alumni_sync.ledger.tables import Case, Person, Spell, Tombstone, t

SPELL: Final = t(Spell)
PERSON: Final = t(Person)
CASE: Final = t(Case)
_TOMBSTONE: Final = t(Tombstone)


Moment = datetime | BindParameter[datetime]
"""Now, or the parameter that it will be, for a statement that is made once."""


@cache
def joined() -> FromClause:
    """Return spell joined with its person and its case, if it has one."""
    return SPELL.join(PERSON, PERSON.c.id == SPELL.c.person_id).outerjoin(
        CASE, CASE.c.spell_id == SPELL.c.id
    )


def _is_one_of(column: ColumnElement[str], values: Iterable[StrEnum]) -> ColumnElement[bool]:
    """Say the same as IN, which SQLAlchemy writes anew at every execution; pages ask often."""
    return or_(*(column == value.value for value in values))


@cache
def admitted(now: Moment) -> ColumnElement[bool]:
    """Say that a reviewer admitted the person, on the decision that stands now, and still does.

    An admission until a day ends with that day, even before the queue has reopened its case.
    """
    return and_(
        _is_one_of(SPELL.c.verdict, CASE_VERDICTS),
        CASE.c.status == CaseStatus.ADMITTED.value,
        or_(CASE.c.lapses_at.is_(None), CASE.c.lapses_at > now),
        CASE.c.basis == SPELL.c.basis,
    )


@cache
def _upheld() -> ColumnElement[bool]:
    return and_(
        _is_one_of(SPELL.c.verdict, CASE_VERDICTS),
        _is_one_of(CASE.c.status, (CaseStatus.UPHELD, CaseStatus.EXPIRED)),
        CASE.c.basis == SPELL.c.basis,
    )


def _effective(now: Moment) -> ColumnElement[bool]:
    return and_(SPELL.c.effective_at.is_not(None), SPELL.c.effective_at <= now)


def may_be_asked(now: datetime) -> ColumnElement[bool]:
    """Say that the spell is over, in good standing, and nothing speaks against asking."""
    return and_(
        or_(SPELL.c.verdict == Verdict.ELIGIBLE.value, admitted(now)),
        _judged_as_it_is(),
        SPELL.c.record_status == RecordStatus.LEFT.value,
        _effective(now),
        SPELL.c.rehire_on.is_(None),
        SPELL.c.rehire_ends.is_(false()),
        SPELL.c.sealed.is_not(None),
        PERSON.c.active_elsewhere.is_(false()),
        PERSON.c.erased_at.is_(None),
        PERSON.c.restricted_at.is_(None),
        ~exists().where(_TOMBSTONE.c.spell_hash == SPELL.c.spell_hash),
    )


@cache
def _judged_as_it_is() -> ColumnElement[bool]:
    """Say that the verdict was reached on the facts that are there now.

    A crash between intake and eligibility leaves a verdict on facts that have changed since.
    """
    return or_(SPELL.c.judged_facts.is_(None), SPELL.c.judged_facts.startswith(SPELL.c.facts_hash))


ENDINGS: Final = ("erased", "never_contact", "exit_undone", "rehire", "upheld")
PAUSES: Final = ("restricted", "rehire_ahead", "exit_ahead", "case", "verdict")


def obstacle(now: Moment) -> ColumnElement[str]:
    """Return why a yes may not stand now: one of `ENDINGS` (for good), `PAUSES`, or "" if it may.

    `never_contact`: death, or the person asked not to be considered. `exit_undone`: rescinded,
    deleted at the source, or the hire never began. `restricted`: the person wants nothing used for
    now (GDPR Art. 18). `rehire_ahead`: a new job is agreed but has not
    begun. `exit_ahead`: the last working day moved into the future. `case`: nobody has ruled yet on
    what the rules now say. `verdict`: the rules say `held`, or nothing.
    """
    good = _is_one_of(SPELL.c.verdict, (Verdict.ELIGIBLE, Verdict.OUT_OF_SCOPE))
    adverse = _is_one_of(SPELL.c.verdict, CASE_VERDICTS)
    return case(
        (PERSON.c.erased_at.is_not(None), literal("erased")),
        (SPELL.c.verdict == Verdict.NEVER_CONTACT.value, literal("never_contact")),
        (SPELL.c.record_status != RecordStatus.LEFT.value, literal("exit_undone")),
        (SPELL.c.rehire_ends.is_not(false()), literal("rehire")),
        (_upheld(), literal("upheld")),
        (PERSON.c.restricted_at.is_not(None), literal("restricted")),
        (SPELL.c.rehire_on.is_not(None), literal("rehire_ahead")),
        (~_effective(now), literal("exit_ahead")),
        (or_(good, admitted(now)), literal("")),
        (adverse, literal("case")),
        else_=literal("verdict"),
    )
