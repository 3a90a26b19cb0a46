"""Why: which rules decided about whom, and what kept others from deciding.

Rows about which the rules say the same form a group; sentences are made once a group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from alumni_sync.domain import CASE_VERDICTS, PRECEDENCE, Verdict
from alumni_sync.eligibility.evaluation.kleene import Mask, Truth
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.clauses import fields_of_leaf, literals
from alumni_sync.eligibility.language.pack import Rule
from alumni_sync.eligibility.wording.sentences import reason_sentence, undecided_sentence

Codes = NDArray[np.int64]
Objects = NDArray[np.object_]

RANK: Final = {verdict: rank for rank, verdict in enumerate(PRECEDENCE)}
"""Verdict → its place in the precedence, the most adverse first."""

_LARGE: Final = 1 << 40
"""Group numbers are packed again before they can grow out of 64 bits."""

_WIDE: Final = 1 << 20
"""Codes with more values than this are packed before they are joined."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What one rule said of a group: its rank, and the fields that kept it from deciding."""

    rank: int
    rule: str
    reason: str
    fields: frozenset[str]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one rule said of everybody: a number a row, 0 where it is silent.

    Attributes:
        blamed: fields that kept it from deciding, each with a bit of the number; the pair says
            whether something stood there that cannot be read.
        spoken: number → what it means, made when it is first met.
    """

    rule: Rule
    rank: int
    code: Codes
    blamed: tuple[tuple[str, bool], ...]
    spoken: dict[int, _Spoken] = field(default_factory=dict)

    def of(self, row: int) -> _Spoken | None:
        """Return what the rule said of a row; None where it was silent."""
        bits = int(self.code[row])
        if bits and bits not in self.spoken:
            self.spoken[bits] = self._spoken(bits)
        return self.spoken.get(bits)

    def _spoken(self, bits: int) -> _Spoken:
        blamed = [said for bit, said in enumerate(self.blamed) if bits >> (bit + 1) & 1]
        rule, fields = self.rule, self.rule.fields
        if not blamed:
            return _Spoken(self.rank, rule.id, reason_sentence(rule), fields)
        unknown = tuple(name for name, _ in blamed)
        unreadable = frozenset(name for name, bad in blamed if bad)
        reason = undecided_sentence(rule, _ordered(unknown), unreadable)
        return _Spoken(RANK[Verdict.REVIEW], rule.id, reason, fields, unknown)


class Grounds:
    """Puts rows about which the rules say the same into one group, rule by rule."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Begin with everybody in one group."""
        self._evaluation = evaluation
        self._codes: Codes = np.zeros(evaluation.columns.rows, dtype=np.int64)
        self._heard: list[_Heard] = []

    def add(self, rule: Rule, verdict: Verdict, said: Truth, suspended: Mask) -> None:
        """Let `rule` split the groups: decided, undecided by which fields, or silent.

        Rules that open cases are silent about people who are no leavers at present.
        """
        unknown = said.unknown & ~suspended
        true = said.true & ~suspended if verdict in CASE_VERDICTS else said.true
        if not (true.any() or unknown.any()):
            return
        code = true.astype(np.int64)
        blamed = self._blamed(rule, unknown) if unknown.any() else {}
        for bit, mask in enumerate(blamed.values()):
            code += mask.astype(np.int64) << (bit + 1)
        self._heard.append(_Heard(rule, RANK[verdict], code, tuple(blamed)))
        self._codes = join(self._codes, code, 2 << len(blamed))

    def _blamed(self, rule: Rule, unknown: Mask) -> dict[tuple[str, bool], Mask]:
        """Return field and whether it is unreadable → the undecided rows that this is true of.

        A leaf that is unknown although every field of it has a value counted out of the calendar:
        its fields are as good as unreadable.
        """
        found: dict[tuple[str, bool], Mask] = {}
        for leaf, positive in literals(rule.condition):
            undecided = unknown & self._evaluation.truth(leaf, positive=positive).unknown
            if not undecided.any():
                continue
            unexplained = undecided.copy()
            names = fields_of_leaf(leaf)
            for name in names:
                missing = undecided & self._evaluation.missing(name)
                unexplained &= ~missing
                garbled = self._evaluation.columns.unreadable(name)
                if garbled is not None:
                    _note(found, (name, True), missing & garbled)
                    missing &= ~garbled
                _note(found, (name, False), missing)
            for name in names:
                _note(found, (name, True), unexplained)
        return found

    def columns(self) -> dict[str, NDArray[np.object_]]:
        """Return rules, reasons, unknown fields and grounds of every row."""
        first, group = groups_of(self._codes)
        spoken = [self._spoken(int(row)) for row in first]
        return {
            "rules": spread([tuple(s.rule for s in all_) for all_ in spoken], group),
            "reasons": spread([tuple(s.reason for s in all_) for all_ in spoken], group),
            "unknown": spread(
                [_ordered(n for s in all_ for n in s.unknown) for all_ in spoken], group
            ),
            "grounds": spread(
                [_ordered(n for s in all_ for n in s.fields) for all_ in spoken], group
            ),
        }

    def _spoken(self, row: int) -> list[_Spoken]:
        """Return what the rules said of the group that `row` stands for, most adverse first."""
        said = (heard.of(row) for heard in self._heard)
        found = [spoken for spoken in said if spoken is not None]
        return sorted(found, key=lambda spoken: (spoken.rank, spoken.rule))


def _note(found: dict[tuple[str, bool], Mask], what: tuple[str, bool], rows: Mask) -> None:
    if rows.any():
        found[what] = found[what] | rows if what in found else rows


def groups_of(codes: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first row of every group, and the group of every row."""
    import pandas as pd  # noqa: PLC0415 most processes judge nobody

    group, codes_seen = pd.factorize(codes)
    first = np.empty(len(codes_seen), dtype=np.intp)
    first[group[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first, group


def join(codes: NDArray[np.int64], code: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """Return one number for each pair of old group and new code, which is below `base`."""
    import pandas as pd  # noqa: PLC0415 most processes judge nobody

    if base > _WIDE:
        code, distinct = pd.factorize(code)
        base = len(distinct)
    joined = codes * base + code
    if int(joined.max(initial=0)) >= _LARGE:
        joined = pd.factorize(joined)[0].astype(np.int64)
    return joined


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def spread(values: Sequence[Any], group: NDArray[np.intp]) -> NDArray[np.object_]:
    """Return the value of each row's group."""
    table = np.empty(len(values), dtype=object)
    table[:] = values
    return table[group]
