"""`trace`: one person's whole way, a sentence a step, from intake to what comes next.

No name and no address is in it: whoever reads a trace over somebody's shoulder learns a number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from alumni_sync.reporting.coming import coming
from alumni_sync.reporting.story import Row, Story, read_story
from alumni_sync.reporting.wording import (
    CASE_EVENTS,
    CONSENT_EVENTS,
    ENDED_STATUSES,
    MAIL_FATES,
    MAILS,
    VERDICTS,
    WRITES,
    case_name,
    civil,
    count_of,
    moment,
)

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

STAGES: Final = ("intake", "eligibility", "case", "mail", "consent", "platform", "next")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of somebody's way.

    Attributes:
        stage: one of `STAGES`.
        at: when it happened; None for what has not happened yet.
        text: a sentence.
    """

    stage: str
    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """The whole way of one person.

    Attributes:
        number: the employee number; "" once it was deleted.
        zone: of the source's site, in which times are told.
    """

    person: str
    source: str
    number: str
    zone: ZoneInfo
    steps: tuple[Step, ...]

    @property
    def head(self) -> str:
        """Return whose way it is."""
        name = f"{self.source}/{self.number}" if self.number else f"somebody of {self.source}"
        return f"{name} ({self.person})"


def trace(d: "Deployment", person_id: str) -> list[str]:
    """Return the whole way of one person as sentences, each with its stage and local time.

    Args:
        d: the open deployment.
        person_id: `P-…`; see `ledger.people.resolve_person` for other names.

    Raises:
        LedgerError: there is no such person.
    """
    way = steps_of(d, person_id)
    return [told(step, way.zone) for step in way.steps]


def steps_of(d: "Deployment", person_id: str) -> Way:
    """Return the whole way of one person.

    Raises:
        LedgerError: there is no such person.
    """
    story = read_story(d, person_id)
    source = story.person["source"]
    zone = d.context(source).timezone  # UTC where the source is not configured any more
    return Way(person_id, source, story.number, zone, tuple(tell(story, zone)))


def told(step: Step, zone: ZoneInfo) -> str:
    """Return a step as one line."""
    when = moment(step.at, zone) if step.at else ""
    return f"{step.stage:<11}  {when:<18}  {step.text}".rstrip()


def tell(story: Story, zone: ZoneInfo) -> list[Step]:
    """Return the steps in the order in which they happened, then what comes next."""
    steps = [
        *_intake(story),
        *_verdicts(story),
        *_cases(story),
        *_mails(story),
        *_consent(story, zone),
        *_platform(story),
        *_ended(story),
    ]
    steps.sort(key=lambda step: (step.at or story.now, STAGES.index(step.stage)))
    return [*steps, *(Step("next", None, text) for text in coming(story, zone))]


def _intake(story: Story) -> Iterator[Step]:
    for spell in story.spells:
        close = f" with the payroll close of {civil(spell['close'])}" if spell["close"] else ""
        yield Step("intake", spell["first_seen_at"], f"Taken in{close}: {_exit(story, spell)}.")
        if spell["record_status"] in ENDED_STATUSES:
            text = ENDED_STATUSES[spell["record_status"]]
            yield Step("intake", spell["changed_at"], text)
        if spell["rehire_on"]:
            begun = "began" if spell["rehire_ends"] else "is to begin"
            text = f"A new employment {begun} on {civil(spell['rehire_on'])}."
            yield Step("intake", spell["changed_at"], text)


def _exit(story: Story, spell: Row) -> str:
    day: date | None = spell["last_working_day"]
    if day is None:
        return "an employment without a last working day"
    over = spell["effective_at"] is not None and spell["effective_at"] <= story.now
    return f"the last working day {'was' if over else 'will be'} {civil(day)}"


def _verdicts(story: Story) -> Iterator[Step]:
    for decision in story.decisions:
        record = story.records.get(decision["id"])
        words = VERDICTS.get(decision["verdict"], decision["verdict"])
        if record is None:
            text = f"Verdict: {words}. What led to it was deleted."
            yield Step("eligibility", decision["decided_at"], text)
            continue
        judged = record.judgement
        reasons = " ".join(judged.reasons) or "No rule speaks against it."
        text = f"Verdict: {words}. {reasons}"
        if judged.flags:
            text += f" Flagged as {' and '.join(sorted(judged.flags))}."
        for hold in judged.holds:
            until = f"until {civil(hold.until)}" if hold.until else "until something changes"
            text += f" {hold.purpose.replace('_', ' ').capitalize()} stay closed {until}."
        yield Step("eligibility", decision["decided_at"], text)


