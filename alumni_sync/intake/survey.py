"""All rows of a read beside each other: what each of them is, whatever the order of the file. Pure.

A survey holds some forty bytes a row, numbers only. Nearly everybody has one row and is settled by
a few array operations; only people with several rows, a rehire or other employments in the ledger
are looked at one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alumni_sync.intake.counts import IntakeCounts
from alumni_sync.intake.placing import Employment, Standing, place, works_here
from alumni_sync.intake.sighting import Known, KnownPerson, KnownSpell, Sighting, employment_of


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
        self._parts: list[tuple[int, int]] = []
        self.people: dict[int, KnownPerson] = {}
        self.rows = 0
        self.coded = 0
        self.uncoded = 0
        self.staff = 0
        self.newly_left = 0

    def add(self, sighting: Sighting, part: int) -> None:
        """Append a page."""
        count = len(sighting.columns["person"])
        for name, column in sighting.columns.items():
            self._columns.setdefault(name, []).append(column)
        self._parts.append((part, count))
        self.people.update(sighting.people)
        self.rows += count
        self.coded += sighting.coded
        self.uncoded += sighting.uncoded
        standing, unknown = sighting.columns["standing"], sighting.columns["known"] == Known.NOT
        self.staff += int((standing == Standing.ACTIVE).sum())
        self.newly_left += int(((standing == Standing.LEFT) & unknown).sum())

    def find(self, today: int) -> Findings:
        """Say what each row is, as seen on `today` (an ordinal)."""
        return _Judge(self, today).findings()

    def column(self, name: str) -> NDArray[Any]:
        """Return one column over all pages; the pages of it are let go."""
        pages = self._columns.pop(name, [])
        return np.concatenate(pages) if pages else np.empty(0, dtype=np.int64)

    def parts(self) -> NDArray[np.int16]:
        """Return the number of the delivery of each row."""
        numbers = np.array([part for part, _ in self._parts], dtype=np.int16)
        return np.repeat(numbers, [count for _, count in self._parts])


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
        self._part = survey.parts()

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
        usable = self._standing != Standing.UNUSABLE
        people = np.sort(self._person[usable])
        several = people[1:][people[1:] == people[:-1]]
        known = np.fromiter(self._people, dtype=np.int64)
        marked = usable & (_among(self._person, np.r_[several, known]) | (self._rehired != 0))
        rows = np.flatnonzero(marked)
        rows = rows[np.argsort(self._person[rows], kind="stable")]
        ends = np.flatnonzero(np.diff(self._person[rows])) + 1
        for group in np.split(rows, ends):
            if len(group):
                yield group.tolist()

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
            at = places.get(known.number)
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
        fresh = (self._known != Known.SAME) & (self._known != Known.BURIED)
        unusable = (found.outcomes == Outcome.UNUSABLE) & (self._known == Known.NOT)
        goes_on = (self._standing == Standing.ACTIVE) & (self._known == Known.DIFFERENT)
        taken_back = goes_on & (found.outcomes == Outcome.ASIDE)
        conflicts = found.outcomes == Outcome.CONFLICT
        found.attention = (spells & fresh) | unusable | taken_back | conflicts


def _among(values: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Say of each value whether it is wanted; `np.isin` would take several times the memory."""
    wanted = np.unique(wanted)
    if not len(wanted):
        return np.zeros(len(values), dtype=np.bool_)
    places = np.searchsorted(wanted, values)
    places[places == len(wanted)] = 0
    same: NDArray[np.bool_] = wanted[places] == values
    return same
