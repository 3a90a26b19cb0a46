"""The record of processing: what is in force, and nobody in it."""

import json
from pathlib import Path

import pytest
import yaml

from alumni_sync.cli.init import write_deployment
from alumni_sync.cli.main import run_command_line
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.shipped import shipped

MANIFEST = load_edition(shipped("rules"), "alumni-community").manifest


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of the sample company."""
    write_deployment(tmp_path / "acme", from_sample=True)
    return tmp_path / "acme" / "alumni_sync.yaml"


def test_everything_article_30_asks_for_is_there(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An authority asks for the record first; a column that is empty is where it goes on asking."""
    assert 0 == run_command_line(["privacy", "records", "--json", "--config", str(config)])
    record = json.loads(capsys.readouterr().out)

    names = ["Acme sp. z o.o.", "Acme Deutschland GmbH"]
    assert names == [each["name"] for each in record["controllers"]]
    assert "Each company asks" in record["arrangement"]
    assert 3 == len(record["activities"])
    for activity in record["activities"]:
        for part in ("purposes", "bases", "people", "data", "recipients", "kept"):
            assert activity[part], (activity["name"], part)
    community = record["activities"][1]
    assert len(MANIFEST.purposes) + 1 == len(community["purposes"])
    assert len(MANIFEST.fields) + 2 == len(community["data"])
    assert record["measures"]
    assert not config.parent.joinpath("var", "ledger.db").exists(), "it must need no ledger"


def test_it_says_what_is_in_force_now(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record beside the configuration would go on naming last year's platform."""
    content = yaml.safe_load(config.read_text("utf-8"))
    processor = {"agreement": "DPA 7", "region": "us", "transfer": "SCC of 3 May"}
    content["platform"]["processor"] = processor
    content["sources"]["acme-de"]["contact"] = {
        "basis": "legitimate_interest", "assessment": "LIA-9",
    }  # fmt: skip
    config.write_text(yaml.safe_dump(content), "utf-8")

    assert 0 == run_command_line(["privacy", "records", "--config", str(config)])
    page = capsys.readouterr().out

    for said in (
        "DPA 7",
        "us: SCC of 3 May",
        "assessment LIA-9",
        "proof, acme-pl: 6 years",
        "upheld exclusion, acme-pl: ",
    ):
        assert said in page
    assert "{{" not in page
