"""One person's file for the HR desk: where everything about them stands now, in plain words.

Names the person, so it is for whoever may see evidence and only when they ask for this person; that
it was opened is written down first. Why somebody was left out is not in it: that is in the case.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from alumni_sync.consent.answers.dossier import INVITATION, open_dossier, select_dossiers
from alumni_sync.consent.answers.offers import full_name
from alumni_sync.consent.evidence.history import Happened, consents_of
from alumni_sync.consent.paper.forms import ANSWERS, answer_number
from alumni_sync.domain import ConsentState, Facts, Identity
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.vault import KeyRing
from alumni_sync.privacy.holds import Hold, holds_of
from alumni_sync.reporting.standing_words import OBSTACLES, in_words
from alumni_sync.reporting.story import Row, Story, read_story
from alumni_sync.reporting.wording import (
    ENDED_STATUSES,
    MAIL_FATES,
    MAILS,
    VERDICTS,
    case_name,
)
from alumni_sync.review.people.access import Look, log_access, looks_at
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment


@dataclass(frozen=True, slots=True)
class SpellLine:
    """One employment of the person.

    Attributes:
        verdict: of the rules, in words.
        standing: what speaks against a yes, in words; "" where nobody has been asked.
        case: its number, "" where there is none; `case_status` its status.
    """

    spell_id: str
    hired_on: date | None
    last_day: date | None
    ended: str
    verdict: str
    standing: str
    case: str
    case_status: str


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """The consent of one employment.

    Attributes:
        words: where it stands, in a sentence.
        live: whether it allows anything now.
        ticked: what stands: purposes, and fields with value and whether they are shown.
        answers: recorded on paper or by phone: number, kind and state.
    """

    invitation_id: str
    spell_id: str
    state: ConsentState
    words: str
    live: bool
    version: int
    language: str
    name: str
    email: str
    purposes: tuple[str, ...]
    fields: Mapping[str, tuple[str, bool]]
    events: tuple[Happened, ...]
    answers: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class MailLine:
    """One mail to the person; bodies are not kept."""

    at: datetime
    words: str
    reason: str


@dataclass(frozen=True, slots=True)
class MemberLine:
    """What the person is on one platform."""

    platform: str
    state: str
    joined_at: datetime | None
    hidden_at: datetime | None
    removed_at: datetime | None
    absent_at: datetime | None
    remove_by: datetime | None
    cause: str


@dataclass(frozen=True, slots=True)
class PersonFile:
    """Everything about one person, opened as far as keys allow.

    Attributes:
        name: as the source has it; "" once it can no longer be read.
        number: the employee number, likewise.
        erasures: when and why, oldest first.
        looks: who looked at this person, this very look included, the latest first.
    """

    person_id: str
    source: str
    name: str
    number: str
    held: bool
    restricted_at: datetime | None
    erased_at: datetime | None
    spells: tuple[SpellLine, ...]
    consents: tuple[ConsentLine, ...]
    mails: tuple[MailLine, ...]
    memberships: tuple[MemberLine, ...]
    holds: tuple[Hold, ...]
    erasures: tuple[tuple[datetime, str], ...]
    looks: tuple[Look, ...]


def open_file(d: "Deployment", person_id: str, identity: Identity) -> PersonFile:
    """Return a person's file, and write down who opened it.

    Raises:
        Refused: the identity may not see it.
        LedgerError: there is no such person, or the read could not be written down.
    """
    story = read_story(d, person_id)
    source = story.person["source"]
    authority_now(d).require(identity, Act.SEE_CONSENT, source)
    log_access(d, identity, Act.SEE_CONSENT, person_id, "file")
    ring = d.ledger.vault.load([person_id])
    facts = [_facts(ring, spell) for spell in story.spells]
    names = [full_name(each) for each in reversed(facts)]
    obstacles = _obstacles(d, person_id)
    return PersonFile(
        person_id=person_id,
        source=source,
        name=next((name for name in names if name), ""),
        number=story.number,
        held=story.person["legal_hold"],
        restricted_at=story.person["restricted_at"],
        erased_at=story.person["erased_at"],
        spells=tuple(
            _spell(story, row, known, obstacles)
            for row, known in reversed(list(zip(story.spells, facts, strict=True)))
        ),
        consents=tuple(_consents(d, person_id, ring)),
        mails=tuple(_mails(story)),
        memberships=tuple(_memberships(story)),
        holds=tuple(holds_of(d, person_id)),
        erasures=tuple((row["at"], row["reason"]) for row in story.erasures),
        looks=tuple(looks_at(d, person_id)),
    )


def _facts(ring: KeyRing, spell: Row) -> Facts:
    person = spell["person_id"]
    if spell["sealed"] is None or not ring.has(person, KeyKind.PROFILE):
        return {}
    return load_facts(ring.open(person, KeyKind.PROFILE, "spell", spell["sealed"]))


def _obstacles(d: "Deployment", person_id: str) -> dict[str, str]:
    """Return spell → what speaks against a yes, for spells that somebody was asked about."""
    query = select_dossiers(d.clock.now()).where(INVITATION.c.person_id == person_id)
    with d.ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    return {row["spell_id"]: row["obstacle"] for row in rows}


def _spell(story: Story, row: Row, facts: Facts, obstacles: Mapping[str, str]) -> SpellLine:
    case = next(iter(story.of(story.cases, "spell_id", row["id"])), None)
    verdict = row["verdict"] or ""
    obstacle, began = obstacles.get(row["id"]), facts.get("hire_date")
    return SpellLine(
        spell_id=row["id"],
        hired_on=row["hired_on"] or (began if isinstance(began, date) else None),
        last_day=row["last_working_day"],
        ended=ENDED_STATUSES.get(row["record_status"], ""),
        verdict=VERDICTS.get(verdict, verdict or "not judged yet"),
        standing="" if obstacle is None else OBSTACLES.get(obstacle, obstacle),
        case=case_name(case["id"]) if case else "",
        case_status=case["status"].replace("_", " ") if case else "",
    )


def _consents(d: "Deployment", person_id: str, ring: KeyRing) -> Iterator[ConsentLine]:
    events = {one.invitation_id: one.events for one in consents_of(d, person_id)}
    query = select_dossiers(d.clock.now()).where(INVITATION.c.person_id == person_id)
    told = select(ANSWERS).where(ANSWERS.c.person_id == person_id).order_by(ANSWERS.c.id)
    with d.ledger.read() as connection:
        rows = connection.execute(query.order_by(INVITATION.c.created_at.desc())).mappings().all()
        answers = connection.execute(told).all()
    for row in rows:
        dossier = open_dossier(row, ring)
        agreed = dossier.agreed
        yield ConsentLine(
            invitation_id=row["id"],
            spell_id=row["spell_id"],
            state=dossier.state,
            words=in_words(dict(row)),
            live=row["gate_open"],
            version=row["version"],
            language=row["language"],
            name=agreed.name if agreed else "",
            email=agreed.email if agreed else dossier.asked_address,
            purposes=tuple(sorted(agreed.purposes)) if agreed else (),
            fields={
                name.value: (shown.value, shown.to_members) for name, shown in agreed.fields.items()
            }
            if agreed
            else {},
            events=events.get(row["id"], ()),
            answers=tuple(
                (answer_number(one.id), one.kind, one.state)
                for one in answers
                if one.invitation_id == row["id"]
            ),
        )


def _mails(story: Story) -> Iterator[MailLine]:
    for row in reversed(story.mails):
        what = MAILS.get(row["kind"], row["kind"])
        fate = MAIL_FATES.get(row["state"], row["state"])
        at = row["confirmed_at"] or row["claimed_at"] or row["created_at"]
        yield MailLine(at, f"{what} {fate}.", row["reason"].replace("_", " "))


def _memberships(story: Story) -> Iterator[MemberLine]:
    for row in story.memberships:
        yield MemberLine(
            row["platform"],
            row["state"].replace("_", " "),
            row["joined_at"],
            row["hidden_at"],
            row["removed_at"],
            row["absent_at"],
            row["remove_by"],
            row["cause"],
        )
