"""The sections of an export: what of a person stands in which part of the ledger.

Each section is a list of items of plain JSON. What cannot be read any more is said to be so; what
is kept of it in plain columns (dates, states) stands there all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select

from alumni_sync.domain import LEAVER_FIELDS
from alumni_sync.eligibility.evaluation.explain import rules_said
from alumni_sync.eligibility.judging.records import TABLE as DECISION_TABLE
from alumni_sync.eligibility.judging.records import DecisionRecord, load_record
from alumni_sync.eligibility.wording.languages import WORDS
from alumni_sync.eligibility.wording.words import ENGLISH, Words
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.mail_tables import ReturnedMail
from alumni_sync.ledger.request_tables import AccessLog, JoinRequest, OneTimeCode, RecordedAnswer
from alumni_sync.ledger.tables import (
    Case,
    CaseEvent,
    DeadLetter,
    Decision,
    Erasure,
    Invitation,
    Membership,
    Outbox,
    PlatformWrite,
    Spell,
    Suppression,
    Token,
    Tombstone,
    t,
)
from alumni_sync.privacy.export_reader import OTHERS, Item, Reader, picked, plain, without_names
from alumni_sync.privacy.request_rows import open_shown, requests_of
from alumni_sync.review.queue.numbering import case_number
from alumni_sync.review.record.history import SEEN

KEPT: Final = "kept"
DESTROYED: Final = "destroyed"


def employments(reader: Reader) -> list[Item]:
    """Return each employment that we were told of, with its facts."""
    return [_employment(reader, row) for row in reader.rows(t(Spell), "first_seen_at")]


def _employment(reader: Reader, row: Mapping[str, Any]) -> Item:
    item = picked(
        row,
        ("employment=id", "record_status", "last_working_day", "verdict", "rehire_date=rehire_on"),
    )
    item |= picked(row, ("first_seen_at", "changed_at"))
    readable = row["sealed"] is not None and reader.has(KeyKind.PROFILE)
    facts: Mapping[str, Any] = {}
    if readable:
        content = reader.ring.open(reader.person_id, KeyKind.PROFILE, "spell", row["sealed"])
        facts = load_facts(content)
    item["content"] = KEPT if readable else DESTROYED
    item["facts"] = _own(facts)
    item["withheld"] = sorted(OTHERS & {name for name in facts if facts[name] is not None})
    stones = t(Tombstone)
    query = select(stones).where(stones.c.spell_hash == row["spell_hash"])
    found = reader.connection.execute(query).mappings().first()
    names = ("outcome", "created_at", "reopens_on")
    item["tombstone"] = None if found is None else picked(dict(found), names)
    return item


def _own(facts: Mapping[str, Any]) -> Item:
    """Return facts in the order of the canonical leaver, without those about somebody else."""
    return {n: plain(facts[n]) for n in LEAVER_FIELDS if n in facts and n not in OTHERS}


def decisions(reader: Reader, language: str) -> list[Item]:
    """Return what the rules said of the person: rules in `language`, reasons as they were kept."""
    words = WORDS.get(language, ENGLISH)
    return [_decision(reader, row, words) for row in reader.rows(t(Decision))]


def _decision(reader: Reader, row: Mapping[str, Any], words: Words) -> Item:
    item = picked(row, ("employment=spell_id", "verdict", "decided_at", "revision"))
    if row["sealed"] is None or not reader.has(KeyKind.EVIDENCE):
        return item | {"content": DESTROYED}
    content = reader.ring.open(reader.person_id, KeyKind.EVIDENCE, DECISION_TABLE, row["sealed"])
    record = load_record(content)
    judged = record.judgement
    item["judged_on"] = record.judged_on.isoformat()
    item["reasons"] = list(judged.reasons)
    item["rules"] = list(_rules(reader, row["source"], record, words))
    item["flags"] = sorted(judged.flags)
    item["holds"] = [
        {"purpose": hold.purpose, "until": plain(hold.until), "rule": hold.rule}
        for hold in judged.holds
    ]
    item["unknown"] = list(judged.unknown)
    item["topics"] = list(record.topics)
    item["facts"] = _own(record.facts)
    return item


def _rules(reader: Reader, source: str, record: DecisionRecord, words: Words) -> Iterator[Item]:
    """Yield the rules that spoke; their sentences only while they are the rules that judged."""
    sentences = {said.id: said.sentence for said in rules_said(reader.d, source, record, words)}
    for rule in record.judgement.rules:
        yield {"rule": rule, "sentence": sentences.get(rule, "")}


def cases(reader: Reader) -> list[Item]:
    """Return the cases of the exclusion queue, with every ruling and its reason."""
    found = []
    history = [row for row in reader.rows(t(CaseEvent)) if row["event"] != SEEN]
    for row in reader.rows(t(Case)):
        item: Item = {"case": case_number(row["id"])}
        item |= picked(row, ("employment=spell_id", "verdict", "state=status"))
        item |= picked(row, ("opened_at", "due_at", "closed_at", "admitted_until"))
        item["history"] = [
            _happened(reader, event) for event in history if event["case_id"] == row["id"]
        ]
        found.append(item)
    return found


def _happened(reader: Reader, row: Mapping[str, Any]) -> Item:
    item = picked(row, ("at", "event", "reason"))
    item["by"] = reader.role(row["actor"])
    if row["until"] is not None:
        item["until"] = plain(row["until"])
    opened = reader.opened(KeyKind.EVIDENCE, "case_event", row["sealed"])
    if isinstance(opened, dict):
        return item | {"changes": _own_changes(opened["facts"])}
    return item | ({"words": opened} if opened else {})


def _own_changes(facts: Mapping[str, Any]) -> Item:
    """Return field → what it was and is, without those about somebody else."""
    return {
        name: {"was": both[0], "now": both[1]}
        for name, both in facts.items()
        if name in LEAVER_FIELDS and name not in OTHERS
    }


def memberships(reader: Reader) -> list[Item]:
    """Return what the person is on a platform."""
    names = ("platform", "alumni_id", "state", "cause", "joined_at", "hidden_at", "removed_at")
    return [
        picked(row, (*names, "absent_at"))
        | {"reference": reader.opened(KeyKind.EVIDENCE, "membership", row["sealed"])}
        for row in reader.rows(t(Membership))
    ]


def writes(reader: Reader) -> list[Item]:
    """Return everything that was written to a platform, with what allowed or required it."""
    names = ("at=claimed_at", "platform", "verb", "outcome", "reason", "cause")
    return [
        picked(row, (*names, "consent_event=consent_seq")) for row in reader.rows(t(PlatformWrite))
    ]


def mails(reader: Reader) -> list[Item]:
    """Return which mails there were; what stood in them is not stored."""
    names = ("kind", "state", "reason", "queued_at=created_at", "sent_at=confirmed_at")
    return [picked(row, names) for row in reader.rows(t(Outbox))]


def failures(reader: Reader) -> list[Item]:
    """Return what was tried until trying again made no sense, and what came back."""
    names = ("kind", "state", "reason", "attempts", "created_at", "closed_at")
    found = [picked(row, names) for row in reader.rows(t(DeadLetter))]
    returned, invitations = t(ReturnedMail), t(Invitation)
    mine = select(invitations.c.id).where(invitations.c.person_id == reader.person_id)
    query = select(returned).where(returned.c.invitation_id.in_(mine)).order_by(returned.c.at)
    reports = reader.connection.execute(query).mappings()
    return found + [picked(dict(row), ("kind", "status", "at")) for row in reports]


def links(reader: Reader) -> list[Item]:
    """Return which personal links and codes there were; the secrets are known to nobody."""
    names = ("kind", "created_at", "expires_at", "used_at")
    found = [picked(row, names) for row in reader.rows(t(Token), "created_at")]
    codes = reader.rows(t(OneTimeCode))
    return found + [{"kind": "code"} | picked(row, names[1:]) for row in codes]


def suppressions(reader: Reader, addresses: Sequence[str]) -> list[Item]:
    """Return whether an address of the person is on the list of whom not to write to."""
    hashes = {reader.d.ledger.hashes.address(one) for one in addresses if one}
    hashes |= {reader.person["address_hash"]} - {None}
    table = t(Suppression)
    query = select(table).where(table.c.address_hash.in_(sorted(hashes)))
    names = ("scope", "reason", "created_at", "rejustify_at")
    return [picked(dict(row), names) for row in reader.connection.execute(query).mappings()]


def requests(reader: Reader) -> list[Item]:
    """Return what the person asked of us, and what became of it."""
    found = []
    for row, history in requests_of(reader.connection, reader.person_id):
        shown = open_shown(row, history, reader.ring, reader.d.clock.now())
        item: Item = {"request": shown.summary.number}
        columns = dict(zip(row._fields, row, strict=True))
        item |= picked(columns, ("kind", "state", "channel", "received_at", "due_at", "closed_at"))
        item["words"] = DESTROYED if shown.unreadable else shown.words
        item["history"] = [
            {
                "at": plain(each.at),
                "event": each.event,
                "by": reader.role(each.actor),
                "reason": each.reason,
                "answer": each.answer,
            }
            for each in shown.history
        ]
        found.append(item)
    return found


def recorded(reader: Reader) -> list[Item]:
    """Return answers that came on paper or by phone."""
    names = ("kind", "state", "channel", "received_on", "recorded_at")
    found = []
    for row in reader.rows(t(RecordedAnswer)):
        said = reader.opened(KeyKind.EVIDENCE, "recorded_answer", row["sealed"])
        said = without_names(said, reader.role)
        item = picked(row, names) | {"by": reader.role(row["recorded_by"])}
        found.append(item | {"content": DESTROYED if said is None else said})
    return found


def joins(reader: Reader) -> list[Item]:
    """Return requests to join that led to this person: of the content the proven address stays."""
    names = ("state", "language", "created_at", "proven_at", "closed_at")
    found = []
    for row in reader.rows(t(JoinRequest), "created_at"):
        said = reader.opened(KeyKind.PROFILE, "join_request", row["sealed"])
        found.append(picked(row, names) | ({} if said is None else {"content": said}))
    return found


def accesses(reader: Reader) -> list[Item]:
    """Return who of the company looked at the person's data, by their role."""
    looked = [
        {"at": plain(row["at"]), "by": reader.role(row["actor"])} | picked(row, ("act", "subject"))
        for row in reader.rows(t(AccessLog))
    ]
    looked += [
        {
            "at": plain(row["at"]),
            "by": reader.role(row["actor"]),
            "act": "see a case",
            "subject": case_number(row["case_id"]),
        }
        for row in reader.rows(t(CaseEvent))
        if row["event"] == SEEN
    ]
    return sorted(looked, key=lambda item: str(item["at"]))


def erasures(reader: Reader) -> list[Item]:
    """Return when the person was erased."""
    return [picked(row, ("at", "reason")) for row in reader.rows(t(Erasure))]
