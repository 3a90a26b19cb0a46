"""The words in which rules say themselves. A language is one `Words`; English is here.

The other languages are in `alumni_sync.eligibility.wording.languages`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import Comparison, Unit
from alumni_sync.eligibility.language.fields import (
    ADDRESS_SHARED,
    EMPLOYED_STILL,
    HAS_LEFT,
    IN_PILOT_SHARE,
    NO,
    NOMINATED,
    OTHER_EXIT_ADVERSE,
    RETURNING,
    YES,
)


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is said differently in another language. Templates name their parts.

    Pairs are a statement and its opposite; for units, one, (a few,) and many.

    Attributes:
        values: codes that have a name of their own, such as exit kinds; others are said as they
            stand in the pack.
    """

    fields: Mapping[str, str]
    states: Mapping[tuple[str, str], str]
    verdicts: Mapping[Verdict, str]
    units: Mapping[Unit, tuple[str, ...]]
    is_one_of: tuple[str, str]
    contains: tuple[str, str]
    matches: tuple[str, str]
    known: tuple[str, str]
    compare: Mapping[Comparison, tuple[str, str]]
    compare_number: Mapping[Comparison, tuple[str, str]]
    compare_ago: Mapping[Comparison, tuple[str, str]]
    compare_today: Mapping[Comparison, tuple[str, str]]
    offset: tuple[str, str]
    run_day: str
    both: str
    either: str
    flag: str
    hold: str
    hold_until: str
    when: str
    spoke: str
    undecided: str
    unreadable: str
    values: Mapping[str, str] = field(default_factory=dict)


ENGLISH: Final = Words(
    fields={
        "birth_date": "the birth date",
        "hire_date": "the hire date",
        "original_hire_date": "the original hire date",
        "last_working_day": "the last working day",
        "exit_date": "the exit date",
        "exit_kind": "the exit kind",
        "exit_code": "the exit code",
        "record_status": "the status of the record",
        "rehire_date": "the rehire date",
        "worker_type": "the worker type",
        "legal_entity": "the legal entity",
        "department": "the department",
        "location": "the location",
        "country": "the country",
        "job_title": "the job title",
        "job_level": "the job level",
        "tags": "the tags",
        "language": "the language",
        "contact_given_at": "the day on which the address was given",
        "contact_text": "the text under which the address was given",
        "do_not_consider": "the note “do not consider me”",
    },
    states={
        (HAS_LEFT, YES): "the last working day has ended",
        (HAS_LEFT, NO): "the last working day is still to come",
        (EMPLOYED_STILL, YES): "another employment here goes on",
        (EMPLOYED_STILL, NO): "no other employment here goes on",
        (RETURNING, YES): "a new employment here is known",
        (RETURNING, NO): "no new employment here is known",
        (ADDRESS_SHARED, YES): "another person has the same private address",
        (ADDRESS_SHARED, NO): "nobody else has the private address",
        (OTHER_EXIT_ADVERSE, YES): "another exit of the person is under review or excluded",
        (OTHER_EXIT_ADVERSE, NO): "no other exit of the person is under review or excluded",
        (NOMINATED, YES): "HR's list of experts names the person",
        (NOMINATED, NO): "HR's list of experts does not name the person",
        (IN_PILOT_SHARE, YES): "the person falls into the pilot's share",
        (IN_PILOT_SHARE, NO): "the person falls outside the pilot's share",
        ("do_not_consider", YES): "the leaver said “do not consider me”",
        ("do_not_consider", NO): "the leaver did not say “do not consider me”",
    },
    verdicts={
        Verdict.NEVER_CONTACT: "never contacted",
        Verdict.EXCLUDED: "excluded",
        Verdict.REVIEW: "to be reviewed",
        Verdict.HELD: "held",
        Verdict.OUT_OF_SCOPE: "out of scope",
        Verdict.ELIGIBLE: "eligible",
    },
    units={
        Unit.DAYS: ("1 day", "{count} days"),
        Unit.WEEKS: ("1 week", "{count} weeks"),
        Unit.MONTHS: ("1 month", "{count} months"),
        Unit.YEARS: ("1 year", "{count} years"),
    },
    is_one_of=("{field} is {values}", "{field} is not {values}"),
    contains=("{field} contain {value}", "{field} do not contain {value}"),
    matches=("{field} looks like {value}", "{field} does not look like {value}"),
    known=("{field} is known", "{field} is not known"),
    compare={
        Comparison.AT_LEAST: ("{field} is {bound} or later", "{field} is before {bound}"),
        Comparison.AT_MOST: ("{field} is {bound} or earlier", "{field} is after {bound}"),
        Comparison.BEFORE: ("{field} is before {bound}", "{field} is {bound} or later"),
        Comparison.AFTER: ("{field} is after {bound}", "{field} is {bound} or earlier"),
    },
    compare_number={
        Comparison.AT_LEAST: ("{field} is at least {bound}", "{field} is less than {bound}"),
        Comparison.AT_MOST: ("{field} is at most {bound}", "{field} is more than {bound}"),
        Comparison.BEFORE: ("{field} is less than {bound}", "{field} is at least {bound}"),
        Comparison.AFTER: ("{field} is more than {bound}", "{field} is at most {bound}"),
    },
    compare_ago={
        Comparison.AT_LEAST: ("{field} is at most {bound} ago", "{field} is more than {bound} ago"),
        Comparison.AT_MOST: ("{field} is at least {bound} ago", "{field} is less than {bound} ago"),
        Comparison.BEFORE: ("{field} is more than {bound} ago", "{field} is at most {bound} ago"),
        Comparison.AFTER: ("{field} is less than {bound} ago", "{field} is at least {bound} ago"),
    },
    compare_today={
        Comparison.AT_LEAST: ("{field} is today or later", "{field} is before today"),
        Comparison.AT_MOST: ("{field} is today or earlier", "{field} is after today"),
        Comparison.BEFORE: ("{field} is before today", "{field} is today or later"),
        Comparison.AFTER: ("{field} is after today", "{field} is today or earlier"),
    },
    offset=("{duration} before {field}", "{duration} after {field}"),
    run_day="the day of the decision",
    both=" and ",
    either=" or ",
    flag="flagged {flag}",
    hold="not addressed for {purpose}",
    hold_until="not addressed for {purpose} until {until}",
    when="{Outcome} when {clause}.",
    spoke="{Outcome}, because {clause}.",
    undecided="To be reviewed: whether {clause} cannot be decided; not known: {fields}.",
    unreadable="{field} (what stands there cannot be read)",
)
