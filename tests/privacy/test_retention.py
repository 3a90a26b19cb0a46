"""What is due goes, what is not due stays, and a dry run touches nothing."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import SQLModel

from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.returns.effects import Taken, take_report
from alumni_sync.consent.returns.reports import Returned, ReturnKind
from alumni_sync.domain import ExitKind, Identity
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.mail_tables import ReturnedMail
from alumni_sync.ledger.request_tables import AccessLog
from alumni_sync.ledger.tables import (
    Outbox,
    Person,
    PlatformWrite,
    Quarantine,
    Spell,
    Token,
    Tombstone,
    t,
)
from alumni_sync.ledger.upsert import insert_rows
from alumni_sync.membership.removal import remove_closed
from alumni_sync.privacy.erasure import erase
from alumni_sync.privacy.retention import PurgeCounts, purge_due
from alumni_sync.review.people.access import log_access
from alumni_sync.review.people.authority import Act
from tests.conftest import NOW
from tests.membership.world import Community
from tests.roster import Leaver


def _purge(community: Community) -> dict[str, int]:
    """Purge, after a dry run that must say the same; return what was let go."""
    said = purge_due(community.d, dry_run=True)
    done = purge_due(community.d, dry_run=False)
    assert said == done
    assert purge_due(community.d, dry_run=True) == PurgeCounts()
    return {name: count for name, count in asdict(done).items() if count}


def _facts_left(community: Community, leaver: Leaver) -> bool:
    with community.d.ledger.read() as connection:
        query = select(t(Spell).c.sealed).where(t(Spell).c.id == leaver.spell)
        return connection.execute(query).scalar_one() is not None


def test_nothing_is_let_go_too_early(any_community: Community) -> None:
    """A purge that is a day early forgets somebody who is still deciding."""
    any_community.joined("zofia")
    any_community.leaver("adam")
    any_community.round()

    assert _purge(any_community) == {}


def test_who_refused_is_forgotten_after_a_day(any_community: Community) -> None:
    """A no is also a no to keeping the file; the tombstone keeps us from asking again."""
    leaver = any_community.leaver()
    any_community.round()
    any_community.answer(leaver, Answer.NO)
    assert _purge(any_community) == {}

    any_community.later(hours=25)

    assert _purge(any_community) == {"spells": 1}
    assert not _facts_left(any_community, leaver)
    with any_community.d.ledger.read() as connection:
        assert connection.execute(select(t(Tombstone).c.outcome)).scalars().all() == ["refused"]


def test_who_never_answered_is_forgotten_two_weeks_after_the_close(community: Community) -> None:
    """Thirty days to answer, fourteen more, then nothing but a tombstone."""
    leaver = community.leaver()
    for _ in range(31):
        community.round()
        community.later(days=1)
    community.round()
    community.later(days=13)
    assert _facts_left(community, leaver)

    community.later(days=2)

    assert _purge(community)["spells"] == 1
    assert not _facts_left(community, leaver)


def test_who_was_never_to_be_contacted_is_forgotten_in_two_weeks(community: Community) -> None:
    """Of somebody who died nothing is kept that nobody needs."""
    leaver = community.leaver(exit_kind=ExitKind.DEATH.value)
    community.later(days=13)
    assert _purge(community) == {}

    community.later(days=2)

    assert _purge(community) == {"spells": 1}
    assert not _facts_left(community, leaver)


def _stone(community: Community) -> tuple[str, str]:
    """Return outcome of the one tombstone, and what reopens it."""
    with community.d.ledger.read() as connection:
        row = connection.execute(select(t(Tombstone).c.outcome, t(Tombstone).c.reopens_on)).one()
    return row.outcome, row.reopens_on


@pytest.mark.parametrize("planned", [False, True])
def test_who_was_out_of_scope_and_never_asked_may_come_back(
    community: Community, *, planned: bool
) -> None:
    """The audience grows some day; an invitation that was planned and never sent is no question."""
    leaver = community.leaver()
    if planned:
        community.plan()
    community.roster.set(leaver, verdict="out_of_scope")
    community.later(days=15)

    assert _purge(community)["spells"] == 1
    assert ("out_of_scope", "audience") == _stone(community)


def test_an_erased_person_does_not_come_back_with_the_audience(community: Community) -> None:
    """They were out of scope as well; what counts is that they asked to be forgotten."""
    leaver = community.leaver()
    community.roster.set(leaver, verdict="out_of_scope")

    erase(community.d, leaver.person, by="legal.weber", reason="request", run_id=new_id("R"))

    assert ("erased", "never") == _stone(community)


def test_a_tombstone_names_the_rules_that_judged_last(community: Community) -> None:
    """They said the same as those before, and wrote no decision; still it was they who said it."""
    leaver = community.leaver(exit_kind=ExitKind.DEATH.value)
    first = community.roster.spell(leaver)
    latest = first.judged_facts.replace(first.judged_facts.split(":")[1], "later")
    community.roster.set(leaver, judged_facts=latest)
    community.later(days=15)

    _purge(community)

    with community.d.ledger.read() as connection:
        assert ["later"] == connection.execute(select(t(Tombstone).c.revision)).scalars().all()


def test_a_member_is_kept_for_as_long_as_the_yes_stands(community: Community) -> None:
    """A year of membership must not be ended by a clean-up."""
    leaver = community.joined()
    community.later(days=400)

    _purge(community)

    assert _facts_left(community, leaver)
    assert community.on_platform(leaver) == "visible"


def test_the_proof_dies_when_its_period_ends(community: Community) -> None:
    """Six years after a Polish consent ended, nothing of it can be read."""
    leaver = community.joined()
    community.leave(leaver)
    remove_closed(community.d, new_id("R"))
    community.later(days=5 * 366)
    assert "proofs" not in _purge(community)

    community.later(days=366 + 2)

    assert _purge(community)["proofs"] == 1
    ring = community.d.ledger.vault.load([leaver.person])
    assert [kind for kind in KeyKind if ring.has(leaver.person, kind)] == []


def test_a_legal_hold_keeps_everything(community: Community) -> None:
    """Destroying what a court asked for is the one mistake that cannot be undone."""
    leaver = community.leaver()
    community.round()
    community.answer(leaver, Answer.NO)
    with community.d.ledger.write() as connection:
        connection.execute(update(t(Person)).values(legal_hold=True))
    community.later(days=10 * 366)

    assert "spells" not in _purge(community)
    assert _facts_left(community, leaver)


@pytest.mark.parametrize("why", [{"legal_hold": True}, {"restricted_at": NOW}])
def test_a_hold_keeps_mails_and_writes_as_well(
    any_community: Community, why: dict[str, object]
) -> None:
    """What was sent to somebody, and written about them, is what a dispute is about."""
    leaver = any_community.joined()
    full = Returned(ReturnKind.SOFT, str(any_community.outbox()[0]["message_id"]), "4.2.2")
    assert take_report(any_community.d, "report", full) is Taken.DONE
    any_community.leave(leaver)
    any_community.later(hours=1)
    any_community.sync()
    identity = Identity("k.weber", verified=True)
    log_access(any_community.d, identity, Act.SEE_CONSENT, leaver.person, "file")
    any_community.roster.set_person(leaver, **why)
    tables = (Outbox, ReturnedMail, PlatformWrite, Token, AccessLog)
    before = [_count(any_community, model) for model in tables]
    assert 0 not in before
    any_community.later(days=10 * 366)

    purge_due(any_community.d, dry_run=False)

    assert before == [_count(any_community, model) for model in tables]
    any_community.roster.set_person(leaver, legal_hold=False, restricted_at=None)
    purge_due(any_community.d, dry_run=False)
    after = [_count(any_community, model) for model in tables]
    assert all(left < there for left, there in zip(after, before, strict=True))


def _count(community: Community, model: type[SQLModel]) -> int:
    with community.d.ledger.read() as connection:
        query = select(func.count()).select_from(t(model))
        return int(connection.execute(query).scalar_one())


def test_links_and_mails_are_forgotten(community: Community) -> None:
    """Old secrets and old delivery notes are of use to nobody but a thief."""
    leaver = community.leaver()
    community.round()
    full = Returned(ReturnKind.SOFT, str(community.outbox()[-1]["message_id"]), "4.2.2")
    assert take_report(community.d, "report", full) is Taken.DONE
    community.answer(leaver, Answer.NO)
    community.round()
    community.later(days=60)

    gone = _purge(community)

    assert gone["tokens"] > 0
    assert gone["mails"] > 0
    with community.d.ledger.read() as connection:
        assert connection.execute(select(t(Outbox).c.id)).all() == []
        assert connection.execute(select(t(ReturnedMail).c.id)).all() == []
        ends = connection.execute(select(t(Token).c.expires_at)).scalars().all()
    assert [end for end in ends if end <= community.clock.now() - timedelta(days=7)] == []


def test_a_quarantined_row_is_unreadable_after_two_weeks(any_community: Community) -> None:
    """Its hash stays, so that the same bad row is not news again next month."""
    d = any_community.d
    d.ledger.vault.create_keys(["Q-1"])
    row = {
        "id": "Q-1",
        "source": "acme-pl",
        "row_hash": "h",
        "position": "leavers.csv:3",
        "field": "hire_date",
        "reason": "not-a-date",
        "run_id": "R-1",
        "created_at": d.clock.now(),
        "purge_after": d.clock.now() + timedelta(days=14),
        "sealed": d.ledger.vault.seal("Q-1", KeyKind.PROFILE, "quarantine", b"row"),
    }
    with d.ledger.write() as connection:
        insert_rows(connection, t(Quarantine), [row])
    any_community.later(days=15)

    assert _purge(any_community) == {"quarantined": 1}
    with d.ledger.read() as connection:
        kept = connection.execute(select(t(Quarantine).c.row_hash, t(Quarantine).c.sealed)).all()
    assert [tuple(found) for found in kept] == [("h", None)]
    assert not d.ledger.vault.load(["Q-1"]).has("Q-1", KeyKind.PROFILE)
