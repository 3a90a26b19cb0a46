"""The verdict on every row of a frame: pure, and without a loop over people.

Verdicts are worked out with masks. Reasons are worked out once for each group of people about whom
the rules say the same, and handed to everybody in the group.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alumni_sync.domain import CASE_VERDICTS, PRECEDENCE, OutreachHold, Verdict
from alumni_sync.eligibility.evaluation.columns import NO_DAY, Columns, Days, shift
from alumni_sync.eligibility.evaluation.grounds import RANK, Grounds, groups_of, join, spread
from alumni_sync.eligibility.evaluation.kleene import Mask, Truth
from alumni_sync.eligibility.evaluation.operators import Evaluation
from alumni_sync.eligibility.language.pack import HoldOutreach, Rule, RulePack, SetFlag

if TYPE_CHECKING:
    import pandas as pd


def evaluate(
    frame: "pd.DataFrame", pack: RulePack, today: date, *, reasons: bool = True
) -> "pd.DataFrame":
    """Judge every row of `frame`.

    Args:
        frame: one row a leaver, one column a field (see `columns.build_frame`).
        pack: the rules; precedence, not their order, decides.
        today: civil day of the run at the source's site.
        reasons: also work out everything but the verdict; without them only `verdict` and
            `next_change` are there.

    Returns:
        A frame with the index of `frame` and the columns
        `verdict`: text of a `Verdict`;
        `rules`: ids of the rules that decided or could not be decided, most adverse first;
        `reasons`: one English sentence for each of them;
        `unknown`: fields whose missing value kept a rule from deciding;
        `grounds`: fields that these rules looked at;
        `flags`: frozenset of names; `holds`: tuple of `OutreachHold`;
        `next_change`: first later day on which the verdict may change by itself, NaT for never.
    """
    import pandas as pd  # noqa: PLC0415 most processes judge nobody

    evaluation = Evaluation(Columns(frame), pack.harmless, today)
    said = {rule.id: evaluation.truth(rule.condition) for rule in pack.rules}
    adverse = [(rule, rule.then) for rule in pack.rules if isinstance(rule.then, Verdict)]
    suspended = _any(evaluation, (said[rule.id].true for rule, _ in adverse if rule.suspends))
    columns: dict[str, NDArray[Any]] = {"verdict": _verdicts(evaluation, adverse, said, suspended)}
    if reasons:
        grounds = Grounds(evaluation)
        for rule, verdict in adverse:
            grounds.add(rule, verdict, said[rule.id], suspended)
        columns |= grounds.columns()
        columns["flags"] = _flags(evaluation, pack, said)
        columns["holds"] = _holds(evaluation, pack, said)
    named = {
        name: pd.Series(column, index=frame.index, dtype=object) for name, column in columns.items()
    }
    return pd.DataFrame({**named, "next_change": evaluation.next_change}, index=frame.index)


def _any(evaluation: Evaluation, masks: Iterable[Mask]) -> Mask:
    found = np.zeros(evaluation.columns.rows, dtype=np.bool_)
    for mask in masks:
        found |= mask
    return found


def _verdicts(
    evaluation: Evaluation,
    adverse: Sequence[tuple[Rule, Verdict]],
    said: dict[str, Truth],
    suspended: Mask,
) -> NDArray[np.object_]:
    """Return the most adverse verdict that some rule gives; undecided means review.

    Who is no leaver at present is held unless never to be contacted: nothing opens a case.
    """
    masks = {verdict: _any(evaluation, ()) for verdict in PRECEDENCE}
    for rule, verdict in adverse:
        masks[verdict] |= said[rule.id].true
        masks[Verdict.REVIEW] |= said[rule.id].unknown
    for verdict in CASE_VERDICTS:
        masks[verdict] &= ~suspended
    found = np.full(evaluation.columns.rows, RANK[Verdict.ELIGIBLE])
    for verdict in reversed(PRECEDENCE[:-1]):
        found[masks[verdict]] = RANK[verdict]
    return spread([verdict.value for verdict in PRECEDENCE], found)


def _flags(evaluation: Evaluation, pack: RulePack, said: dict[str, Truth]) -> NDArray[np.object_]:
    """Return the flags of every row; an undecided flag is none."""
    named: dict[str, Mask] = {}
    for rule in pack.rules:
        if isinstance(rule.then, SetFlag):
            true = said[rule.id].true
            named[rule.then.flag] = (
                named[rule.then.flag] | true if rule.then.flag in named else true
            )
    codes = np.zeros(evaluation.columns.rows, dtype=np.int64)
    for mask in named.values():
        codes = join(codes, mask.astype(np.int64), 2)
    first, group = groups_of(codes)
    sets = [frozenset(flag for flag, mask in named.items() if mask[row]) for row in first]
    return spread(sets, group)


def _holds(evaluation: Evaluation, pack: RulePack, said: dict[str, Truth]) -> NDArray[np.object_]:
    """Return the outreach holds of every row; an undecided one is closed without an end."""
    import pandas as pd  # noqa: PLC0415 most processes judge nobody

    codes = np.zeros(evaluation.columns.rows, dtype=np.int64)
    found: list[tuple[Rule, Mask, Days]] = []
    for rule in pack.rules:
        if isinstance(rule.then, HoldOutreach):
            closed = ~said[rule.id].false
            until = _until(evaluation, rule.then, said[rule.id].true)
            found.append((rule, closed, until))
            positions, days = pd.factorize(until)
            codes = join(codes, np.where(closed, positions + 2, 0), len(days) + 2)
    first, group = groups_of(codes)
    holds = [
        tuple(
            OutreachHold(
                rule.then.purpose, None if np.isnat(until[row]) else until[row].item(), rule.id
            )
            for rule, closed, until in found
            if closed[row] and isinstance(rule.then, HoldOutreach)
        )
        for row in first
    ]
    return spread(holds, group)


def _until(evaluation: Evaluation, hold: HoldOutreach, decided: Mask) -> Days:
    """Return the last day of a hold, NaT where it has no end that can be known."""
    if hold.until is None:
        return np.full(evaluation.columns.rows, NO_DAY)
    until = np.full(evaluation.columns.rows, NO_DAY)
    rows = np.flatnonzero(decided)
    counted = evaluation.columns.days(hold.until.field)[rows]
    until[rows] = shift(counted, hold.until.duration, later=hold.until.later)
    return until
