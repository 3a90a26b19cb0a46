"""`doctor` and the checks: every problem at once, and nothing made by looking."""

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line
from tests import fake_plugins
from tests.connectors.mail.tls import free_port


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Return the configuration of the sample company."""
    write_deployment(tmp_path, from_sample=True)
    return tmp_path / "alumni_sync.yaml"


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Run a command line with `--json`; return exit code and what it printed."""
    capsys.readouterr()
    code = run_command_line([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_sample_is_well(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first thing that people do after `init` must not greet them with problems."""
    code, said = asked(capsys, "doctor", "--config", str(sample))

    assert (0, True, []) == (code, said["ok"], said["problems"])
    assert any("26 of 26 asked-for fields visible" in note for note in said["notes"])


def test_looking_makes_nothing(sample: Path) -> None:
    """A key made by a look would be the one that a later ledger is sealed with."""
    run_command_line(["doctor", "--config", str(sample)])
    made = {path.name for path in (sample.parent / "var").rglob("*") if path.is_file()}

    assert set() == made


def newer_notice_without(root: Path, language: str) -> None:
    """Release a version of the notice that one language was not ready for."""
    notice = root / "rules" / "notices" / "alumni-community"
    newer = notice / "1.1.0"
    copytree(notice / "1.0.0", newer)
    manifest = yaml.safe_load((newer / "manifest.yaml").read_text(encoding="utf-8"))
    del manifest["languages"][language]
    manifest["version"] = newer.name
    (newer / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")


def test_every_problem_is_said_at_once(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Different parts fail together; each must be named in the first answer."""
    root = sample.parent
    (root / "leavers-pl.csv").unlink()
    (root / "rules" / "jurisdictions" / "de.yaml").unlink()
    newer_notice_without(root, "pl")

    code, said = asked(capsys, "doctor", "--config", str(sample))

    places = " ".join(problem["where"] for problem in said["problems"])
    assert (2, False) == (code, said["ok"])
    for place in ("sources.acme-pl", "de.yaml", "company.languages"):
        assert place in places


def test_a_mailbox_that_nobody_can_read_is_said(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing mistake must not look like a year without bounces."""
    settings = yaml.safe_load(sample.read_text(encoding="utf-8"))
    settings["mail"]["returns"] = {"maildir": "var/returns"}
    sample.write_text(yaml.safe_dump(settings), encoding="utf-8")

    code, said = asked(capsys, "doctor", "--config", str(sample))
    assert (2, ["mail.returns.maildir"]) == (code, [one["where"] for one in said["problems"]])

    for name in ("new", "cur", "tmp"):
        (sample.parent / "var" / "returns" / name).mkdir(parents=True)
    code, said = asked(capsys, "doctor", "--config", str(sample))
    assert (0, []) == (code, said["problems"])


def test_a_mailbox_at_a_server_that_is_not_there_is_said(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong port, like a wrong folder, must be found before the first bounce is not."""
    settings = yaml.safe_load(sample.read_text(encoding="utf-8"))
    imap = {"host": "127.0.0.1", "port": free_port(), "user": "alumni", "password": "s3cret"}
    settings["mail"]["returns"] = {"imap": imap}
    sample.write_text(yaml.safe_dump(settings), encoding="utf-8")

    code, said = asked(capsys, "doctor", "--config", str(sample))

    told = "imap, connect: ConnectionRefusedError"
    assert [("mail", told)] == [(one["where"], one["what"]) for one in said["problems"]]
    assert 4 == code


@pytest.mark.parametrize(
    ("adults", "needed", "contradiction"),
    [
        ("true", "true", "birth_date_needed: true in rules/jurisdictions/pl.yaml invites none"),
        ("[acme-pl]", "true", "invites none of them"),
        ("false", "false", "without adults_only in default.yaml all of them go to review"),
        ("[acme-de]", "false", "all of them go to review"),
        ("true", "false", None),
        ("false", "true", None),
    ],
)
def test_rules_and_law_that_contradict_about_birth_dates_are_named(
    sample: Path,
    capsys: pytest.CaptureFixture[str],
    adults: str,
    needed: str,
    contradiction: str | None,
) -> None:
    """Everybody would be eligible, nobody be asked, and nobody look for the reason."""
    rules = sample.parent / "rules"
    _edit(rules / "mappings" / "acme-pl.yaml", "  birth_date:", "  # birth_date:")
    _edit(rules / "eligibility" / "default.yaml", "adults_only: true", f"adults_only: {adults}")
    law = rules / "jurisdictions" / "pl.yaml"
    _edit(law, "birth_date_needed: true ", f"birth_date_needed: {needed} ")

    code, said = asked(capsys, "doctor", "--config", str(sample))

    found = [note for note in said["notes"] if "has no birth dates" in note]
    assert 0 == code
    assert (contradiction is not None) == bool(found)
    assert all(note.startswith("source acme-pl ") for note in found), "acme-de has them"
    assert contradiction is None or contradiction in found[0]


def test_several_controllers_without_an_arrangement_are_asked_about(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Joint controllers who do not say so leave people without anybody to turn to (GDPR 26)."""
    before = asked(capsys, "doctor", "--config", str(sample))[1]["notes"]
    content = yaml.safe_load(sample.read_text("utf-8"))
    del content["consent"]["arrangement"]
    sample.write_text(yaml.safe_dump(content), "utf-8")

    after = asked(capsys, "doctor", "--config", str(sample))[1]["notes"]

    (new,) = set(after) - set(before)
    assert new.startswith("2 controllers and no consent.arrangement")


def test_broken_rules_are_told_once(sample: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The check of birth dates reads them again, and must not stop at what is known."""
    rules = sample.parent / "rules"
    _edit(rules / "mappings" / "acme-pl.yaml", "  birth_date:", "  # birth_date:")
    _edit(rules / "eligibility" / "default.yaml", "adults_only: true", "adults_only: perhaps")

    code, said = asked(capsys, "doctor", "--config", str(sample))

    told = [(problem["where"], problem["what"]) for problem in said["problems"]]
    assert (2, len(set(told))) == (code, len(told))


def test_a_slip_in_the_list_of_experts_is_told(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs go on without the list, so somebody has to hear that nobody is flagged from it."""
    experts = sample.parent / "rules" / "experts.csv"
    experts.write_text("source/employee,topic\nnonsense;;;\n", "utf-8")

    code, said = asked(capsys, "doctor", "--config", str(sample))

    told = [(problem["where"], problem["what"]) for problem in said["problems"]]
    assert (2, [("experts.csv:2", "must be source/employee,topic")]) == (code, told)


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_key_file_that_others_can_read_is_a_problem(
    sample: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It opens everything that was ever sealed."""
    folder = sample.parent / "var"
    folder.mkdir(exist_ok=True)
    key = folder / "keys.master"
    key.write_bytes(bytes(32))
    key.chmod(0o644)

    code, said = asked(capsys, "doctor", "--config", str(sample))

    assert 2 == code
    assert ["others may read it"] == [problem["what"] for problem in said["problems"]]


def test_a_source_that_is_down_ends_with_four(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A vendor that is down is waited for; a configuration is repaired."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    text = fake_plugins.CONFIG.replace("url: up", "url: down")
    config = fake_plugins.deployment_folder(tmp_path / "beta", text)

    code, said = asked(capsys, "connectors", "check", "--config", str(config))

    assert (4, [False]) == (code, [source["ok"] for source in said])
    assert ["fake, check: no route"] == [problem["what"] for problem in said[0]["problems"]]


def test_fields_that_do_not_come_back_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A field that a permission hides looks empty; a leaver without address is not asked."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    config = fake_plugins.deployment_folder(tmp_path / "beta")

    code, said = asked(capsys, "connectors", "check", "--config", str(config))

    assert 0 == code
    assert ["1 of 2 asked-for fields visible", "not visible: phone"] == said[0]["notes"]


def test_the_platform_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The day of the first consent is late to learn that a token has expired."""
    fake_plugins.install(tmp_path / "site", monkeypatch)
    config = fake_plugins.deployment_folder(tmp_path / "beta")

    code, said = asked(capsys, "platforms", "check", "--config", str(config))

    assert (0, ["as if it were there"]) == (code, said[0]["notes"])


@pytest.mark.parametrize("kind", ["connectors", "platforms"])
def test_what_is_installed_is_listed(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer is a contract: name, vendor, capabilities."""
    code, said = asked(capsys, kind, "list")

    assert 0 == code
    assert {("name", "vendor", "capabilities")} == {tuple(plugin) for plugin in said}
    assert {"csv"} <= {plugin["name"] for plugin in said} or kind == "platforms"


def test_a_connector_shows_its_settings(capsys: pytest.CaptureFixture[str]) -> None:
    """One who configures it should not have to read its code."""
    code, said = asked(capsys, "connectors", "show", "csv")

    assert (0, "required") == (code, {s["key"]: s["default"] for s in said["settings"]}["path"])


def test_an_unknown_plugin_ends_with_two(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names that there are."""
    assert 2 == run_command_line(["platforms", "show", "nobody"])
    assert "installed: directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([], "acme-pl: `people:` has no reviewer, so its cases wait for ever"),
        ([("a", "reviewer")], "acme-pl: `people:` has nobody else who could be the second of two"),
        ([("a", "reviewer"), ("b", "second")], ""),
    ],
)
def test_a_source_that_nobody_rules_on_is_named(
    sample: Path,
    capsys: pytest.CaptureFixture[str],
    people: list[tuple[str, str]],
    said: str,
) -> None:
    """A queue without a reviewer is a queue that nobody notices until somebody complains."""
    content = yaml.safe_load(sample.read_text("utf-8"))
    content["people"] = [
        {"user": user, "mail": f"{user}@acme.example", "roles": [role], "sources": ["acme-pl"]}
        for user, role in people
    ]
    sample.write_text(yaml.safe_dump(content), "utf-8")

    notes = asked(capsys, "doctor", "--config", str(sample))[1]["notes"]

    about = [note for note in notes if note.startswith("acme-pl: `people:`")]
    assert ([said] if said else []) == about
