"""What rules may look at: most canonical fields, and what the flow itself knows of a spell.

Names, addresses, ids and managers are no rule inputs: no decision may hang on who somebody is.
Health, union, family and criminal facts are no canonical fields at all.
"""

from collections.abc import Mapping
from typing import Final

from alumni_sync.domain import LEAVER_FIELDS, ExitKind, FieldType, RecordStatus

_NEVER: Final = frozenset(
    {
        "person_id",
        "person_key",
        "spell_id",
        "employee_number",
        "given_name",
        "family_name",
        "display_name",
        "personal_email",
        "work_email",
        "phone",
        "manager_id",
    }
)

RULE_FIELDS: Final[Mapping[str, FieldType]] = {
    name: kind for name, kind in LEAVER_FIELDS.items() if name not in _NEVER
}
"""Canonical fields that a rule pack, an audience and a pilot segment may name."""

HAS_LEFT: Final = "has_left"  # the last working day has ended
EMPLOYED_STILL: Final = "employed_still"  # another employment at this source is active
RETURNING: Final = "returning"  # a new employment is known, begun or to come
ADDRESS_SHARED: Final = "address_shared"  # another person has the same private address
OTHER_EXIT_ADVERSE: Final = "other_exit_adverse"  # another exit of the person keeps them out
NOMINATED: Final = "nominated"  # HR's list names this person as an expert
IN_PILOT_SHARE: Final = "in_pilot_share"  # the keyed hash of the person falls into the share

STATE_FIELDS: Final[Mapping[str, FieldType]] = dict.fromkeys(
    (
        HAS_LEFT,
        EMPLOYED_STILL,
        RETURNING,
        ADDRESS_SHARED,
        OTHER_EXIT_ADVERSE,
        NOMINATED,
        IN_PILOT_SHARE,
    ),
    FieldType.CODE,
)
"""What the flow adds to the canonical fields, each `yes` or `no`; only built-in rules use them."""

FIELD_TYPES: Final[Mapping[str, FieldType]] = {**RULE_FIELDS, **STATE_FIELDS}

ALWAYS_HARMLESS: Final = frozenset({*STATE_FIELDS, "record_status", "do_not_consider"})
"""Fields that say nothing where they are not mapped: nobody was asked, nothing was said."""

NEVER_HARMLESS: Final = frozenset({"exit_kind", "exit_code", "exit_date", "last_working_day"})
"""Fields without which no verdict is possible; a pack cannot declare them harmless."""

YES: Final = "yes"
NO: Final = "no"

KNOWN_CODES: Final[Mapping[str, tuple[str, ...]]] = {
    "exit_kind": tuple(ExitKind),
    "record_status": tuple(RecordStatus),
    "do_not_consider": (YES, NO),
}
"""Fields whose values are a closed list, so that a typo in a rule is found when it is read."""
