"""All rows of a read beside each other: what each of them is, whatever the order of the file. Pure.

A survey holds some forty bytes a row, numbers only. Nearly everybody has one row and is settled by
a few array operations; only people with several rows, a rehire or other employments in the ledger
are looked at one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.placing import Employment, Standing, place, works_here
from alumni_sync.intake.sighting import Known, KnownPerson, KnownSpell, Sighting, employment_of

_NUMBERS: Final = ("person", "spell", "facts")
_DAYS: Final = ("hired", "ends", "rehired")
_CODES: Final = ("standing", "rank", "known")


class Outcome(IntEnum):
    """What becomes of a row."""

    SPELL = 0  # its spell is one of the ledger's, or will be
    ASIDE = 1  # not a leaver
    AGAIN = 2  # stands there already, or a later delivery says it anew
    UNUSABLE = 3
    CONFLICT = 4  # contradicts another row about the same employment


@dataclass(frozen=True, slots=True)
class Rehire:
    """What a known spell is to say of an employment that follows it."""

    spell: KnownSpell
    day: int
    begun: bool


@dataclass(slots=True)
class Findings:
    """What a survey found.

    Attributes:
        outcomes: `Outcome` of each row.
        rehired: day of a following employment for each row; 0 if none follows.
        known: `Known` of each row.
        attention: rows that may have to be written.
        rehires: known spells whose rehire is another one than the ledger says.
        active: person id → whether an active employment is known now, where that differs.
    """

    outcomes: NDArray[np.uint8]
    rehired: NDArray[np.int32]
    known: NDArray[np.uint8]
    attention: NDArray[np.bool_]
    rehires: list[Rehire] = field(default_factory=list)
    active: dict[str, bool] = field(default_factory=dict)

    def settled(self) -> IntakeCounts:
        """Return the counts of the rows that need no second look."""
        calm = ~self.attention
        by = {outcome: int((calm & (self.outcomes == outcome)).sum()) for outcome in Outcome}
        return IntakeCounts(
            read=int(calm.sum()),
            unchanged=by[Outcome.SPELL] + by[Outcome.AGAIN],
            not_leavers=by[Outcome.ASIDE],
            rejected=by[Outcome.UNUSABLE] + by[Outcome.CONFLICT],
        )


class Survey:
    """Gathers the sightings of a read, then says what each row is."""

    def __init__(self) -> None:
        """Start empty."""
        self._columns: dict[str, list[NDArray[Any]]] = {}
        self._parts: list[NDArray[Any]] = []
        self.people: dict[int, KnownPerson] = {}
        self.rows = 0
        self.coded = 0
        self.uncoded = 0

    def add(self, sighting: Sighting, part: int) -> None:
        """Append a page."""
        count = len(sighting.person)
        for names, kind in ((_NUMBERS, np.int64), (_DAYS, np.int32), (_CODES, np.uint8)):
            for name in names:
                column = np.array(getattr(sighting, name), dtype=kind)
                self._columns.setdefault(name, []).append(column)
        self._parts.append(np.full(count, part, dtype=np.int32))
        self.people.update(sighting.people)
        self.rows += count
        self.coded += sighting.coded
        self.uncoded += sighting.uncoded

    def find(self, today: int) -> Findings:
        """Say what each row is, as seen on `today` (an ordinal)."""
        return _Judge(self, today).findings()

    def column(self, name: str) -> NDArray[Any]:
        """Return one column over all pages; the pages of it are let go."""
        pages = self._parts if name == "part" else self._columns.pop(name, [])
        return np.concatenate(pages) if pages else np.empty(0, dtype=np.int64)


class _Judge:
    """Settles rows by array where that is enough, person by person where it is not."""

    def __init__(self, survey: Survey, today: int) -> None:
        self._people = survey.people
        self._today = today
        self._person = survey.column("person")
        self._spell = survey.column("spell")
        self._facts = survey.column("facts")
        self._standing = survey.column("standing")
        self._hired = survey.column("hired")
        self._ends = survey.column("ends")
        self._rank = survey.column("rank")
        self._rehired = survey.column("rehired")
        self._known = survey.column("known")
        self._part = survey.column("part")

    def findings(self) -> Findings:
        standing, known = self._standing, self._known
        exits = (standing == Standing.LEFT) | (standing == Standing.RESCINDED)
        was_there = (known != Known.NOT) & (standing != Standing.ACTIVE)
        outcomes = np.full(len(standing), Outcome.ASIDE, dtype=np.uint8)
        outcomes[exits | was_there] = Outcome.SPELL
        outcomes[standing == Standing.UNUSABLE] = Outcome.UNUSABLE
        found = Findings(
            outcomes,
            rehired=np.zeros(len(standing), dtype=np.int32),
            known=known.astype(np.uint8),
            attention=np.zeros(len(standing), dtype=np.bool_),
        )
        for rows in self._people_to_look_at():
            self._look_at(rows, found)
        self._mark(found)
        return found

    def _people_to_look_at(self) -> Iterator[Sequence[int]]:
        """Yield the rows of each person whom arrays do not settle."""
        order = np.argsort(self._person, kind="stable")
        order = order[self._standing[order] != Standing.UNUSABLE]
        if not len(order):
            return
        people = self._person[order]
        starts = np.flatnonzero(np.r_[True, people[1:] != people[:-1]])
        ends = np.r_[starts[1:], len(people)]
        several = ends - starts > 1
        rehired = self._rehired[order[starts]] != 0
        remembered = np.isin(people[starts], np.fromiter(self._people, dtype=np.int64))
        for group in np.flatnonzero(several | rehired | remembered):
            yield order[starts[group] : ends[group]].tolist()

    def _look_at(self, rows: Sequence[int], found: Findings) -> None:
        """Settle one person: repeats and contradictions first, then who follows whom."""
        kept: dict[int, int] = {}
        employments: list[Employment] = []
        for spell in dict.fromkeys(int(self._spell[row]) for row in rows):
            mine = [row for row in rows if self._spell[row] == spell]
            latest = max(self._part[row] for row in mine)
            current = [row for row in mine if self._part[row] == latest]
            found.outcomes[mine] = Outcome.AGAIN
            if len({int(self._facts[row]) for row in current}) > 1:
                found.outcomes[current] = Outcome.CONFLICT
                employments += [self._employment(row) for row in current if self._goes_on(row)]
            else:
                kept[spell] = current[0]
                employments.append(self._employment(current[0]))
        for row in kept.values():
            found.outcomes[row] = self._alone(row)
        self._place(rows, kept, employments, found)

    def _goes_on(self, row: int) -> bool:
        return self._standing[row] in {Standing.ACTIVE, Standing.RESCINDED}

    def _alone(self, row: int) -> Outcome:
        """Return what a row is, seen alone."""
        standing = self._standing[row]
        if standing in {Standing.LEFT, Standing.RESCINDED}:
            return Outcome.SPELL
        known = self._known[row] != Known.NOT and standing != Standing.ACTIVE
        return Outcome.SPELL if known else Outcome.ASIDE

    def _employment(self, row: int) -> Employment:
        return Employment(
            key=int(self._spell[row]),
            standing=Standing(int(self._standing[row])),
            hired=int(self._hired[row]),
            ends=int(self._ends[row]),
            rank=int(self._rank[row]),
            rehired=int(self._rehired[row]),
        )

    def _place(
        self,
        rows: Sequence[int],
        kept: Mapping[int, int],
        employments: list[Employment],
        found: Findings,
    ) -> None:
        """Say who is a leaver, and what known spells are to say of a rehire."""
        person = self._people.get(int(self._person[rows[0]]))
        if person is not None:
            employments += self._remembered(rows, employments, person)
        places = place(employments, self._today)
        for spell, row in kept.items():
            if spell not in places:
                continue
            found.rehired[row] = places[spell].rehired
            if not places[spell].leaver and self._known[row] == Known.NOT:
                found.outcomes[row] = Outcome.ASIDE
        if person is None:
            return
        for known in person.spells:
            at = places.get(int(known.spell_hash[:15], 16))
            day = at.rehired if at else 0
            begun = 0 < day <= self._today
            if at and (day, begun) != (known.rehire_on, known.rehire_ends):
                found.rehires.append(Rehire(known, day, begun))
        active = works_here(employments, self._today)
        if active != person.active_elsewhere:
            found.active[person.id] = active

    def _remembered(
        self, rows: Sequence[int], told: Sequence[Employment], person: KnownPerson
    ) -> list[Employment]:
        """Return the employments that only the ledger knows: a missing row takes nothing back.

        A rehire that was told before stands for an employment too, unless a row about that very
        employment is here, or one that says that the coming hire was cancelled.
        """
        keys = {one.key for one in told}
        hired = {int(self._hired[row]) for row in rows}
        cancelled = any(self._standing[row] == Standing.HIRE_CANCELLED for row in rows)
        spells = [employment_of(spell) for spell in person.spells]
        remembered = [one for one in spells if one.key not in keys]
        for spell in person.spells:
            day = spell.rehire_on
            if day and day not in hired and not (cancelled and day > self._today):
                remembered.append(Employment(-day, Standing.ACTIVE, day))
        return remembered

    def _mark(self, found: Findings) -> None:
        """Mark the rows that may have to be written."""
        spells = found.outcomes == Outcome.SPELL
        fresh = np.isin(self._known, (Known.NOT, Known.DIFFERENT, Known.REOPENED))
        unusable = (found.outcomes == Outcome.UNUSABLE) & (self._known == Known.NOT)
        goes_on = (self._standing == Standing.ACTIVE) & (self._known == Known.DIFFERENT)
        taken_back = goes_on & (found.outcomes == Outcome.ASIDE)
        conflicts = found.outcomes == Outcome.CONFLICT
        found.attention = (spells & fresh) | unusable | taken_back | conflicts
