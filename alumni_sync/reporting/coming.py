"""What comes next for one person, and what would have to happen for it. Pure."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from alumni_sync.domain import LIVE_STATES, CaseStatus, ConsentState, Verdict
from alumni_sync.reporting.story import Row, Story
from alumni_sync.reporting.wording import case_name, civil, moment

_WAITING: Final = {CaseStatus.OPEN, CaseStatus.REOPENED, CaseStatus.AWAITING_SECOND}
_GONE: Final = {"removed", "verified_absent"}


def coming(story: Story, zone: ZoneInfo) -> list[str]:
    """Return a sentence for everything that is waited for; one that says so where nothing is."""
    found = [
        *_held_back(story),
        *_of_spells(story, zone),
        *_of_cases(story, zone),
        *_of_invitations(story, zone),
        *_of_memberships(story, zone),
    ]
    return found or ["Nothing is waited for."]


def _held_back(story: Story) -> Iterator[str]:
    for what in sorted(story.paused):
        yield f"Everything for {what} is paused: alumni-sync resume."


def _of_spells(story: Story, zone: ZoneInfo) -> Iterator[str]:
    asked = {row["spell_id"] for row in story.invitations}
    for spell in story.spells:
        if spell["record_status"] != "left" or spell["sealed"] is None:
            continue
        effective: datetime | None = spell["effective_at"]
        if effective is not None and effective > story.now:
            yield (
                f"Judged again when the last working day is over, {moment(effective, zone)}; "
                "nobody is asked before."
            )
        elif spell["verdict"] == Verdict.HELD:
            yield from _held(story, spell, zone)
        elif spell["verdict"] == Verdict.ELIGIBLE and spell["id"] not in asked:
            yield "Is invited by the next run, if we may write to the private address."


def _held(story: Story, spell: Row, zone: ZoneInfo) -> Iterator[str]:
    if spell["rehire_on"]:
        yield f"Is asked only if the new employment of {civil(spell['rehire_on'])} is cancelled."
    elif spell["judge_after"]:
        yield f"Judged again on {moment(spell['judge_after'], zone)}."
    elif any(
        spell["effective_at"] and row["decided_at"] < spell["effective_at"] <= story.now
        for row in story.of(story.decisions, "spell_id", spell["id"])[-1:]
    ):
        yield "Judged again by the next run: the last working day is over since."


def _of_cases(story: Story, zone: ZoneInfo) -> Iterator[str]:
    for case in story.cases:
        if case["status"] not in _WAITING:
            continue
        who = "a second person" if case["status"] == CaseStatus.AWAITING_SECOND else "a reviewer"
        two = ", and then another one" if case["two_person"] and who == "a reviewer" else ""
        yield (
            f"Waits for {who} to rule{two}, due by the end of {_due(case['due_at'], zone)}: "
            f"alumni-sync queue show {case_name(case['id'])}. No answer means still out."
        )


def _due(end: datetime, zone: ZoneInfo) -> str:
    """Return the civil day at whose end something is due: midnight belongs to the day before."""
    return civil((end.astimezone(zone) - timedelta(microseconds=1)).date())


def _of_invitations(story: Story, zone: ZoneInfo) -> Iterator[str]:
    for row in story.invitations:
        state = ConsentState(row["state"])
        if state in LIVE_STATES:
            yield f"The yes holds until {moment(row['valid_until'], zone)} unless taken back."
            if row["next_at"] and row["next_at"] < row["valid_until"]:
                again = " again" if state is ConsentState.RENEWAL_DUE else ""
                yield f"Is asked{again} whether it goes on, from {moment(row['next_at'], zone)} on."
        elif state in _SENTENCES:
            yield from _SENTENCES[state](row, zone)


def _invited(row: Row, zone: ZoneInfo) -> Iterator[str]:
    closes, following = row["closes_at"], row["next_at"]
    if following and closes and following < closes:
        yield f"A reminder on {moment(following, zone)} at the earliest, unless answered before."
    if closes:
        yield f"Silence is no: the invitation closes on {moment(closes, zone)}."


def _not_asked(row: Row, zone: ZoneInfo) -> Iterator[str]:
    when = f" from {moment(row['next_at'], zone)} on" if row["next_at"] else ""
    yield f"The invitation leaves on a working day with room for it{when}."


def _deferred(row: Row, zone: ZoneInfo) -> Iterator[str]:
    if row["next_at"]:
        yield f"Is asked once more on {moment(row['next_at'], zone)}."


def _paused(row: Row, zone: ZoneInfo) -> Iterator[str]:
    if row["paused_until"]:
        yield f"Hidden at their own wish until {moment(row['paused_until'], zone)}, or their word."
    if row["suspended"] or not row["paused_until"]:
        yield "Hidden while something speaks against it; comes back when that has ended."


def _refused(row: Row, zone: ZoneInfo) -> Iterator[str]:
    del row, zone
    yield "Is not asked again for this exit, unless the person asks for it."


def _no_contact(row: Row, zone: ZoneInfo) -> Iterator[str]:
    del zone
    if row["no_contact_reason"] == "letter":
        yield "Can be asked by post: alumni-sync letters export."
        return
    yield "Nobody is written to unless a new fact in the source opens a way."


_SENTENCES: Final[dict[ConsentState, Callable[[Row, ZoneInfo], Iterator[str]]]] = {
    ConsentState.INVITED: _invited,
    ConsentState.NOT_ASKED: _not_asked,
    ConsentState.DEFERRED: _deferred,
    ConsentState.PAUSED: _paused,
    ConsentState.REFUSED: _refused,
    ConsentState.EXPIRED: _refused,
    ConsentState.WITHDRAWN: _refused,
    ConsentState.OBJECTED: _refused,
    ConsentState.NO_CONTACT: _no_contact,
}


def _of_memberships(story: Story, zone: ZoneInfo) -> Iterator[str]:
    mine = {row["invitation_id"] for row in story.memberships}
    for row in story.invitations:
        if row["state"] not in LIVE_STATES:
            continue
        if row["withheld"]:
            yield "Is on no platform until a new yes: the recipient is another one now."
        elif row["id"] not in mine:
            yield "Becomes a member with the next sync."
    for row in story.memberships:
        if row["remove_by"] and row["state"] not in _GONE:
            yield f"Is to be gone from {row['platform']} by {moment(row['remove_by'], zone)}."
        elif row["state"] == "removed" and row["verify_at"]:
            when = moment(row["verify_at"], zone)
            yield f"{row['platform']} is looked at once more on {when}: nothing may be left."
        elif row["state"] == "stuck":
            yield f"The removal from {row['platform']} is stuck: alumni-sync dead-letters list."
