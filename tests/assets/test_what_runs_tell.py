"""What a refused ruling leaves in Dagster, where every run names its user and its case."""

import dagster as dg

from alumni_sync.deployment import Deployment
from alumni_sync.domain import Identity, LaunchResult
from alumni_sync.review.queue.inbox import InboxEntry, inbox
from alumni_sync.review.record.dossier import show_case
from assets.home import instance_of
from assets.launcher import DagsterLauncher
from tests.assets.test_launcher import only
from tests.assets.test_rulings import BY_PROXY

KOWALSKA = Identity("hr.kowalska", verified=True)
WEBER = Identity("legal.weber", verified=True)
REVIEWER = "roles: [reviewer], sources: [acme-pl]"


def with_people(company: Deployment, of_kowalska: str) -> Deployment:
    """Return the company behind a proxy, one of its people with more keys."""
    config = company.root / "alumni_sync.yaml"
    text = config.read_text(encoding="utf-8").replace(REVIEWER, f"{REVIEWER}, {of_kowalska}")
    config.write_text(text + BY_PROXY, encoding="utf-8")
    return Deployment.open(config, clock=company.clock)


def of_poland(d: Deployment, verdict: str) -> tuple[InboxEntry, str]:
    """Return a case of the Polish source and its employee number."""
    for entry in inbox(d):
        shown = show_case(d, entry.case, WEBER)
        if shown and shown.summary.source == "acme-pl" and entry.verdict == verdict:
            return entry, shown.employee
    raise AssertionError("the sample has such a case")


def stored(d: Deployment, result: LaunchResult) -> str:
    """Return everything that Dagster keeps of a run."""
    assert result.run_id is not None
    with instance_of(d.root) as instance:
        run = instance.get_run_by_id(result.run_id)
        records = instance.get_records_for_run(result.run_id).records
        return f"{run} {[dg.serialize_value(one.event_log_entry) for one in records]}"


def test_a_run_does_not_tell_whose_case_it_is(company: Deployment) -> None:
    """Beside the user and the number of the case, "their own manager's case" names the person."""
    _, number = of_poland(company, "review")
    with with_people(company, f'employee: acme-pl/1, manager: "acme-pl/{number}"') as d:
        entry, _ = of_poland(d, "review")

        result = only(DagsterLauncher(d).launch([entry.admit_ticket], "code_wrong", KOWALSKA))

        assert (True, "nobody rules on their own manager's case") == (
            result.refused,
            result.sentence,
        )
        kept = stored(d, result)
        assert "this case is not yours to rule on: the HR desk says why" in kept
        assert "manager's case" not in kept


def test_a_run_does_not_tell_who_has_left(company: Deployment) -> None:
    """That a colleague is gone is for whoever asks in their place, not for all who read runs."""
    entry, _ = of_poland(company, "excluded")
    with with_people(company, "employee: acme-pl/1") as d:
        only(DagsterLauncher(d).launch([entry.admit_ticket], "code_wrong", KOWALSKA))
    config = company.root / "alumni_sync.yaml"
    text = config.read_text(encoding="utf-8").replace("acme-pl/1}", f"acme-pl/{left_by(company)}}}")
    config.write_text(text, encoding="utf-8")
    with Deployment.open(config, clock=company.clock) as d:
        (waiting,) = (one for one in inbox(d) if one.case == entry.case)

        result = only(DagsterLauncher(d).launch([waiting.admit_ticket], "code_wrong", WEBER))

        assert "what hr.kowalska proposed is void: hr.kowalska has left" in result.sentence
        kept = stored(d, result)
        assert "what was proposed before is void" in kept
        assert [] == [word for word in ("has left", "hr.kowalska") if word in kept]


def left_by(d: Deployment) -> str:
    """Return the employee number of somebody who has left."""
    return of_poland(d, "review")[1]
