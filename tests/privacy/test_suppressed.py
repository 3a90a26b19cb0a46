"""An objection outlives a restore from a backup that is older than it."""

from pathlib import Path

from sqlalchemy import select

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.decisions import one_click
from alumni_sync.consent.joining.join_requests import prove_join
from alumni_sync.consent.joining.taking_back import lift_objection
from alumni_sync.consent.rounds.suppressions import end_suppression, list_suppressions
from alumni_sync.consent.transitions import suppress
from alumni_sync.ledger.backup import back_up, restore
from alumni_sync.ledger.ids import new_id
from alumni_sync.ledger.store import Ledger
from alumni_sync.ledger.tables import Suppression, t
from alumni_sync.membership.removal import remove_closed
from alumni_sync.privacy.journal import before_work, replay
from alumni_sync.privacy.suppressed import note_suppressions
from alumni_sync.sites.composition import worker_of
from tests.conftest import MASTER, NOW
from tests.consent.joins import HR, PEOPLE, asked
from tests.membership.world import Community


def _back_to_yesterday(community: Community, urls: tuple[str, str], copy: Path) -> None:
    """Put the copy in the ledger's place; the key store stays as it is."""
    community.d.ledger.close()
    restore(urls[0], copy, NOW)
    community.d.ledger = Ledger.open(*urls, MASTER)


def _scopes(community: Community) -> list[str]:
    with community.d.ledger.read() as connection:
        return sorted(connection.execute(select(t(Suppression).c.scope)).scalars())


def _noted(community: Community) -> list[str]:
    return sorted(one.scope for one in community.d.ledger.vault.store.suppressed().values())


def test_t23_who_objected_after_the_backup_is_not_asked_again(
    any_community: Community, ledger_urls: tuple[str, str], tmp_path: Path
) -> None:
    """T23: nothing in the ledger knows of the objection any more; the next reminder would go."""
    community = any_community
    leaver, copy = community.invited(), tmp_path / "yesterday.backup"
    back_up(community.d.ledger, copy)
    assert one_click(community.d, community.token("/u/"))
    worker_of(community.d).look(woken=True)

    _back_to_yesterday(community, ledger_urls, copy)
    assert ("invited", []) == (community.invitation(leaver)["state"], _scopes(community))
    for _ in range(2):
        before_work(community.d)

    assert ("objected", ["all"]) == (community.invitation(leaver)["state"], _scopes(community))
    assert 1 == community.history(leaver).count("objected")
    assert "restored" == community.events(leaver)[-1]["body"]["reason"]
    community.d.ledger.close()


def test_a_member_who_objected_after_the_backup_is_hidden_again(
    community: Community, tmp_path: Path
) -> None:
    """Their yes is in the copy; the removal of the last hour is not."""
    leaver, copy = community.joined(), tmp_path / "yesterday.backup"
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    back_up(community.d.ledger, copy)
    with community.d.ledger.write() as connection:
        address = community.d.ledger.hashes.address("zofia@mail.example")
        suppress(connection, address, "all", "objected", NOW)
    note_suppressions(community.d)

    _back_to_yesterday(community, urls, copy)
    replay(community.d, restored=True)
    remove_closed(community.d, new_id("R"))

    assert "objected" == community.invitation(leaver)["state"]
    assert "absent" == community.on_platform(leaver)
    community.d.ledger.close()


def test_what_is_narrower_in_the_copy_is_as_wide_as_it_was(
    community: Community, tmp_path: Path
) -> None:
    """Who stopped one kind of mail yesterday, and all of it today, gets none of it."""
    urls = f"sqlite:///{tmp_path}/ledger.db", f"sqlite:///{tmp_path}/keys.db"
    copy, address = tmp_path / "yesterday.backup", community.d.ledger.hashes.address("a@b.example")
    with community.d.ledger.write() as connection:
        suppress(connection, address, "renewal", "one_click", NOW)
    note_suppressions(community.d)
    back_up(community.d.ledger, copy)
    with community.d.ledger.write() as connection:
        suppress(connection, address, "all", "complaint", NOW)
    assert (1, 0) == (note_suppressions(community.d), note_suppressions(community.d))

    _back_to_yesterday(community, urls, copy)
    assert ["renewal"] == _scopes(community)
    replay(community.d)

    assert ["all"] == _scopes(community)
    community.d.ledger.close()


def test_an_objection_that_was_taken_back_stays_taken_back(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Whoever thought better of it would be turned away again by the next start."""
    community = Community(tmp_path, sqlite_ledger, clock, people=PEOPLE)
    community.invited()
    one_click(community.d, community.token("/u/"))
    note_suppressions(community.d)
    assert ["all"] == _noted(community)
    token = asked(community, email="zofia@mail.example")
    assert prove_join(community.d, token)

    assert lift_objection(community.d, token)
    before_work(community.d)

    assert ([], []) == (_scopes(community), _noted(community))


def test_an_entry_that_was_ended_stays_ended(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Nothing justifies it any more: it would come back with the next start."""
    community = Community(tmp_path, sqlite_ledger, clock, people=PEOPLE)
    with community.d.ledger.write() as connection:
        suppress(connection, community.d.ledger.hashes.address("a@b.example"), "all", "x", NOW)
    note_suppressions(community.d)
    community.later(days=3 * 366)
    (due,) = list_suppressions(community.d, HR)

    end_suppression(community.d, due.number, "programme_ended", HR)
    before_work(community.d)

    assert ([], []) == (_scopes(community), _noted(community))
