"""From a grant to the profile that may leave for the platform. Pure.

Only ticked fields and granted purposes, each asked of `may_process` at this moment. A grant has no
place for a never-field (4-consent), and neither has a profile.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final

from alumni_sync.consent.gates import LATEST_ZONE, in_force, may_process
from alumni_sync.consent.grants import Grant
from alumni_sync.ports import Profile, ProfileField, Purpose

SEGMENT_FIELDS: Final = (
    ProfileField.LEGAL_ENTITY,
    ProfileField.DEPARTMENT,
    ProfileField.CITY,
    ProfileField.COUNTRY,
    ProfileField.LEAVE_YEAR,
)
"""Ticked fields that members are addressed by; a segment is `field:value`."""
_SEGMENTS: Final = {name: f"{name}:" for name in SEGMENT_FIELDS}

BADGE_SEGMENTS: Final = {
    ProfileField.MENTOR_BADGE: "mentors",
    ProfileField.EXPERT_BADGE: "experts",
    ProfileField.RETIREE_BADGE: "retirees",
}


def build_profile(grant: Grant, alumni_id: str, now: datetime) -> Profile | None:
    """Return what may leave for the platform at `now`; None where nothing may."""
    if not may_process(grant, Purpose.COMMUNITY, None, now):
        return None
    fields = grant.fields  # ticked ones only; the community's own yes is what they need
    segments = {head + fields[name].value for name, head in _SEGMENTS.items() if name in fields}
    segments |= {segment for badge, segment in BADGE_SEGMENTS.items() if badge in fields}
    return Profile(
        alumni_id=alumni_id,
        name=grant.name,
        email=grant.email,
        fields=fields,
        purposes=_open_now(grant, now) if grant.holds else grant.purposes,
        segments=frozenset(segments),
    )


def _open_now(grant: Grant, now: datetime) -> frozenset[Purpose]:
    """Return the granted purposes that no hold closes at `now`."""
    return frozenset(one for one in grant.purposes if may_process(grant, one, None, now))


def recheck_at(grant: Grant, now: datetime) -> datetime | None:
    """Return when the profile will change by time alone: a hold on a granted purpose ends then."""
    if not grant.holds:
        return None
    ends = [
        datetime.combine(hold.until + timedelta(days=1), time(), UTC) + LATEST_ZONE
        for hold in grant.holds
        if hold.until is not None and hold.purpose in grant.purposes and in_force(hold, now)
    ]
    return min(ends, default=None)
