"""Rulings from the Dagster UI: only by a ticket, only by who may, once, and in one sentence."""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import pytest
import yaml
from sqlalchemy import select

from alumni_sync.deployment import Deployment
from alumni_sync.domain import ADMIT_REASONS, UPHOLD_REASONS, Identity
from alumni_sync.ledger.tables import Case, t
from alumni_sync.review.people.identity import UNVERIFIED
from alumni_sync.review.queue.inbox import InboxEntry, inbox
from alumni_sync.review.releases.stops import RELEASE_REASONS
from assets.definitions import defs
from assets.failures import StageFailed
from assets.links import INLINE, inbox_metadata
from assets.rulings import Reason, ReleaseReason
from assets.run_coordinator import launch_tags

BY_PROXY = "\nproxy: {user_header: X-Forwarded-User, secret: a-shared-secret}\n"


def _statuses(deployment: Deployment) -> dict[int, str]:
    table = t(Case)
    with deployment.ledger.read() as connection:
        rows = connection.execute(select(table.c.id, table.c.status))
        return {row.id: row.status for row in rows}


def _entry(deployment: Deployment, verdict: str) -> InboxEntry:
    return next(entry for entry in inbox(deployment) if entry.verdict == verdict)


def _launch(
    deployment: Deployment,
    instance: dg.DagsterInstance,
    ticket: str,
    reason: str = "code_wrong",
    tags: Mapping[str, str] | None = None,
    user: str | None = None,
) -> str:
    """Launch as the daemon does, and return the sentence that the queue shows."""
    run_id = str(uuid.uuid4())
    launcher = Identity(user, verified=True) if user else UNVERIFIED
    stamped = launch_tags(deployment.ledger.hashes, run_id, launcher)
    job = defs.resolve_job_def("review_exclusions")
    job.execute_in_process(
        run_config={"ops": {"rule": {"config": {"ticket": ticket, "reason": reason}}}},
        instance=instance,
        run_id=run_id,
        tags={**(tags or {}), **stamped},
        resources={"deployment": deployment},
    )
    event = instance.get_latest_materialization_event(dg.AssetKey("exclusion_queue"))
    assert event is not None
    assert event.asset_materialization is not None
    return str(event.asset_materialization.metadata["ruling"].value)


def _config_of(link: str) -> Any:  # noqa: ANN401 parsed YAML
    return yaml.safe_load(parse_qs(urlsplit(link).query)["config"][0])


def test_the_reasons_are_those_of_the_product() -> None:
    """A reason that the service refuses must not be offered, nor one be missing."""
    assert {*UPHOLD_REASONS, *ADMIT_REASONS} == {reason.value for reason in Reason}
    assert set(RELEASE_REASONS) == {reason.value for reason in ReleaseReason}


def test_an_entry_fits_on_the_page_and_names_nobody(company: Deployment) -> None:
    """Longer Markdown hides behind a button, and a name would stand in Dagster's storage."""
    metadata = inbox_metadata(company)
    entries = {name: entry for name, entry in metadata.items() if name.startswith("EX-")}

    assert 5 < len(entries) <= 40
    assert all(name.startswith("waiting") for name in metadata.keys() - entries.keys())
    for entry in entries.values():
        text = str(entry.value)
        assert INLINE > len(text)
        assert "@" not in text


def test_a_link_fills_in_everything_but_the_reason(company: Deployment) -> None:
    """`CHOOSE` is no reason, so that nothing can be launched by a click that was none."""
    first = inbox(company, limit=1)[0]
    text = str(inbox_metadata(company)[first.case].value)
    links = {
        part.partition("]")[0]: part.partition("(")[2].partition(")")[0]
        for part in text.split("[")[1:]
    }

    assert {"case", "admit", "uphold"} == set(links)
    assert f"http://127.0.0.1:8401/case/{first.case}" == links["case"]
    for ruling, ticket in (("admit", first.admit_ticket), ("uphold", first.uphold_ticket)):
        link = urlsplit(links[ruling])
        assert "/locations/alumni_sync/jobs/review_exclusions/playground/setup" == link.path
        config = {"ticket": ticket, "reason": "CHOOSE"}
        assert {"ops": {"rule": {"config": config}}} == _config_of(links[ruling])
        with pytest.raises(dg.DagsterInvalidConfigError):
            defs.resolve_job_def("review_exclusions").execute_in_process(
                run_config=_config_of(links[ruling]), resources={"deployment": company}
            )


