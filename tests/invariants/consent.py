"""Who may be asked and who may be on the platform, worked out naively (I1, I2, I9, the chain)."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from tests.invariants.violation import Violation
from tests.invariants.world import Mail, Member, Row, World, host_of, instant

LIVE: Final = {"given", "renewal_due", "renewed"}
HIDE_WITHIN: Final = timedelta(minutes=15)
GONE_WITHIN: Final = timedelta(hours=24)
LONGEST_YES: Final = timedelta(days=731)  # 24 months
MOST_ASKING: Final = 3
ASKING: Final = {"invitation", "reminder", "again"}
SATURDAY: Final = 5
_TAG: Final = b"alumni-ledger-v1\0"
_GENESIS: Final = "0" * 64


def events_of(world: World) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Return invitation id → its consent events in order, from their canonical bytes."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(world.rows("consent_event"), key=lambda row: int(row["seq"])):
        event = json.loads(bytes(row["canonical"]))
        found[event["invitation_id"]].append(event)
    return found


def why_not_live(world: World, invitation: Row, events: Sequence[Mapping[str, Any]]) -> str:
    """Return why an invitation has no live grant now, "" if it has one."""
    spell = world.by("spell", "id")[invitation["spell_id"]]
    person = world.by("person", "id")[invitation["person_id"]]
    state = events[-1]["state_after"] if events else "not_asked"
    if state not in LIVE:
        return f"the consent is {state}"
    begun = [e for e in events if e["state_after"] in LIVE and e["state_before"] not in LIVE]
    yes = [e for e in events if e["state_after"] in LIVE and e["actor"] == "subject"]
    if not yes or begun[0]["actor"] != "subject":
        return "nobody but the subject can say yes"
    given = datetime.fromisoformat(yes[-1]["occurred_at"])
    until = instant(invitation["valid_until"])
    if until is None or world.now >= min(until, given + LONGEST_YES):
        return "the yes is over"
    exit_end = instant(spell["effective_at"])
    if exit_end is None or datetime.fromisoformat(begun[0]["occurred_at"]) < exit_end:
        return "the yes came before the exit"
    return _why_not_standing(world, spell, person)


def _why_not_standing(world: World, spell: Row, person: Row) -> str:
    suppression = world.by("suppression", "address_hash").get(person["address_hash"])
    if suppression is not None and suppression["scope"] == "all":
        return "the person objected to being written to"
    if spell["record_status"] != "left":
        return f"the exit is {spell['record_status']}"
    if spell["rehire_ends"]:
        return "the person works here again"
    return "the person was erased" if person["erased_at"] else ""


def nobody_without_a_grant_is_on_the_platform(world: World) -> Iterator[Violation]:
    """I1: a live grant, or a removal that is recorded and younger than its deadline."""
    memberships = world.by("membership", "alumni_id")
    invitations = world.by("invitation", "id")
    events = events_of(world)
    for member in world.platform:
        membership = memberships.get(member.alumni_id)
        if membership is None:
            yield Violation("I1", f"{member.alumni_id} is on the platform, unknown to the ledger")
            continue
        invitation = invitations[membership["invitation_id"]]
        why = why_not_live(world, invitation, events[invitation["id"]])
        if why and (problem := _removal_problem(world, member, membership, why)):
            yield Violation("I1", f"{member.alumni_id}: {why}, {problem}")


def _removal_problem(world: World, member: Member, membership: Row, why: str) -> str:
    """Return what is wrong with taking somebody away, "" if it is under way in time."""
    if why == "the consent is paused":
        return "and is visible" if member.visible and not _hiding(world, membership) else ""
    deadline = instant(membership["remove_by"])
    if deadline is None or not membership["cause"]:
        return "and no removal is recorded"
    if world.now > deadline:
        return "and the removal is late"
    closed = deadline - GONE_WITHIN
    if member.visible and world.now > closed + HIDE_WITHIN:
        return "and is still visible a quarter of an hour later"
    return ""


def _hiding(world: World, membership: Row) -> bool:
    """Say whether hiding was ordered and is not late."""
    changed = instant(membership["changed_at"])
    ordered = membership["state"] in {"hiding", "removing"} and bool(membership["cause"])
    return ordered and changed is not None and world.now <= changed + HIDE_WITHIN


def admitted(world: World, case: Row | None) -> bool:
    """Say whether a case was admitted by as many people as it takes."""
    if case is None or case["status"] != "admitted":
        return False
    if not case["two_person"]:
        return True
    name = f"EX-{case['id']:06d}"
    return any(
        row["subject"] == name
        and row["act"] == "admit"
        and row["second_by"]
        and row["second_by"] != row["first_by"]
        for row in world.rows("approval")
    )


def why_not_welcome(world: World, spell: Row) -> str:
    """Return why a spell may not be in the community whatever the person says, "" if it may."""
    verdict = spell["verdict"]
    if verdict == "eligible":
        return ""
    case = world.by("exclusion_case", "spell_id").get(spell["id"])
    if verdict in {"excluded", "review"} and admitted(world, case):
        return ""
    return f"the verdict is {verdict}" if verdict else "there is no verdict"


def nobody_adverse_is_on_the_platform(world: World) -> Iterator[Violation]:
    """I2: excluded, held or undecided people are not visible, and hidden only while it lasts."""
    memberships = world.by("membership", "alumni_id")
    spells = world.by("spell", "id")
    events = events_of(world)
    for member in world.platform:
        membership = memberships.get(member.alumni_id)
        if membership is None:
            continue  # I1 says so
        spell = spells[membership["spell_id"]]
        why = why_not_welcome(world, spell)
        if not why or spell["verdict"] == "out_of_scope":
            continue  # shrinking the audience never touches a grant
        if member.visible:
            yield Violation("I2", f"{member.alumni_id} is visible although {why}")
        elif not _hidden_legally(world, membership, spell, events[membership["invitation_id"]]):
            yield Violation("I2", f"{member.alumni_id} is hidden without end although {why}")


def _hidden_legally(
    world: World, membership: Row, spell: Row, events: Sequence[Mapping[str, Any]]
) -> bool:
    """Say whether hiding has an end: a ruling, the removal, the exit, or the new job's beginning.

    Whoever is held, or leaves only later than was said, is hidden while their consent is paused; a
    consent that still counts as given would be one that nobody will ever take up again.
    """
    case = world.by("exclusion_case", "spell_id").get(spell["id"])
    undecided = case is not None and case["status"] in {"open", "reopened", "awaiting_second"}
    coming_back = spell["rehire_on"] is not None and not spell["rehire_ends"]
    exit_end = instant(spell["effective_at"])
    waiting = spell["verdict"] == "held" or (exit_end is not None and exit_end > world.now)
    paused = bool(events) and events[-1]["state_after"] == "paused"
    removed = membership["remove_by"] is not None
    return undecided or coming_back or removed or (waiting and paused)


def chain_is_whole(world: World) -> Iterator[Violation]:
    """The evidence behind I1 and I6: no consent event was edited, removed or slipped in."""
    previous = _GENESIS
    rows = sorted(world.rows("consent_event"), key=lambda row: int(row["seq"]))
    for expected, row in enumerate(rows, start=1):
        content = bytes(row["canonical"])
        event = json.loads(content)
        digest = hashlib.sha256(_TAG + content).hexdigest()
        if (int(row["seq"]), digest, event["prev_hash"]) != (
            expected,
            row["entry_hash"],
            previous,
        ):
            yield Violation("I6", f"the consent chain is broken at event {expected}")
            return
        if event["state_after"] != row["state_after"] or event["person_id"] != row["person_id"]:
            yield Violation("I6", f"a column of event {expected} differs from its bytes")
        previous = row["entry_hash"]


def nobody_is_asked_who_must_not_be(world: World) -> Iterator[Violation]:
    """I2 before joining: the contact gate, from the mails that really went out."""
    outbox = {row["message_id"].strip("<>"): row for row in world.rows("outbox")}
    invitations = world.by("invitation", "id")
    spells = world.by("spell", "id")
    domains = tuple(world.config["company"].get("domains", ()))
    for mail in world.mails:
        row = outbox.get(mail.message_id.strip("<>"))
        if row is None:
            yield Violation("I6", f"{mail.path} was sent, unknown to the ledger")
            continue
        if row["kind"] not in ASKING:
            continue
        host = host_of(mail.to)
        if any(host == domain or host.endswith(f".{domain}") for domain in domains):
            yield Violation("I2", f"{mail.path} asks at a company address")
        spell = spells[invitations[row["invitation_id"]]["spell_id"]]
        if not _was_welcome(world, spell, mail):
            yield Violation("I2", f"{mail.path} asks somebody who was not to be asked")


def _was_welcome(world: World, spell: Row, mail: Mail) -> bool:
    """Say whether a spell could be asked when the mail went out; verdicts may change later."""
    if mail.sent is None or mail.sent.weekday() >= SATURDAY:
        return False
    exit_end = instant(spell["effective_at"])
    if exit_end is None or mail.sent < exit_end.replace(microsecond=0):
        return False
    return not why_not_welcome(world, spell) or _decided_before(world, spell, mail.sent)


def _decided_before(world: World, spell: Row, sent: datetime) -> bool:
    """Say whether the last decision before a mail was `eligible`."""
    mine = [row for row in world.rows("decision") if row["spell_id"] == spell["id"]]
    before = [row for row in mine if (instant(row["decided_at"]) or sent) <= sent]
    return bool(before) and max(before, key=lambda row: row["id"])["verdict"] == "eligible"


def nobody_is_asked_again(world: World) -> Iterator[Violation]:
    """I9: whoever was purged, refused, withdrew or objected is not asked again."""
    yield from _tombstones_are_kept(world)
    yield from _erased_cannot_be_read(world)
    events = events_of(world)
    for row in world.rows("outbox"):
        if row["kind"] not in ASKING or row["state"] not in {"accepted", "unknown", "claimed"}:
            continue
        said = [e for e in events[row["invitation_id"]] if e["actor"] == "subject"]
        ended = [e for e in said if e["state_after"] in {"refused", "withdrawn", "objected"}]
        at = instant(row["claimed_at"])
        if any(at and at > datetime.fromisoformat(e["occurred_at"]) for e in ended):
            yield Violation("I9", f"outbox {row['id']} asks somebody who has answered")
    asked = Counter(
        round_of(row)
        for row in world.rows("outbox")
        if row["kind"] in ASKING and row["state"] in {"accepted", "unknown", "claimed"}
    )
    for asking, number in asked.items():
        if number > MOST_ASKING:
            yield Violation("I9", f"{asking} has {number} asking mails")


def round_of(row: Row) -> str:
    """Return the invitation and round that an asking mail of the outbox belongs to."""
    return str(row["key"]).rpartition(".")[0]


def _erased_cannot_be_read(world: World) -> Iterator[Violation]:
    keys = {row["subject"]: row for row in world.keys["wrapped_key"]}
    for person in world.rows("person"):
        key = keys.get(person["id"])
        if person["erased_at"] is not None and key is not None and key["profile"] is not None:
            yield Violation("I9", f"{person['id']} was erased and can still be read")


def _tombstones_are_kept(world: World) -> Iterator[Violation]:
    spells = world.by("spell", "spell_hash")
    invitations = world.by("invitation", "spell_id")
    for tombstone in world.rows("tombstone"):
        spell = spells.get(tombstone["spell_hash"])
        invitation = invitations.get(spell["id"]) if spell else None
        if spell is None or invitation is None:
            continue
        began, buried = instant(invitation["created_at"]), instant(tombstone["created_at"])
        if began and buried and began > buried and invitation["asked"]:
            yield Violation("I9", f"{invitation['id']} asks somebody who was purged")
    buried_hashes = {row["spell_hash"] for row in world.rows("tombstone")}
    for spell in world.rows("spell"):
        if spell["sealed"] is None and spell["spell_hash"] not in buried_hashes:
            yield Violation("I9", f"{spell['id']} was purged without a tombstone")
