"""Erased means gone, everywhere and for good; and nobody is asked again because we forgot."""

from pathlib import Path

import pytest
from sqlalchemy import select, update

from alumni_sync.errors import Refused, Unavailable
from alumni_sync.ledger.backup import back_up, restore
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.keystore import WRAPPED_KEY, KeyKind
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Erasure, Outbox, Person, Spell, Suppression, Tombstone, t
from alumni_sync.privacy.erasure import Erased, erase
from alumni_sync.privacy.journal import replay
from alumni_sync.privacy.retention import purge_due
from alumni_sync.review.queue.following import QueueCounts, sync_queue
from tests.conftest import MASTER, NOW
from tests.membership.world import Community
from tests.roster import Leaver


def _erase(community: Community, leaver: Leaver) -> Erased:
    return erase(community.d, leaver.person, by="legal.weber", reason="request", run_id=new_id("R"))


def _keys(community: Community, leaver: Leaver) -> set[KeyKind]:
    ring = community.d.ledger.vault.load([leaver.person])
    return {kind for kind in KeyKind if ring.has(leaver.person, kind)}


def test_a_member_is_erased_at_once(any_community: Community) -> None:
    """The platform, the facts and the profile key go; the proof of the yes is kept."""
    leaver = any_community.joined()

    done = _erase(any_community, leaver)

    assert done == Erased(keys=1, still_on_platform=False, proof_kept=True)
    assert any_community.on_platform(leaver) == "absent"
    assert _keys(any_community, leaver) == {KeyKind.EVIDENCE}
    assert any_community.history(leaver)[-1] == "erased"
    with any_community.d.ledger.read() as connection:
        assert connection.execute(select(t(Spell).c.sealed)).scalars().all() == [None]
        assert connection.execute(select(t(Erasure).c.by)).scalars().all() == ["legal.weber"]


@pytest.mark.parametrize("member", [True, False])
def test_what_the_rules_looked_at_goes_with_the_facts(
    any_community: Community, *, member: bool
) -> None:
    """The exit's kind proves no consent; the key that proves one would keep it for years (T24)."""
    leaver = any_community.joined() if member else any_community.leaver()
    case = any_community.leaver(exit_kind="misconduct")
    sync_queue(any_community.d, new_id("R"))
    assert None not in _decided(any_community, leaver)
    if member:
        _erase(any_community, leaver)
    else:
        any_community.roster.set(leaver, verdict="out_of_scope")
        any_community.later(days=15)
        purge_due(any_community.d, dry_run=False)

    assert {None} == set(_decided(any_community, leaver))
    assert None not in _decided(any_community, case)


def _decided(community: Community, leaver: Leaver) -> list[bytes | None]:
    decisions = community.roster.decisions(leaver)
    assert decisions
    return [row.sealed for row in decisions]


def test_a_mail_that_waited_takes_its_address_along(any_community: Community) -> None:
    """A goodbye's address stands under the key that proves a consent, which stays for years."""
    leaver = any_community.joined()
    any_community.leave(leaver)
    with any_community.d.ledger.write() as connection:
        columns = {"state": "queued", "kind": "goodbye", "sealed": b"somebody@mail.example"}
        connection.execute(update(t(Outbox)).values(columns))

    _erase(any_community, leaver)

    assert {None} == {mail["sealed"] for mail in any_community.outbox()}


def _wrapped(community: Community, leaver: Leaver) -> dict[str, bytes]:
    """Return the wrapped keys of a person by kind, as the key store's table has them."""
    query = select(WRAPPED_KEY).where(WRAPPED_KEY.c.subject == leaver.person)
    with community.d.ledger.vault.store.engine.connect() as connection:
        row = connection.execute(query).mappings().one()
    return {kind: row[kind] for kind in KeyKind if row[kind] is not None}


