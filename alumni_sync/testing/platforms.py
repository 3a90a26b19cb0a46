"""Conformance kit for community platforms, and an in-memory platform with fault switches.

A plugin's test runs every check on a fresh, empty platform:

    @pytest.mark.parametrize("check", PLATFORM_CHECKS, ids=lambda check: check.__name__)
    def test_conformance(check, platform):
        check(platform)

A check raises `AssertionError` and says what would go wrong in production.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from alumni_sync.errors import ConnectorError, PermanentError
from alumni_sync.ports import (
    CommunityPlatform,
    Engagement,
    MemberChoice,
    MemberRef,
    PlatformHealth,
    PlatformInfo,
    PluginContext,
    Profile,
    ProfileField,
    Purpose,
    Removal,
    Residue,
    Shown,
    WriteOutcome,
    WriteResult,
    profile_content,
)

LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


def plain_context(root: Path, name: str = "platform") -> PluginContext:
    """Return a context as a deployment gives it, with a hash that is not keyed."""
    return PluginContext(name, str(root), ZoneInfo("UTC"), _plain_fingerprint)


def _plain_fingerprint(purpose: str, content: bytes) -> str:
    return sha256(purpose.encode() + b"\0" + content).hexdigest()


def sample_profile(number: int, *, name: str = "", city: str = "Kraków") -> Profile:
    """Return an invented member; equal numbers give equal profiles."""
    return Profile(
        alumni_id=f"A-{number:016d}",
        name=name or f"Żaneta Próbna-{number}",
        email=f"zaneta.{number}@mail.example",
        fields={
            ProfileField.CITY: Shown(city, to_members=True),
            ProfileField.JOB_TITLE: Shown("Analyst <R&D>", to_members=True),
            ProfileField.PHONE: Shown(f"+48 12 555 {number:04d}", to_members=False),
        },
        purposes=frozenset({Purpose.COMMUNITY, Purpose.EVENTS}),
        segments=frozenset({f"city:{city}"}),
    )


# --- the fake -----------------------------------------------------------------------------------


@dataclass
class Held:
    """A member as the fake platform holds it."""

    profile: Profile
    visible: bool = True


class NoSettings(BaseModel):
    """The fake has no settings."""


class FakePlatform:
    """A community platform in memory. Faults are switched on by setting its attributes.

    Attributes:
        held: alumni id → what is there now.
        calls: `(verb, alumni id)` of everything that was really done, in order.
        poison: alumni id or address → reason with which a write is refused.
        busy: alumni id or address → reason with which another attempt is asked for.
        mute: alumni ids or addresses that are written, but for which no result comes back.
        fail_after: writes that succeed before `failure` is raised; None never fails.
        failure: what is raised then; the write it interrupts was done.
        sticky: alumni ids that erasing only hides.
        on_write: called with the alumni id before each write lands, e.g. to withdraw meanwhile.
        chosen: what `choices` yields.
    """

    info: ClassVar[PlatformInfo] = PlatformInfo(
        name="fake",
        vendor="alumni_sync.testing",
        docs_url="docs/platforms.md",
        auth="none",
        capabilities={"visibility": True, "choices": True, "batch": 50},
    )
    Settings: ClassVar[type[BaseModel]] = NoSettings

    def __init__(self, settings: NoSettings, context: PluginContext) -> None:
        """Start empty, without faults."""
        del settings
        self._fingerprint = context.fingerprint
        self.held: dict[str, Held] = {}
        self.calls: list[tuple[str, str]] = []
        self.poison: dict[str, str] = {}
        self.busy: dict[str, str] = {}
        self.mute: set[str] = set()
        self.sticky: set[str] = set()
        self.fail_after: int | None = None
        self.failure: ConnectorError = PermanentError("fake", "write", "switched to fail")
        self.on_write: Callable[[str], None] = lambda _alumni_id: None
        self.chosen: list[MemberChoice] = []

    def check(self) -> PlatformHealth:
        """Be well."""
        return PlatformHealth(ok=True)

    def members(self) -> Iterator[MemberRef]:
        """Yield who is there."""
        for alumni_id, held in list(self.held.items()):
            content = self._fingerprint("profile", profile_content(held.profile))
            yield MemberRef(alumni_id, f"id-{alumni_id}", held.visible, content)

    def upsert(self, profiles: Sequence[Profile]) -> Iterator[WriteResult]:
        """Write one after the other, with whatever fault is switched on."""
        for profile in profiles:
            result = self._write(profile)
            if not self.mute & {profile.alumni_id, profile.email}:
                yield result

    def remove(self, members: Sequence[MemberRef], how: Removal) -> Iterator[WriteResult]:
        """Hide or erase one after the other; who is not there counts as done."""
        for member in members:
            alumni_id = member.alumni_id
            self._fail_when_due()
            if alumni_id in self.busy:
                yield WriteResult(alumni_id, WriteOutcome.RETRY, reason=self.busy[alumni_id])
                continue
            self.calls.append((how.value, alumni_id))
            if how is Removal.ERASE and alumni_id not in self.sticky:
                self.held.pop(alumni_id, None)
            elif alumni_id in self.held:
                self.held[alumni_id].visible = False
            yield WriteResult(alumni_id, WriteOutcome.DONE, f"id-{alumni_id}")

    def verify_absent(self, member: MemberRef) -> Residue:
        """Say what is there."""
        held = self.held.get(member.alumni_id)
        if held is None:
            return Residue.ABSENT
        return Residue.PRESENT if held.visible else Residue.HIDDEN

    def choices(self, since: datetime) -> Iterator[MemberChoice]:
        """Yield what was put into `chosen`."""
        yield from (choice for choice in self.chosen if choice.at >= since)

    def engagement(self, since: date) -> Iterator[Engagement]:
        """Refuse: not offered."""
        raise PermanentError("fake", f"engagement since {since}", "not offered")

    def visible(self) -> set[str]:
        """Return the alumni ids that other members can see."""
        return {alumni_id for alumni_id, held in self.held.items() if held.visible}

    def _write(self, profile: Profile) -> WriteResult:
        alumni_id = profile.alumni_id
        for faults, outcome in (
            (self.poison, WriteOutcome.REFUSED),
            (self.busy, WriteOutcome.RETRY),
        ):
            reason = faults.get(alumni_id) or faults.get(profile.email)
            if reason:
                return WriteResult(alumni_id, outcome, reason=reason)
        self.on_write(alumni_id)
        before = self.held.get(alumni_id)
        if before and before.visible and before.profile == profile:
            return WriteResult(alumni_id, WriteOutcome.UNCHANGED, f"id-{alumni_id}")
        self.held[alumni_id] = Held(profile)
        self.calls.append(("update" if before else "create", alumni_id))
        self._fail_when_due()
        return WriteResult(alumni_id, WriteOutcome.DONE, f"id-{alumni_id}")

    def _fail_when_due(self) -> None:
        if self.fail_after is None:
            return
        if self.fail_after == 0:
            raise self.failure
        self.fail_after -= 1


# --- the checks ---------------------------------------------------------------------------------


def _equal(expected: object, actual: object, otherwise: str) -> None:
    if expected != actual:
        msg = f"{otherwise}: expected {expected!r}, got {actual!r}"
        raise AssertionError(msg)


def _outcomes(results: Iterator[WriteResult]) -> dict[str, WriteOutcome]:
    seen: dict[str, WriteOutcome] = {}
    for result in results:
        _equal(expected=False, actual=result.alumni_id in seen, otherwise="two results for one")
        seen[result.alumni_id] = result.outcome
    return seen


def _create(platform: CommunityPlatform, *numbers: int) -> list[MemberRef]:
    profiles = [sample_profile(number) for number in numbers]
    results = {result.alumni_id: result for result in platform.upsert(profiles)}
    _equal(
        {profile.alumni_id: WriteOutcome.DONE for profile in profiles},
        {alumni_id: result.outcome for alumni_id, result in results.items()},
        "new members were not all created, or results are missing",
    )
    return [
        MemberRef(profile.alumni_id, results[profile.alumni_id].platform_id, visible=True)
        for profile in profiles
    ]


def check_a_new_member_is_listed(platform: CommunityPlatform) -> None:
    """Who was written must be found again: what cannot be found cannot be removed."""
    _create(platform, 1, 2)
    listed = {member.alumni_id: member.visible for member in platform.members()}
    _equal({"A-0000000000000001": True, "A-0000000000000002": True}, listed, "not listed")


def check_writing_twice_makes_one_member(platform: CommunityPlatform) -> None:
    """After a crash every write is repeated; a second member could never be removed by its yes."""
    _create(platform, 1)
    again = _outcomes(platform.upsert([sample_profile(1)]))
    _equal({"A-0000000000000001": WriteOutcome.UNCHANGED}, again, "a repeat was not recognised")
    _equal(1, sum(1 for _ in platform.members()), "a repeated write made a second member")


def check_a_change_is_written(platform: CommunityPlatform) -> None:
    """What a person corrected must be what others read."""
    _create(platform, 1)
    before = {member.alumni_id: member.content for member in platform.members()}
    changed = replace(sample_profile(1), name="Żaneta Nowa")
    _equal([WriteOutcome.DONE], list(_outcomes(platform.upsert([changed])).values()), "no update")
    after = {member.alumni_id: member.content for member in platform.members()}
    _equal(1, len(after), "an update made a second member")
    if any(before.values()):
        _equal(expected=False, actual=before == after, otherwise="the content hash did not change")


def check_hiding_hides_and_writing_shows_again(platform: CommunityPlatform) -> None:
    """A paused member must vanish at once, and come back when the pause ends."""
    (member,) = _create(platform, 1)
    _outcomes(platform.remove([member], Removal.HIDE))
    _equal(
        {member.alumni_id: False},
        {listed.alumni_id: listed.visible for listed in platform.members()},
        "a hidden member is not listed as hidden",
    )
    _equal(Residue.HIDDEN, platform.verify_absent(member), "hidden, but not reported as hidden")
    _outcomes(platform.upsert([sample_profile(1)]))
    _equal(
        {member.alumni_id: True},
        {listed.alumni_id: listed.visible for listed in platform.members()},
        "writing did not make the member visible again",
    )


def check_erasing_leaves_nothing(platform: CommunityPlatform) -> None:
    """A withdrawal is a promise; whatever is left breaks it."""
    gone, stays = _create(platform, 1, 2)
    _equal(Residue.PRESENT, platform.verify_absent(gone), "a member was reported absent")
    _equal(
        {gone.alumni_id: WriteOutcome.DONE},
        _outcomes(platform.remove([gone], Removal.ERASE)),
        "erasing was not reported as done",
    )
    _equal(Residue.ABSENT, platform.verify_absent(gone), "something is left after erasing")
    _equal([stays.alumni_id], [m.alumni_id for m in platform.members()], "the wrong ones are left")


def check_removing_who_is_gone_is_done(platform: CommunityPlatform) -> None:
    """A removal is repeated after a crash; an error then would be retried for ever."""
    (member,) = _create(platform, 1)
    for how in (Removal.HIDE, Removal.ERASE, Removal.ERASE, Removal.HIDE):
        _equal(
            {member.alumni_id: WriteOutcome.DONE},
            _outcomes(platform.remove([member], how)),
            f"{how} of somebody who may be gone failed",
        )
    _equal(Residue.ABSENT, platform.verify_absent(member), "a repeated removal brought them back")


def check_removal_needs_no_platform_id(platform: CommunityPlatform) -> None:
    """A crash between a write and its answer leaves us with our own id only."""
    (member,) = _create(platform, 1)
    _outcomes(platform.remove([replace(member, platform_id="")], Removal.ERASE))
    _equal(Residue.ABSENT, platform.verify_absent(replace(member, platform_id="")), "not found")
    _equal([], list(platform.members()), "a member written before a crash cannot be removed")


def check_who_was_erased_can_come_back(platform: CommunityPlatform) -> None:
    """Somebody who withdrew may join again, years later."""
    (member,) = _create(platform, 1)
    _outcomes(platform.remove([member], Removal.ERASE))
    _create(platform, 1)


def check_nothing_to_do_is_nothing(platform: CommunityPlatform) -> None:
    """An empty batch is not "everybody"."""
    _create(platform, 1)
    _equal([], list(platform.upsert([])), "an empty batch wrote something")
    _equal([], list(platform.remove([], Removal.ERASE)), "an empty removal removed something")
    _equal(1, sum(1 for _ in platform.members()), "an empty call changed the members")


def check_one_batch_may_hold_many(platform: CommunityPlatform) -> None:
    """More members than fit a vendor's page are still all found."""
    _create(platform, *range(1, 251))
    listed = [member.alumni_id for member in platform.members()]
    _equal(250, len(set(listed)), "members are lost between pages")
    _equal(250, len(listed), "members are listed twice")


def check_health_and_choices_answer(platform: CommunityPlatform) -> None:
    """`doctor` and the weekly comparison ask every platform."""
    _equal(expected=True, actual=platform.check().ok, otherwise="an empty platform is not well")
    _equal([], list(platform.choices(LONG_AGO)), "an empty platform reports choices")


PLATFORM_CHECKS: Final[tuple[Callable[[CommunityPlatform], None], ...]] = (
    check_a_new_member_is_listed,
    check_writing_twice_makes_one_member,
    check_a_change_is_written,
    check_hiding_hides_and_writing_shows_again,
    check_erasing_leaves_nothing,
    check_removing_who_is_gone_is_done,
    check_removal_needs_no_platform_id,
    check_who_was_erased_can_come_back,
    check_nothing_to_do_is_nothing,
    check_one_batch_may_hold_many,
    check_health_and_choices_answer,
)
"""Every check of the port; each wants a platform that is empty."""
