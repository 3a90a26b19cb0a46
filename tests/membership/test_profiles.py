"""Profiles: only what was ticked leaves, whatever the HRIS holds."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.answers.offers import full_name, offered_values
from alumni_sync.consent.grants import Grant
from alumni_sync.consent.notices.editions import Label
from alumni_sync.domain import (
    LEAVER_FIELDS,
    NOT_VISIBLE,
    ConsentState,
    ExitKind,
    Fact,
    FieldType,
    OutreachHold,
)
from alumni_sync.membership.plan import Act, Known, MemberState, act_for, act_of_state
from alumni_sync.membership.profiles import build_profile, recheck_at
from alumni_sync.ports import Profile, ProfileField, Purpose, Shown, profile_content
from connectors.platforms.directory.page import card
from connectors.platforms.scim.extension import URN
from connectors.platforms.scim.resource import ENTERPRISE, Dialect, desired, new_user
from tests.conftest import NOW

EVERYTHING = Dialect(extensions=frozenset({URN, ENTERPRISE}))
LABELS = {name: Label(label=name.value, badge="yes") for name in ProfileField}
NEVER = (
    "person_id",
    "person_key",
    "spell_id",
    "employee_number",
    "work_email",
    "birth_date",
    "last_working_day",
    "exit_kind",
    "exit_code",
    "record_status",
    "rehire_date",
    "worker_type",
    "job_level",
    "manager_id",
    "tags",
    "contact_given_at",
    "contact_text",
    "do_not_consider",
)
"""Canonical fields of which nothing may ever leave (4-consent)."""


def grant(**changed: Any) -> Grant:  # noqa: ANN401 any field
    """Return a live grant with two fields and two purposes."""
    usual = Grant(
        invitation_id="I-1",
        spell_id="S-1",
        person_id="P-1",
        source="acme-pl",
        seq=7,
        state=ConsentState.GIVEN,
        valid_until=NOW + timedelta(days=700),
        name="Zofia Jaworowska",
        email="zofia@mail.example",
        fields={
            ProfileField.CITY: Shown("Kraków", to_members=False),
            ProfileField.MENTOR_BADGE: Shown("yes", to_members=True),
        },
        purposes=frozenset({Purpose.COMMUNITY, Purpose.JOB_OFFERS}),
        version=3,
        revision="r",
        holds=(),
    )
    return usual._replace(**changed)


def canaries() -> dict[str, Fact]:
    """Return facts whose every value names its field."""
    found: dict[str, Fact] = {}
    for number, (name, kind) in enumerate(sorted(LEAVER_FIELDS.items())):
        values: dict[FieldType, Fact] = {
            FieldType.TEXT: f"canary-{name}-text",
            FieldType.CODE: f"canary-{name}-code",
            FieldType.DATE: date(1900 + number, 1 + number % 12, 1 + number % 28),
            FieldType.INTEGER: 990_000 + number,
            FieldType.TAGS: (f"canary-{name}-tag",),
        }
        found[name] = values[kind]
    return found


CANARIES = canaries()
facts_strategy = st.fixed_dictionaries(
    {},
    optional={
        name: st.one_of(
            st.just(CANARIES[name]),
            st.none(),
            st.just(NOT_VISIBLE),
            st.text(max_size=20) if kind is FieldType.TEXT else st.just(CANARIES[name]),
        )
        for name, kind in LEAVER_FIELDS.items()
    },
)


def wire(profile: Profile) -> str:
    """Return everything that either platform would be given, as it goes over the wire."""
    user = new_user(desired(profile, EVERYTHING, profile.alumni_id))
    return json.dumps(user, ensure_ascii=False) + card(profile) + profile_content(profile).decode()


@given(facts=facts_strategy, kind=st.sampled_from(list(ExitKind)), flags=st.booleans())
def test_no_never_field_crosses_the_wire(
    facts: Mapping[str, Fact],
    kind: ExitKind,
    flags: bool,  # noqa: FBT001 a drawn value
) -> None:
    """Whatever the HRIS holds and even if everything is ticked: exit, age and ids stay here.

    This is T44 of docs/tests-of-consent.md.
    """
    told = {**facts, "exit_kind": f"canary-{kind.value}"}
    offered = offered_values(told, {"retiree", "expert"} if flags else (), ("welding",), LABELS)
    ticked = {name: Shown(value, to_members=True) for name, value in offered.items()}
    profile = build_profile(
        grant(fields=ticked, name=full_name(told) or "X", purposes=frozenset(Purpose)),
        "A-0000000000000001",
        NOW,
    )
    assert profile is not None
    sent = wire(profile)
    for name in NEVER:
        assert f"canary-{name}" not in sent
        never = CANARIES[name]
        if isinstance(never, date):
            assert never.isoformat() not in sent
        if isinstance(never, int):
            assert str(never) not in sent
    assert f"canary-{kind.value}" not in sent


@given(
    fields=st.dictionaries(
        st.sampled_from(list(ProfileField)),
        st.builds(Shown, st.text(min_size=1, max_size=9), st.booleans()),
    ),
    purposes=st.frozensets(st.sampled_from(list(Purpose))),
    state=st.sampled_from(list(ConsentState)),
    left=st.integers(-2, 2),
)
def test_nothing_leaves_that_was_not_ticked(
    fields: dict[ProfileField, Shown], purposes: frozenset[Purpose], state: ConsentState, left: int
) -> None:
    """The profile is never more than the grant, and nothing at all where none is live (T44)."""
    live = state in {ConsentState.GIVEN, ConsentState.RENEWAL_DUE, ConsentState.RENEWED}
    given_now = grant(
        fields=fields, purposes=purposes, state=state, valid_until=NOW + timedelta(seconds=left)
    )
    profile = build_profile(given_now, "A-1", NOW)
    if not live or left <= 0 or Purpose.COMMUNITY not in purposes:
        assert profile is None
        return
    assert profile is not None
    assert profile.fields == fields
    assert profile.purposes == purposes
    for segment in profile.segments:
        name, _, value = segment.partition(":")
        assert not value or fields[ProfileField(name)].value == value


def test_a_badge_makes_a_segment_only_if_ticked() -> None:
    """Segments are what people are addressed by; they must not say what the person did not."""
    profile = build_profile(grant(), "A-1", NOW)
    assert profile is not None
    assert profile.segments == {"city:Kraków", "mentors"}


@pytest.mark.parametrize(
    ("hold", "purposes", "expected"),
    [
        (date(2026, 11, 20), {Purpose.COMMUNITY}, datetime(2026, 11, 21, 12, tzinfo=UTC)),
        (date(2026, 11, 1), {Purpose.COMMUNITY, Purpose.JOB_OFFERS}, None),
        (None, {Purpose.COMMUNITY}, None),
    ],
)
def test_a_profile_is_looked_at_again_when_a_hold_ends(
    hold: date | None, purposes: set[Purpose], expected: datetime | None
) -> None:
    """Nobody writes an event when a date passes; without this the purpose stayed closed."""
    held = grant(holds=(OutreachHold("job_offers", hold, "redundancy"),))
    profile = build_profile(held, "A-1", NOW)
    assert profile is not None
    assert set(profile.purposes) == purposes
    assert recheck_at(held, NOW) == expected
    if expected is not None:
        later = build_profile(held, "A-1", expected)
        assert later is not None
        assert Purpose.JOB_OFFERS in later.purposes


def test_a_hold_on_what_was_not_ticked_needs_no_second_look() -> None:
    """A write on the day it ends would be for nothing."""
    held = grant(
        purposes=frozenset({Purpose.COMMUNITY}),
        holds=(OutreachHold("job_offers", date(2026, 11, 20), "redundancy"),),
    )
    assert recheck_at(held, NOW) is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, Act.CREATE),
        (Known(MemberState.PENDING, "a"), Act.CREATE),
        (Known(MemberState.REMOVED, "a"), Act.CREATE),
        (Known(MemberState.VERIFIED_ABSENT, "a"), Act.CREATE),
        (Known(MemberState.ACTIVE, "a"), Act.UNCHANGED),
        (Known(MemberState.ACTIVE, "b"), Act.UPDATE),
        (Known(MemberState.ACTIVE, "a", claimed=True), Act.UPDATE),
        (Known(MemberState.HIDDEN, "a"), Act.UPDATE),
        (Known(MemberState.HIDING, "a"), Act.UPDATE),
        (Known(MemberState.REMOVING, "a"), Act.UPDATE),
        (Known(MemberState.STUCK, "a"), Act.UPDATE),
    ],
)
def test_what_is_to_be_done_about_somebody(known: Known | None, expected: Act) -> None:
    """A member counted as new twice trips a brake; one counted as unchanged is never written."""
    assert act_for("a", known) is expected
    if expected is not Act.UNCHANGED:
        assert act_of_state(known.state if known else None) is expected