def test_a_ruling_is_applied_once_and_said_in_one_sentence(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """Re-executing a run is one click; a second ruling by it would be nobody's decision."""
    entry = _entry(company, "review")
    number = int(entry.case.removeprefix("EX-"))

    said = _launch(company, instance, entry.admit_ticket)
    assert "admitted" == _statuses(company)[number]
    assert said.startswith(f"{entry.case} is admitted")
    assert "\n" not in said
    before = _statuses(company)

    again = _launch(company, instance, entry.admit_ticket)
    assert f"{entry.case}: this was done before, nothing changed" == again
    assert before == _statuses(company)


@pytest.mark.parametrize(
    "ticket", ["", "EX-000001", "EX-000001.1.admit.99999999999.." + "0" * 64, "żółw"]
)
def test_without_a_ticket_nothing_is_decided(
    company: Deployment, instance: dg.DagsterInstance, ticket: str
) -> None:
    """Any web page can have a reviewer's browser launch any job with any configuration."""
    before = _statuses(company)

    with pytest.raises(StageFailed, match="the ticket is not one of ours"):
        _launch(company, instance, ticket)

    assert before == _statuses(company)


def test_a_ticket_is_for_one_ruling_on_one_version(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """A link that was open while somebody else ruled must not turn the ruling round."""
    entry = _entry(company, "review")
    _launch(company, instance, entry.admit_ticket)
    before = _statuses(company)

    with pytest.raises(StageFailed, match="has changed since"):
        _launch(company, instance, entry.uphold_ticket, "confirmed")

    assert before == _statuses(company)


def test_an_unverified_user_is_never_one_of_two(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """Admitting a dismissal takes two people whom something vouches for."""
    entry = _entry(company, "excluded")
    before = _statuses(company)

    with pytest.raises(StageFailed, match="nothing vouches for who you are"):
        _launch(company, instance, entry.admit_ticket)

    assert before == _statuses(company)


def test_two_people_whom_the_proxy_names_admit_a_dismissal(
    company: Deployment, instance: dg.DagsterInstance
) -> None:
    """Else a conduct exit that HR coded wrongly could never be put right."""
    config = company.root / "alumni_sync.yaml"
    config.write_text(config.read_text(encoding="utf-8") + BY_PROXY, encoding="utf-8")
    with Deployment.open(config, clock=company.clock) as proxied:
        entry = next(e for e in inbox(proxied) if e.rules[0].startswith("conduct"))
        number = int(entry.case.removeprefix("EX-"))
        source = _source_of(proxied, number)
        reviewer = {"acme-pl": "hr.kowalska", "acme-de": "hr.schmidt"}[source]

        _launch(proxied, instance, entry.admit_ticket, user=reviewer)
        assert "awaiting_second" == _statuses(proxied)[number]
        (waiting,) = [e for e in inbox(proxied) if e.case == entry.case]
        assert "awaits a second person" in str(inbox_metadata(proxied)[entry.case].value)
        with pytest.raises(StageFailed):
            _launch(proxied, instance, waiting.admit_ticket, user=reviewer)
        _launch(proxied, instance, waiting.admit_ticket, user="legal.weber")

        assert "admitted" == _statuses(proxied)[number]


def _source_of(deployment: Deployment, number: int) -> str:
    table = t(Case)
    with deployment.ledger.read() as connection:
        query = select(table.c.source).where(table.c.id == number)
        return str(connection.execute(query).scalar_one())