def _stands_in_a_file(community: Community, content: bytes) -> bool:
    """Say whether bytes stand in any file of the key store's database, used or freed pages alike.

    PostgreSQL's server reads its files itself, after a checkpoint has brought its memory there.
    """
    engine = community.d.ledger.vault.store.engine
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        files = sorted(path.parent.glob(f"{path.name}*"))
        assert files
        return any(content in file.read_bytes() for file in files)
    inside = (
        "SELECT count(*) FROM (SELECT 'base/' || oid AS folder FROM pg_database"
        " WHERE datname = current_database()) AS mine, pg_ls_dir(folder) AS file"
        " WHERE position(%s::bytea IN pg_read_binary_file(folder || '/' || file, 0, 1 << 28, true))"
        " > 0"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("CHECKPOINT")
        return bool(connection.exec_driver_sql(inside, (content,)).scalar_one())


@pytest.mark.parametrize(
    ("member", "dead"),
    [(True, {KeyKind.PROFILE}), (False, {KeyKind.PROFILE, KeyKind.EVIDENCE})],
    ids=["member", "silent"],
)
def test_the_bytes_of_the_keys_are_gone(
    any_community: Community,
    member: bool,  # noqa: FBT001 a parametrised circumstance
    dead: set[KeyKind],
) -> None:
    """A key in a freed page opens whatever a backup of the ledger still holds of the person."""
    other = any_community.joined("adam")
    leaver = any_community.joined() if member else any_community.invited()
    keys = _wrapped(any_community, leaver)
    assert set(KeyKind) == {kind for kind in keys if _stands_in_a_file(any_community, keys[kind])}

    _erase(any_community, leaver)

    left = {kind for kind in keys if _stands_in_a_file(any_community, keys[kind])}
    assert set(KeyKind) - dead == left
    others = _wrapped(any_community, other).values()
    assert all(_stands_in_a_file(any_community, key) for key in others)


def test_an_open_case_ends_with_the_erasure(community: Community) -> None:
    """On somebody whose facts are gone nobody can rule, and the queue would ask for ever."""
    leaver = community.leaver(exit_kind="misconduct")
    assert 1 == sync_queue(community.d, new_id("R")).open

    _erase(community, leaver)
    counts = sync_queue(community.d, new_id("R"))

    assert (0, 1) == (counts.open, counts.closed)
    assert QueueCounts(0, 0, 0, 0, 0, 0) == sync_queue(community.d, new_id("R"))


@pytest.mark.parametrize(("reason", "scopes"), [("objection", ["all"]), ("request", [])])
def test_an_objection_outlives_the_erasure(
    community: Community, reason: str, scopes: list[str]
) -> None:
    """Another source may list the same person, who would be asked again."""
    leaver = community.leaver()
    community.round()

    erase(community.d, leaver.person, by="legal.weber", reason=reason, run_id=new_id("R"))

    with community.d.ledger.read() as connection:
        assert scopes == connection.execute(select(t(Suppression).c.scope)).scalars().all()


@pytest.mark.parametrize("spelt", ["zofia@mail.example", "ZOFIA@Mail.EXAMPLE"])
@pytest.mark.parametrize("reason", ["objection", "request"])
def test_an_objection_covers_the_address_that_the_person_chose(
    any_community: Community, reason: str, spelt: str
) -> None:
    """The HRIS has another one by now; a second employer would write to the one they read."""
    leaver = any_community.joined()
    now_known = any_community.d.ledger.hashes.address("z.nowak@poczta.example")
    any_community.roster.set_person(leaver, address_hash=now_known)

    erase(any_community.d, leaver.person, by="legal.weber", reason=reason, run_id=new_id("R"))
    again = any_community.leaver("adam", "acme-de", personal_email=spelt)
    sent = len(any_community.mails)
    any_community.round()

    asked = {"objection": ["no_contact"], "request": ["invited"]}
    assert asked[reason] == [any_community.invitation(again)["state"]]
    assert int(reason == "request") == len(any_community.mails) - sent
    with any_community.d.ledger.read() as connection:
        kept = set(connection.execute(select(t(Suppression).c.address_hash)).scalars())
    both = {now_known, any_community.d.ledger.hashes.address("zofia@mail.example")}
    assert (both if reason == "objection" else set()) == kept


def test_somebody_who_never_answered_leaves_no_key(community: Community) -> None:
    """There is nothing to prove, so nothing stays readable."""
    leaver = community.leaver()
    community.round()

    done = _erase(community, leaver)

    assert done == Erased(keys=2, still_on_platform=False, proof_kept=False)
    assert _keys(community, leaver) == set()


def test_who_was_erased_is_not_asked_again(community: Community) -> None:
    """I9: the source still lists them; silence about them is part of the erasure."""
    leaver = community.leaver()
    community.round()
    sent = len(community.mails)

    _erase(community, leaver)
    community.judge()
    community.later(days=10)
    community.round()

    assert len(community.mails) == sent
    with community.d.ledger.read() as connection:
        stones = connection.execute(select(t(Tombstone).c.reopens_on)).scalars().all()
    assert stones == ["never"]


def test_a_platform_that_is_down_does_not_stop_it(community: Community) -> None:
    """The key dies now; the removal goes on until the platform answers."""
    leaver = community.joined()
    community.platform.failure = Unavailable("fake", "write", "down")
    community.platform.fail_after = 0

    done = _erase(community, leaver)
    assert (done.still_on_platform, _keys(community, leaver)) == (True, {KeyKind.EVIDENCE})

    community.platform.fail_after = None
    community.later(hours=1)
    community.sync()
    assert community.on_platform(leaver) == "absent"


@pytest.mark.parametrize("member", [True, False], ids=["member", "silent"])
@pytest.mark.parametrize("point", ["load", "shred"])
def test_an_erasure_that_was_interrupted_is_finished(
    community: Community,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    member: bool,  # noqa: FBT001 a parametrised circumstance
) -> None:
    """The gate is shut and the process dies: nobody would ever come back for the keys."""
    leaver = community.joined() if member else community.invited()
    community.platform.failure = Unavailable("fake", "write", "down")
    community.platform.fail_after = 0

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        place = {"load": "forget_spells", "shred": "joins_of"}[point]
        broken.setattr(f"alumni_sync.privacy.erasure.{place}", dies)
        with pytest.raises(KeyboardInterrupt):
            _erase(community, leaver)
    assert set(KeyKind) == _keys(community, leaver)

    assert 1 == purge_due(community.d, dry_run=True).erasures
    assert 1 == purge_due(community.d, dry_run=False).erasures

    assert ({KeyKind.EVIDENCE} if member else set()) == _keys(community, leaver)
    assert 0 == purge_due(community.d, dry_run=False).erasures


def test_a_legal_hold_wins(community: Community) -> None:
    """Evidence of a pending case must not disappear at anybody's request."""
    leaver = community.joined()
    with community.d.ledger.write() as connection:
        connection.execute(update(t(Person)).values(legal_hold=True))

    with pytest.raises(Refused, match="legal hold"):
        _erase(community, leaver)

    assert _keys(community, leaver) == set(KeyKind)
    assert community.on_platform(leaver) == "visible"


def test_erasing_nobody_is_refused(community: Community) -> None:
    """A mistyped id must not look like a success."""
    with pytest.raises(Refused, match="no such person"):
        erase(community.d, "P-nobody", by="x", reason="request", run_id=new_id("R"))


def test_a_restored_backup_is_told_of_erasures(
    any_community: Community, ledger_urls: tuple[str, str], tmp_path: Path
) -> None:
    """A copy from yesterday would otherwise bring back whoever was erased today (T23)."""
    community = any_community
    leaver, other = community.joined("zofia"), community.joined("adam")
    back_up(community.d.ledger, tmp_path / "yesterday.backup")
    _erase(community, leaver)
    community.d.ledger.close()

    restore(ledger_urls[0], tmp_path / "yesterday.backup", NOW)

    community.d.ledger = Ledger.open(*ledger_urls, MASTER)
    assert replay(community.d) == 1
    assert replay(community.d) == 0
    with community.d.ledger.read() as connection:
        facts = dict(connection.execute(select(t(Spell).c.person_id, t(Spell).c.sealed)).all())
    assert facts[leaver.person] is None
    assert facts[other.person] is not None
    community.d.ledger.close()