def _cases(story: Story) -> Iterator[Step]:
    names = {case["id"]: case_name(case["id"]) for case in story.cases}
    for event in story.case_events:
        words = CASE_EVENTS.get(event["event"], event["event"].replace("_", " "))
        by = "" if event["actor"] == "system" else f" by {event['actor']}"
        reason = f", because: {event['reason'].replace('_', ' ')}" if event["reason"] else ""
        unsure = "" if event["verified"] or not by else " (who is not verified)"
        if event["changed"]:
            reason += f" ({', '.join(event['changed']).replace('_', ' ')})"
        number = names.get(event["case_id"], "")
        ends = f" until {civil(event['until'])}" if event["until"] else ""
        text = f"Case {number} {words}{ends}{by}{unsure}{reason}."
        yield Step("case", event["at"], text)


def _mails(story: Story) -> Iterator[Step]:
    for invitation in story.invitations:
        reason = invitation["no_contact_reason"]
        if reason:
            text = f"Cannot be asked: {reason.replace('_', ' ')}."
            yield Step("mail", invitation["changed_at"], text)
    for mail in story.mails:
        what = MAILS.get(mail["kind"], mail["kind"])
        fate = MAIL_FATES.get(mail["state"], mail["state"])
        reason = f" ({mail['reason'].replace('_', ' ')})" if mail["reason"] else ""
        at = mail["confirmed_at"] or mail["claimed_at"] or mail["created_at"]
        yield Step("mail", at, f"{what} {fate}{reason}.")


def _consent(story: Story, zone: ZoneInfo) -> Iterator[Step]:
    for event in story.events:
        words = CONSENT_EVENTS.get(event["event"])
        if (event["event"], event["channel"]) == ("asked", "letter"):
            words = "Asked by letter"
        if words is None:
            continue  # the mail itself says it
        body = story.body(event)
        reason = f" ({body['reason'].replace('_', ' ')})" if body.get("reason") else ""
        text = f"{words}{reason}{_said(body, zone)}. Event {event['seq']} of the consent chain."
        yield Step("consent", event["occurred_at"], text)


def _said(body: Mapping[str, object], zone: ZoneInfo) -> str:
    """Return what stands after a decision: how many purposes and fields, in which notice."""
    decision, notice = body.get("decision"), body.get("notice")
    if not isinstance(decision, Mapping) or not isinstance(notice, Mapping):
        return ""
    given = [one for one in decision["purposes"] if one["decision"] == "given"]
    text = f", on notice {notice['id']} {notice['version']} in {notice['language']}"
    if given:
        fields = decision["fields"]
        shown = [one for one in fields if one["shown_to_members"] == "true"]
        text += f": {count_of(len(given), 'purpose')}, {count_of(len(fields), 'field')}"
        text += f", of which {len(shown)} shown to members" if fields else ""
        text += f"; holds until {moment(datetime.fromisoformat(given[0]['valid_until']), zone)}"
    return text


def _platform(story: Story) -> Iterator[Step]:
    names = {row["alumni_id"]: row["platform"] for row in story.memberships}
    for write in story.writes:
        platform = names.get(write["alumni_id"], write["platform"])
        verb = WRITES.get(write["verb"], write["verb"])
        why = f"because of {write['cause']}" if write["cause"] else ""
        if write["consent_seq"] and not why:
            why = f"allowed by event {write['consent_seq']} and rules {write['revision'][:8]}"
        text = f"{verb} on {platform} as {write['alumni_id']}: {write['outcome']}, {why}"
        yield Step("platform", write["confirmed_at"] or write["claimed_at"], f"{text.strip(', ')}.")
    for row in story.memberships:
        if row["state"] == "verified_absent":
            text = f"Looked up on {row['platform']}: nothing of {row['alumni_id']} is left there."
            yield Step("platform", row["changed_at"], text)


def _ended(story: Story) -> Iterator[Step]:
    for spell in story.spells:
        stone = story.buried.get(spell["spell_hash"])
        if stone is not None:
            text = f"What was known of the exit was deleted ({stone['outcome'].replace('_', ' ')})."
            text += " A keyed tombstone remains, so that nobody asks again."
            yield Step("intake", stone["created_at"], text)
    for erasure in story.erasures:
        text = f"Everything about the person was erased ({erasure['reason'].replace('_', ' ')})."
        yield Step("intake", erasure["at"], text)
