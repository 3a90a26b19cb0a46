"""Why: which rules decided about whom, and what kept others from deciding.

Rows about which the rules say the same form a group; sentences are made once a group.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alumni_sync.domain import CASE_VERDICTS, PRECEDENCE, Verdict
from alumni_sync.eligibility.clauses import fields_of_leaf, literals
from alumni_sync.eligibility.kleene import Mask, Truth
from alumni_sync.eligibility.operators import Evaluation
from alumni_sync.eligibility.pack import Rule
from alumni_sync.eligibility.sentences import reason_sentence, undecided_sentence

Codes = NDArray[np.int64]
Objects = NDArray[np.object_]

RANK: Final = {verdict: rank for rank, verdict in enumerate(PRECEDENCE)}
"""Verdict → its place in the precedence, the most adverse first."""

_LARGE: Final = 1 << 40
"""Group numbers are packed again before they can grow out of 64 bits."""


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What one rule said of a group: its rank, and the fields that kept it from deciding."""

    rank: int
    rule: Rule
    unknown: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        return (
            undecided_sentence(self.rule, self.unknown)
            if self.unknown
            else reason_sentence(self.rule)
        )


class Grounds:
    """Puts rows about which the rules say the same into one group, rule by rule."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Begin with everybody in one group."""
        self._evaluation = evaluation
        self._codes: Codes = np.zeros(evaluation.columns.rows, dtype=np.int64)
        self._seen: list[tuple[Rule, int, Codes, tuple[str, ...]]] = []

    def add(self, rule: Rule, verdict: Verdict, said: Truth, suspended: Mask) -> None:
        """Let `rule` split the groups: decided, undecided by which fields, or silent.

        Rules that open cases are silent about people who are no leavers at present.
        """
        unknown = said.unknown & ~suspended
        true = said.true & ~suspended if verdict in CASE_VERDICTS else said.true
        if not (true.any() or unknown.any()):
            return
        code = true.astype(np.int64)
        missing = self._missing(rule, unknown)
        for bit, mask in enumerate(missing.values()):
            code += mask.astype(np.int64) << (bit + 1)
        self._seen.append((rule, RANK[verdict], code, tuple(missing)))
        self._codes = join(self._codes, code, 2 << len(missing))

    def _missing(self, rule: Rule, unknown: Mask) -> dict[str, Mask]:
        """Return field → the undecided rows in which it is missing."""
        found: dict[str, Mask] = {}
        if not unknown.any():
            return found
        for leaf, _ in literals(rule.condition):
            undecided = unknown & self._evaluation.leaf(leaf).unknown
            for name in fields_of_leaf(leaf):
                mask = undecided & self._evaluation.missing(name)
                if mask.any():
                    found[name] = found[name] | mask if name in found else mask
        return found

    def columns(self) -> dict[str, NDArray[np.object_]]:
        """Return rules, reasons, unknown fields and grounds of every row."""
        first, group = groups_of(self._codes)
        spoken = [self._spoken(int(row)) for row in first]
        return {
            "rules": spread([tuple(s.rule.id for s in all_) for all_ in spoken], group),
            "reasons": spread([tuple(s.reason for s in all_) for all_ in spoken], group),
            "unknown": spread(
                [_ordered(n for s in all_ for n in s.unknown) for all_ in spoken], group
            ),
            "grounds": spread(
                [_ordered(n for s in all_ for n in s.rule.fields) for all_ in spoken], group
            ),
        }

    def _spoken(self, row: int) -> list[_Spoken]:
        """Return what the rules said of the group that `row` stands for, most adverse first."""
        found = []
        for rule, rank, code, names in self._seen:
            bits = int(code[row])
            if bits == 0:
                continue
            unknown = tuple(name for bit, name in enumerate(names) if bits >> (bit + 1) & 1)
            found.append(_Spoken(RANK[Verdict.REVIEW] if unknown else rank, rule, unknown))
        return sorted(found, key=lambda spoken: (spoken.rank, spoken.rule.id))


def groups_of(codes: Codes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first row of every group, and the group of every row."""
    group, codes_seen = pd.factorize(codes)
    first = np.empty(len(codes_seen), dtype=np.intp)
    first[group[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return first, group


def join(codes: NDArray[np.int64], code: NDArray[np.int64], base: int) -> NDArray[np.int64]:
    """Return one number for each pair of old group and new code."""
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
