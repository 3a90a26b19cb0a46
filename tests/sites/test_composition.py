"""What `serve` is made of: the worker's chores over a real ledger, the sites' settings."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from alumni_sync.clock import FixedClock
from alumni_sync.consent.answers.answer import Answer
from alumni_sync.consent.answers.breaks import pause
from alumni_sync.consent.mail.composing import MailKind
from alumni_sync.consent.returns.hook import SIGNATURE_HEADER, signature
from alumni_sync.errors import ConfigError
from alumni_sync.ledger.leases import LeaseBusy, hold
from alumni_sync.ledger.store import Ledger
from alumni_sync.ports import MemberRef
from alumni_sync.review.queue.following import sync_queue
from alumni_sync.sites import composition
from tests.consent.world import BY_MAIL
from tests.membership.world import Community
from tests.review.queue_of import PEOPLE as REVIEWERS
from tests.sites.browser import Browser


@pytest.fixture
def community(tmp_path: Path, ledger: Ledger, clock: FixedClock) -> Community:
    """A company with a platform, on either database."""
    return Community(tmp_path, ledger, clock)


def shown(community: Community) -> list[MemberRef]:
    """Return whom the platform shows."""
    return [member for member in community.platform.members() if member.visible]


def site_of(community: Community, woken: list[str]) -> Browser:
    """Return a visitor of the deployment's own consent site."""
    sites = composition.sites_of(
        community.d, host="127.0.0.1", port=0, desk_port=0, wake=lambda: woken.append("wake")
    )
    return Browser(sites[0].app, community.d.settings.consent.public_url)


def test_a_withdrawal_on_the_site_is_carried_out_by_the_worker(community: Community) -> None:
    """From the press on *Leave* to the empty platform, with nobody and no Dagster in between."""
    community.joined()
    assert 1 == len(shown(community))
    community.deliver()
    woken: list[str] = []
    worker, browser = composition.worker_of(community.d), site_of(community, woken)
    link = urlsplit(community.mails[-1].link("/p/")).path
    leave = browser.follow(link).forms[0]

    browser.post(leave.action, leave.filled(("leave", "everything")))
    assert ["wake"] == woken
    worker.look(woken=True)

    assert [] == shown(community)
    assert "goodbye" in [row["kind"] for row in community.outbox(state="accepted")]


def test_the_answer_to_an_answer_comes_at_once(community: Community) -> None:
    """Whoever says yes gets the mail with the way out within seconds, not with the next run."""
    community.member()
    composition.worker_of(community.d).look(woken=True)

    (row,) = community.outbox(kind=MailKind.CONFIRMATION.value)
    assert "accepted" == row["state"]


def test_a_pause_ends_without_a_run(community: Community) -> None:
    """Whoever named a day is back on that day, whether or not Dagster runs."""
    leaver = community.member()
    invitation = community.invitation(leaver)["id"]
    pause(community.d, invitation, 1, BY_MAIL, "p")
    community.later(days=32)

    composition.worker_of(community.d).look(woken=True)

    assert "given" == community.invitation(leaver)["state"]


def test_a_strangers_mailbox_is_told_of_without_a_run(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """What may be an incident must not wait for the next day."""
    people = [{"user": "dpo", "mail": "dpo@acme.example", "roles": ["privacy"]}]
    community = Community(tmp_path, sqlite_ledger, clock, people=people)
    community.answer(community.invited(), Answer.NOT_ME)

    composition.worker_of(community.d).look(woken=True)

    assert "dpo@acme.example" == community.mails[-1].to


def test_whoever_may_rule_is_told_without_a_run(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """A case must not be late because nothing ran on the day when somebody had to hear of it."""
    community = Community(tmp_path, sqlite_ledger, clock, people=REVIEWERS)
    community.leaver(exit_kind="performance")
    sync_queue(community.d, "R")
    community.later(days=4)

    composition.worker_of(community.d).look(woken=True)

    assert "Acme alumni: 1 case waiting, due by 2026-11-10" == community.mails[-1].subject


def test_the_worker_never_asks(community: Community) -> None:
    """Invitations are paced and never leave on a weekend: a worker in a hurry must not."""
    community.leaver()
    community.plan()
    community.post.sent.clear()

    composition.worker_of(community.d).look(woken=True)

    assert [] == community.post.sent
    assert ["queued"] == [row["state"] for row in community.outbox()]


def test_without_work_no_lease_is_taken(community: Community) -> None:
    """A worker that writes every five seconds keeps a ledger busy for nothing."""
    community.joined()
    with hold(community.d.ledger, community.clock, f"removals:{community.d.platform_name}"):
        composition.removals(community.d, "R-0000000000000009")


def test_two_workers_do_not_meet(community: Community) -> None:
    """Two `serve` on one ledger: the second leaves the work to the first."""
    leaver = community.joined()
    community.leave(leaver)
    with (
        hold(community.d.ledger, community.clock, f"removals:{community.d.platform_name}"),
        pytest.raises(LeaseBusy),
    ):
        composition.removals(community.d, "R-0000000000000009")


def test_the_site_names_every_controller_once(community: Community) -> None:
    """Whose link does not work must find somebody to write to."""
    site = composition.consent_site(community.d)

    assert community.d.settings.company.languages == site.languages
    expected = {
        (source.controller.name, source.controller.contact)
        for source in community.d.settings.sources.values()
    }
    assert expected == set(site.contacts)
    assert len(expected) == len(site.contacts)


def test_doors_stay_shut(community: Community) -> None:
    """`serve --host 0.0.0.0` on the sample would show cases to the whole network."""
    with pytest.raises(ConfigError, match="open to the network"):
        composition.sites_of(
            community.d, host="0.0.0.0", port=0, desk_port=0, wake=lambda: None  # noqa: S104 refused here
        )  # fmt: skip


def test_t42_the_site_of_a_deployment_hears_its_mail_provider_and_nobody_else(
    tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock
) -> None:
    """Mounted in the wrong place, bounces are lost; answering strangers otherwise, they learn."""
    secret = "a secret of thirty-two characters"
    returns = {"webhook": {"secret": secret}}
    mail = {"connector": "file", "from": "Acme <alumni@acme.example>", "returns": returns}
    company = Community(tmp_path, sqlite_ledger, clock, mail=mail)
    leaver = company.invited()
    body = json.dumps(
        {
            "id": "1",
            "at": "2026-11-03T08:59:00+00:00",
            "type": "complained",
            "message_id": company.outbox()[-1]["message_id"],
        }
    ).encode()
    sites = composition.sites_of(
        company.d, host="127.0.0.1", port=0, desk_port=0, wake=lambda: None
    )
    client = TestClient(sites[0].app, base_url=company.d.settings.consent.public_url)
    signed = {SIGNATURE_HEADER: signature(secret.encode(), body, clock.now())}

    stranger, nowhere = client.post("/hooks/mail", content=body), client.post("/hooks/none")

    assert (404, nowhere.content) == (stranger.status_code, stranger.content)
    assert set(nowhere.headers.items()) == set(stranger.headers.items())
    assert "invited" == company.invitation(leaver)["state"]
    assert 204 == client.post("/hooks/mail", content=body, headers=signed).status_code
    assert "objected" == company.invitation(leaver)["state"]
