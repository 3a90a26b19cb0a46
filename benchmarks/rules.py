"""The rules against two rule engines: 1,000,000 leavers, 20 rules, with and without reasons.

Ours looks at columns, a chunk at a time, unknown facts included. The peers, `zen-engine` and
`rule-engine`, evaluate the same rules as compiled expressions, a person at a time. They raise on
what is not known, so they get a sample of the people about whom everything is known, and must say
of each what ours says. Turns alternate; times are the processor's, a row.

    python benchmarks/rules.py [--leavers N] [--sample N]
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from _expressions import PACK, TODAY
from _figures import Figures

if TYPE_CHECKING:
    import pandas as pd
    from _peers import Peer, Person

    from alumni_sync.eligibility.language.pack import RulePack

FULL: Final = 1_000_000
SAMPLE: Final = 20_000
CHUNK: Final = 50_000
TURNS: Final = 5
BOUND_ZEN: Final = 100  # times the verdicts of zen, a second
BOUND_RULE_ENGINE: Final = 300  # times the verdicts of rule-engine, a second
BOUND_REASONS: Final = 20  # times zen's verdicts with the rules that hold, a second
BOUND_MEMORY: Final = 1.2  # times the memory at a tenth of the size

_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")


class Stopwatch:
    """Adds up processor time and rows, by what was done."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._rows: Counter[str] = Counter()

    def time(
        self,
        what: str,
        rows: int,
        work: Callable[_Given, _Result],
        *args: _Given.args,
        **kwargs: _Given.kwargs,
    ) -> _Result:
        """Do `work` on so many rows and return its result."""
        started = time.process_time()
        result = work(*args, **kwargs)
        self._seconds[what] += time.process_time() - started
        self._rows[what] += rows
        return result

    def a_row(self, what: str) -> float:
        """Return microseconds a row."""
        return self._seconds[what] / self._rows[what] * 1e6


