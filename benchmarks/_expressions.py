"""Twenty rules, thrice: as a pack, as expressions of `zen-engine`, as expressions of `rule-engine`.

The peers get the leavers as they like them best: a dictionary a person, days as numbers, so that
they need not parse a date; and they know in which order to ask, so that the first rule that holds
is the verdict.
"""

from datetime import date
from typing import Final, NamedTuple

TODAY: Final = date(2026, 11, 3)
_EPOCH: Final = date(1970, 1, 1)


def day(when: date) -> int:
    """Return a day as the peers get it."""
    return (when - _EPOCH).days


PACK: Final = """
pack: bench
good_standing: [resignation, retirement, end_of_contract, mutual_agreement, undisclosed, redundancy]
rules:
  - id: conduct
    when: {exit_kind: {one_of: [misconduct, dispute]}}
    then: excluded
  - id: performance
    when: {exit_kind: {equals: performance}}
    then: review
  - id: unclear
    when: {exit_kind: {one_of: [unknown, internal_transfer, no_show]}}
    then: review
  - id: young
    when: {birth_date: {after: 18 years ago}}
    then: held
  - id: short
    when: {exit_date: {at_most: 30 days after hire_date}}
    then: out_of_scope
  - id: seniors
    when: {all: [{job_level: {between: [8, 10]}}, {country: {one_of: [DE, AT]}}]}
    then: review
  - id: plants
    when: {all: [{location: {matches: "plant *"}}, {not: {worker_type: {equals: employee}}}]}
    then: excluded
  - id: research
    when: {all: [{department: {contains: research}}, {exit_date: {after: 6 months ago}}]}
    then: held
  - id: expert
    when: {job_level: {at_least: 8}}
    then: {flag: expert}
  - id: redundant
    when: {exit_kind: {equals: redundancy}}
    then: {outreach_hold: {purpose: job_offers}}
    valid: {from: 2024-01-01, to: 2026-12-31, by: exit_date}
"""
"""Ten rules; with those that always apply they are twenty."""


class Expression(NamedTuple):
    """One rule as an expression; `zen` and `rule_engine` differ in a few words only."""

    rule: str
    zen: str
    rule_engine: str = ""

    @property
    def for_rule_engine(self) -> str:
        """Return it as `rule-engine` reads it."""
        return self.rule_engine or self.zen


_ADULT: Final = day(TODAY.replace(year=TODAY.year - 18))
_HALF_A_YEAR_AGO: Final = day(date(2026, 5, 3))
_PLACED: Final = (
    "exit_kind in ['resignation', 'retirement', 'end_of_contract', 'redundancy', 'undisclosed', "
    "'mutual_agreement', 'performance', 'misconduct', 'dispute', 'death', 'internal_transfer', "
    "'no_show', 'unknown']"
)

EXPRESSIONS: Final = (
    Expression("do-not-consider", "do_not_consider != 'no'"),
    Expression("deceased", "exit_kind == 'death'"),
    Expression("not-left-yet", "has_left == 'no'"),
    Expression("employed-still", "employed_still == 'yes'"),
    Expression("returning", "returning == 'yes'"),
    Expression("exit-taken-back", "record_status != 'left'"),
    Expression("conduct", "exit_kind in ['misconduct', 'dispute']"),
    Expression(
        "plants",
        "startsWith(location, 'plant ') and worker_type != 'employee'",
        "location =~ 'plant .*' and worker_type != 'employee'",
    ),
    Expression("shared-address", "address_shared == 'yes'"),
    Expression("performance", "exit_kind == 'performance'"),
    Expression("unclear", "exit_kind in ['unknown', 'internal_transfer', 'no_show']"),
    Expression(
        "seniors",
        "job_level in [8..10] and country in ['DE', 'AT']",
        "job_level >= 8 and job_level <= 10 and country in ['DE', 'AT']",
    ),
    Expression("exit-kind-unplaced", f"not ({_PLACED})"),
    Expression("other-exit-adverse", "other_exit_adverse == 'yes'"),
    Expression("young", f"birth_date > {_ADULT}"),
    Expression(
        "research",
        f"contains(department, 'research') and exit_date > {_HALF_A_YEAR_AGO}",
        f"'research' in department and exit_date > {_HALF_A_YEAR_AGO}",
    ),
    Expression("short", "exit_date <= hire_date + 30"),
    Expression("expert-nominated", "nominated == 'yes'"),
    Expression("expert", "job_level >= 8"),
    Expression(
        "redundant",
        f"exit_kind == 'redundancy' and exit_date >= {day(date(2024, 1, 1))}"
        f" and exit_date <= {day(date(2026, 12, 31))}",
    ),
)
"""In the order of the precedence, so that the first that holds gives the verdict."""

_VERDICTS: Final = (
    ("never_contact", 2),
    ("held", 4),  # no leaver at present: rules about the exit do not speak yet
    ("excluded", 2),
    ("review", 5),
    ("held", 3),
    ("out_of_scope", 1),
)
VERDICTS: Final = tuple(verdict for verdict, rules in _VERDICTS for _ in range(rules))
"""What follows from the first expressions; the others give no verdict."""
