"""One case with its person: for somebody who may see both, and only when they ask for this case."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, insert, select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import LEAVER_FIELDS, LIVE_STATES, NOT_VISIBLE, Fact, Identity
from alumni_sync.eligibility.evaluation.explain import RuleSaid, rules_said
from alumni_sync.eligibility.judging.decisions import decisions_by_id
from alumni_sync.eligibility.judging.records import DecisionRecord
from alumni_sync.ledger.facts import load_facts
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import CaseEvent, Invitation, Spell, t
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from alumni_sync.review.people.interests import authority_now
from alumni_sync.review.queue.listing import CaseSummary, summary_of
from alumni_sync.review.queue.numbering import case_id, case_number
from alumni_sync.review.record.history import SEEN, CaseHistory, history_of

_EVENTS: Final = t(CaseEvent)
_SPELLS: Final = t(Spell)
_INVITATIONS: Final = t(Invitation)


@dataclass(frozen=True, slots=True)
class Dossier:
    """A case, opened.

    Attributes:
        name: of the person, as the source has it; "" where it can no longer be read.
        facts: canonical field → value as text, in the order of the canonical leaver; unknown ones
            as "unknown", hidden ones as "not visible".
        reasons: why, as it was said when it was judged.
        unknown: fields whose missing value kept a rule from deciding.
        rules: what each rule that bears on it says today, clause by clause; empty where the rules
            have changed since it was judged.
        profile_url: of the person in the HRIS; None where there is none.
        sealed: why facts cannot be shown; "" where they are.
        person_id: ours, by which their file is found.
    """

    summary: CaseSummary
    name: str
    employee: str
    facts: Mapping[str, str]
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]
    rules: tuple[RuleSaid, ...]
    effects: tuple[str, ...]
    profile_url: str | None
    history: tuple[CaseHistory, ...]
    sealed: str = ""
    person_id: str = ""


def show_case(d: Deployment, number: str, identity: Identity) -> Dossier | None:
    """Return a case with person and facts, and write down who looked; None where there is none.

    Raises:
        Refused: the identity may not see cases of this source.
    """
    found = summary_of(d, case_id(number))
    if found is None:
        return None
    summary, row = found
    with d.ledger.read() as connection:
        authority_now(d, connection).require(identity, Act.SEE_CASE, summary.source)
    _write_down(d, row, identity)
    decision = decisions_by_id(d.ledger, [row.decision_id]).get(row.decision_id)
    facts = _facts(d, row)
    return Dossier(
        summary=summary,
        name=_name(facts),
        employee=str(facts.get("employee_number") or ""),
        facts=facts_as_text(facts or (decision.facts if decision else {})),
        reasons=decision.judgement.reasons if decision else (),
        unknown=decision.judgement.unknown if decision else (),
        rules=_rules(d, summary, decision),
        effects=tuple(_effects(d, row)),
        profile_url=_profile_url(d, summary.source, facts),
        history=history_of(d, row.id),
        sealed="" if facts else "the person's facts are gone: erased, or kept no longer",
        person_id=row.person_id,
    )


def _profile_url(d: Deployment, source: str, facts: Mapping[str, Fact]) -> str | None:
    """Return the person's page in the HRIS: by the configuration, else by the connector."""
    person_id, number = facts.get("person_id"), facts.get("employee_number")
    if not isinstance(person_id, str) or source not in d.settings.sources:
        return None
    configured = d.settings.sources[source]
    link = configured.link_to(number if isinstance(number, str) else "", person_id)
    return link if configured.hris_link else d.connector(source).profile_url(person_id)


def _facts(d: Deployment, row: Row[Any]) -> Mapping[str, Fact]:
    """Return the facts of the spell; empty where they were purged or the key is gone."""
    query = select(_SPELLS.c.sealed).where(_SPELLS.c.id == row.spell_id)
    with d.ledger.read() as connection:
        sealed = connection.execute(query).scalar()
    ring = d.ledger.vault.load([row.person_id])
    if sealed is None or not ring.has(row.person_id, KeyKind.PROFILE):
        return {}
    return load_facts(ring.open(row.person_id, KeyKind.PROFILE, "spell", sealed))


def _name(facts: Mapping[str, Fact]) -> str:
    shown = facts.get("display_name")
    if isinstance(shown, str):
        return shown
    parts = (facts.get("given_name"), facts.get("family_name"))
    return " ".join(part for part in parts if isinstance(part, str))


def facts_as_text(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return facts as text in the order of the canonical leaver; what is not mapped is left out."""
    return {name: _text(facts[name]) for name in LEAVER_FIELDS if name in facts}


def _text(value: Any) -> str:  # noqa: ANN401 a fact, or its JSON
    if value is None:
        return "unknown"
    if value is NOT_VISIBLE:
        return "not visible"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _rules(
    d: Deployment, summary: CaseSummary, decision: DecisionRecord | None
) -> tuple[RuleSaid, ...]:
    """Return the rules of the case clause by clause, as long as they are those that judged."""
    if decision is None:
        return ()
    said = rules_said(d, summary.source, decision)
    return tuple(rule for rule in said if rule.id in decision.judgement.rules)


def _effects(d: Deployment, row: Row[Any]) -> Iterator[str]:
    """Yield what admitting would do, a sentence each."""
    query = select(_INVITATIONS.c.state).where(_INVITATIONS.c.spell_id == row.spell_id)
    with d.ledger.read() as connection:
        state = connection.execute(query).scalar()
    if state is None:
        yield "The person is invited in the next round, where there is a way to write to them."
    elif state in {live.value for live in LIVE_STATES}:
        yield "The person had said yes: their membership becomes visible again."
    else:
        spoken = state.replace("_", " ")
        yield f"Their consent stands at “{spoken}”, which a ruling does not change."
    if row.two_person:
        yield "It takes two people: whoever rules first, and a second who confirms."


def _write_down(d: Deployment, row: Row[Any], identity: Identity) -> None:
    """Note who looked: each read in the record of reads, each version once in the case itself."""
    seen = (
        _EVENTS.c.case_id == row.id,
        _EVENTS.c.version == row.version,
        _EVENTS.c.event == SEEN,
        _EVENTS.c.actor == identity.user,
    )
    with d.ledger.write() as connection:
        number = case_number(row.id)
        log_access(d, identity, Act.SEE_CASE, row.person_id, number, within=connection)
        if connection.execute(select(_EVENTS.c.id).where(*seen)).first() is None:
            connection.execute(
                insert(_EVENTS).values(
                    case_id=row.id,
                    person_id=row.person_id,
                    version=row.version,
                    event=SEEN,
                    at=d.clock.now(),
                    actor=identity.user,
                    verified=identity.verified,
                    reason="",
                    run_id="",
                )
            )