def main() -> int:
    """Run everything and return the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leavers", type=int, default=FULL)
    parser.add_argument("--sample", type=int, default=SAMPLE)
    parser.add_argument("--memory-of", type=int)
    options = parser.parse_args()
    if options.memory_of:
        sys.stdout.write(json.dumps(_memory(options.memory_of)))
        return 0
    figures = Figures("rules")
    # First: a process begins with the peak of the one that started it.
    full, small = (_memory_apart(rows) for rows in (options.leavers, options.leavers // 10))
    _speed(figures, options.leavers, options.sample)
    figures.note(f"memory above the imports: {full:.0f} MiB, a tenth of them {small:.0f} MiB")
    figures.at_most("memory vs a tenth", full / max(small, 1.0), BOUND_MEMORY)
    return figures.exit_code()


def _speed(figures: Figures, rows: int, sample: int) -> None:
    from _leavers import as_dictionaries, as_records, leavers
    from _peers import peers, zen_at_once

    from alumni_sync.eligibility.evaluation.columns import build_frame
    from alumni_sync.eligibility.evaluation.evaluate import evaluate

    pack, watch = _pack(), Stopwatch()
    known = _known(rows, sample)
    people, (zen, rule_engine), at_once = as_dictionaries(known), peers(), zen_at_once()
    chunk = min(CHUNK, -(-rows // TURNS))
    frames, verdicts = leavers(rows, chunk), Counter[str]()
    for turn in range(TURNS):
        for frame in islice(frames, -(-rows // chunk // TURNS)):
            said = watch.time("ours", len(frame), evaluate, frame, pack, TODAY, reasons=False)
            verdicts.update(said["verdict"])
            watch.time("ours, reasons", len(frame), evaluate, frame, pack, TODAY)
        share = people[turn::TURNS]
        for peer in (zen, rule_engine):
            watch.time(peer.name, len(share), _each, peer.verdict, share)
        watch.time("zen, rules", len(share), _each, zen.rules, share)
        watch.time("zen, at once", len(share), _each, at_once, share)
    _agree(evaluate(known, pack, TODAY), people, (zen, rule_engine))
    records = as_records(people)
    watch.time("frame", len(records), build_frame, records, sorted(pack.fields))
    figures.note(f"{rows:,} leavers, {len(pack.rules)} rules: {_listed(verdicts)}")
    figures.note(f"{len(people):,} of them, with nothing unknown, judged by all three alike")
    for peer in (zen, rule_engine):
        fields = peer.fields_that_raise(people[0])
        figures.note(f"{peer.name} raises where one of {fields} of {len(people[0])} facts is null")
    _report(figures, watch, rows)


def _report(figures: Figures, watch: Stopwatch, rows: int) -> None:
    for what in ("ours", "zen", "rule-engine", "ours, reasons", "zen, rules", "zen, at once"):
        a_row = watch.a_row(what)
        figures.note(f"{what}: {a_row:.2f} µs a row, {a_row * rows / 1e6:,.1f} s for {rows:,}")
    figures.note(f"making the frame from records, not counted: {watch.a_row('frame'):.2f} µs a row")
    ours, reasons = watch.a_row("ours"), watch.a_row("ours, reasons")
    figures.at_least("verdicts vs zen", watch.a_row("zen") / ours, BOUND_ZEN)
    figures.at_least(
        "verdicts vs rule-engine", watch.a_row("rule-engine") / ours, BOUND_RULE_ENGINE
    )
    figures.at_least(
        "verdicts with reasons vs zen", watch.a_row("zen, rules") / reasons, BOUND_REASONS
    )


def _pack() -> "RulePack":
    from alumni_sync.eligibility.language.reading import parse_pack

    return parse_pack(PACK, "bench.yaml").for_source("bench", "pl")


def _known(rows: int, sample: int) -> "pd.DataFrame":
    """Return people about whom everything is known."""
    import pandas as pd
    from _leavers import leavers

    found: list[pd.DataFrame] = []
    for frame in leavers(rows, CHUNK):
        found.append(frame.dropna())
        if sum(map(len, found)) >= sample:
            break
    return pd.concat(found, ignore_index=True).head(sample)


def _each(ask: "Callable[[Person], object]", people: "Iterable[Person]") -> list[object]:
    return [ask(person) for person in people]


def _agree(said: "pd.DataFrame", people: "Sequence[Person]", peers: "Sequence[Peer]") -> None:
    """Stop where a peer says something else of somebody: verdict, rules, flag or outreach hold."""
    from _peers import spoken

    rows = said[["verdict", "rules", "flags", "holds"]].to_dict("records")
    for peer in peers:
        for n, (person, row) in enumerate(zip(people, rows, strict=True)):
            rules = peer.rules(person)
            ours = (row["verdict"], sorted(row["rules"]), bool(row["flags"]), bool(row["holds"]))
            theirs = (peer.verdict(person), *spoken(rules))
            if ours != theirs:
                msg = f"person {n}: ours says {ours}, {peer.name} says {theirs}"
                raise SystemExit(msg)


def _listed(verdicts: Counter[str]) -> str:
    return ", ".join(f"{verdict} {count:,}" for verdict, count in verdicts.most_common())


def _memory_apart(rows: int) -> float:
    """Return the peak of a process of its own that judges so many leavers."""
    command = [sys.executable, __file__, "--memory-of", str(max(1, rows))]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 ourselves
    if done.returncode:
        sys.stderr.write(done.stderr.decode())
        raise SystemExit(done.returncode)
    return float(json.loads(done.stdout))


def _memory(rows: int) -> float:
    """Judge with reasons, a chunk at a time; return the peak above the imports in MiB."""
    from _leavers import leavers

    from alumni_sync.eligibility.evaluation.evaluate import evaluate

    pack, counts = _pack(), Counter[Any]()
    before = _peak()
    for frame in leavers(rows, CHUNK):
        said = evaluate(frame, pack, TODAY)
        counts.update(said["verdict"])
        counts.update(said["reasons"])
    assert counts.total() == 2 * rows
    return _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
