"""The command line about one person's consent, and about what people are shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from alumni_sync.cli.app import os_identity
from alumni_sync.clock import FixedClock
from alumni_sync.testing.mail import read_outbox
from tests.consent.world import World
from tests.officer import open_ledger, run, write_company
from tests.roster import Leaver


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of the sample company, whose privacy officer runs this test."""
    return write_company(tmp_path / "acme")


@pytest.fixture
def member(config: Path, tmp_path: Path, clock: FixedClock) -> Leaver:
    """Put a member into the ledger of that company."""
    with open_ledger(config) as ledger:
        return World(tmp_path, ledger, clock).member()


def test_the_evidence_is_shown_to_who_may_see_it(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person asks, or a court does: one command tells what was said and on which text."""
    assert 0 == run(config, "consent", "show", member.person)

    said = capsys.readouterr().out
    for part in ("said_yes → given", "by subject (mail_link)", "Accountant (shown to members)"):
        assert part in said
    assert "Zofia Jaworowska <zofia@mail.example>" in said


WITHDRAW = ("consent", "withdraw", "--channel", "phone", "--kept", "Call note 118")


def test_one_decision_is_shown_as_it_was_seen_or_not_at_all(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """A court asks for what was on the page, and a number must not lead to somebody else's."""
    assert 0 == run(config, "consent", "show", member.person, "--event", "2")

    said = capsys.readouterr().out
    for part in ("event 2: said_yes, invited → given", "# Would you like to stay in touch?"):
        assert part in said
    assert 2 == run(config, "consent", "show", member.person, "--event", "3")
    assert "this person has no event 3" in capsys.readouterr().err


def test_the_evidence_comes_as_json_too(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """An export is built on it."""
    run(config, "consent", "show", member.person, "--json")

    told: Any = json.loads(capsys.readouterr().out)
    (consent,) = told["consents"]
    assert ["asked", "said_yes"] == [event["event"] for event in consent["events"]]
    assert "given" == consent["state"]


def test_the_evidence_is_not_shown_to_anybody_else(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Evidence is personal; a reviewer's role is not enough."""
    text = config.read_text("utf-8")
    me = os_identity().user
    config.write_text(text.replace(f"user: {me}", "user: somebody.else"), "utf-8")

    assert 2 == run(config, "consent", "show", member.person)
    assert 2 == run(config, "consent", "show", member.person, "--event", "2")
    captured = capsys.readouterr()
    assert "not in `people:`" in captured.err
    assert "Zofia" not in captured.out + captured.err
    assert 2 == run(config, *WITHDRAW, member.person)


def test_a_withdrawal_by_phone_is_recorded_with_who_wrote_it_down(
    config: Path, member: Leaver, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody has to find an old mail to leave."""
    assert 0 == run(config, *WITHDRAW, member.person)
    assert "Withdrawn: I-" in capsys.readouterr().out

    run(config, "consent", "show", member.person)
    assert "withdrew → withdrawn  by subject (phone)" in " ".join(
        capsys.readouterr().out.split("\n")
    )
    assert 2 == run(config, *WITHDRAW, member.person)
    assert "no consent that could be withdrawn" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--kept", " "), "--kept: empty"),
        (("--received", "2099-01-01"), "--received: in future"),
        (("--received", "soon"), "is no day"),
    ],
)
def test_a_withdrawal_without_its_evidence_is_not_recorded(
    config: Path,
    member: Leaver,
    options: tuple[str, ...],
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A note that nobody can find later proves nothing."""
    assert 2 == run(config, *WITHDRAW, *options, member.person)
    assert words in capsys.readouterr().err
    assert 0 == run(config, *WITHDRAW, "--received", "2026-10-20", member.person)


def test_who_could_not_be_asked_is_shown_with_the_reason(
    config: Path, tmp_path: Path, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """An answer without answers must say why it is empty."""
    with open_ledger(config) as ledger:
        world = World(tmp_path, ledger, clock)
        unreachable = world.leaver("jan", personal_email=None)
        world.plan()
        unplanned = world.leaver("ola")

    assert 0 == run(config, "consent", "show", unreachable.person)
    assert "no contact: no_address" in capsys.readouterr().out
    assert 0 == run(config, "consent", "show", unplanned.person)
    assert "Nobody has asked this person" in capsys.readouterr().out


def test_a_preview_arrives_and_asks_nobody(config: Path) -> None:
    """Legal wants to see the mail, in the mail client, before anybody gets it."""
    assert 0 == run(config, "consent", "preview", "--to", "legal@acme.example", "--language", "pl")

    (mail,) = read_outbox(config.parent / "var" / "outbox")
    assert ("legal@acme.example", True) == (mail.to, "Przeczytaj i zdecyduj" in mail.text)
    assert mail.link("/c/").endswith("preview-opens-nothing")


def test_a_preview_that_cannot_be_sent_says_so(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused preview must not look like one that is on its way."""
    assert 4 == run(config, "consent", "preview", "--to", "nobody at all")
    assert "refused" in capsys.readouterr().err
    assert 2 == run(config, "consent", "preview", "--to", "a@b.example", "--source", "x")


def test_a_notice_is_printed_as_it_is_shown(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What counsel accepts must be what leavers read."""
    assert 0 == run(config, "notices", "show", "--language", "pl", "--source", "acme-pl")
    said = capsys.readouterr().out

    assert said.startswith("# Czy chcesz pozostać w kontakcie?")
    assert "alumni-community 1.0.0 (pl), SHA-256 " in said
    assert 2 == run(config, "notices", "show", "--language", "xx")
    assert 0 == run(config, "notices", "show", "--language", "pl", "--basis", "none")
    assert "Pytamy pocztą" in capsys.readouterr().out


def test_lint_names_every_problem_of_every_file(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A broken file must be found before the night of the payroll close."""
    assert 0 == run(config, "notices", "lint")
    assert "in order" in capsys.readouterr().out
    rules = config.parent / "rules"
    (rules / "notices" / "alumni-community" / "1.0.0" / "pl.md").unlink()
    (rules / "jurisdictions" / "pl.yaml").write_text("jurisdiction: pl\n", "utf-8")

    assert 2 == run(config, "notices", "lint")
    said = capsys.readouterr().err
    assert "pl.md: is missing" in said
    assert "authority: Field required" in said
