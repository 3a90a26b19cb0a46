"""Laws: what a place forbids stops the start, with its line, before anybody is asked."""

from pathlib import Path
from shutil import copytree

import pytest

from alumni_sync.cli.main import run_command_line
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.deployment import load_configuration
from alumni_sync.errors import ConfigError
from alumni_sync.shipped import shipped

EXIT_FORM = "{basis: exit_form, evidence: field}"
INTEREST = "{basis: legitimate_interest, assessment: LIA-1}"
HOME = {"ru": "ru", "uk": "uk"}


def source(name: str, jurisdiction: str, contact: str = EXIT_FORM) -> str:
    """Return a source of a configuration; the jurisdiction stands in its fourth line."""
    return f"""\
  {name}:
    connector: csv
    path: leavers.csv
    jurisdiction: {jurisdiction}
    mapping: rules/mappings/acme-pl.yaml
    controller: {{name: Acme, contact: privacy@acme.example}}
    timezone: Europe/Warsaw
    contact: {contact}
"""


def placed(root: Path, *sources: str, region: str = "eu", notice: str = "alumni-community") -> Path:
    """Write a configuration with the shipped rules beside it; `sources:` is its first line."""
    copytree(shipped("rules"), root / "rules")
    config = root / "alumni_sync.yaml"
    config.write_text(
        "sources:\n"
        + "".join(sources)
        + f"""\
company: {{name: Acme, domains: [acme.example], languages: [en]}}
ledger: {{url: "sqlite:///var/ledger.db"}}
keys: {{store: "sqlite:///var/keys.db"}}
rules: rules/eligibility/default.yaml
consent: {{public_url: "http://127.0.0.1:8400", notice: {notice}}}
mail: {{connector: file, directory: var/outbox, from: "Acme <alumni@acme.example>"}}
platform: {{connector: directory, path: var/c.db, processor: {{agreement: DPA, region: {region}}}}}
""",
        encoding="utf-8",
    )
    return config


def problems(config: Path) -> list[tuple[str, str]]:
    """Return where and what is wrong with a configuration."""
    try:
        load_configuration(config)
    except ConfigError as error:
        return [(problem.where, problem.what) for problem in error.problems]
    return []


def test_words_that_lack_a_language_of_the_notice_stop_the_start(tmp_path: Path) -> None:
    """A Polish page would say the one thing in English that its reader must understand."""
    config = placed(tmp_path, source("acme-pl", "pl"))
    text = config.read_text("utf-8").replace("agreement: DPA", "agreement: {en: none, de: keine}")
    config.write_text(text, "utf-8")

    where = f"{config.name}:16 platform.processor.agreement"
    assert [
        (where, f"lacks {code}, which the notice has: a page would mix languages")
        for code in ("pl", "ru")
    ] == problems(config)


def test_an_arrangement_of_one_is_none(tmp_path: Path) -> None:
    """A notice that tells of partners who are not there sends people to nobody."""
    config = placed(tmp_path, source("acme-pl", "pl"))
    text = config.read_text("utf-8")
    config.write_text(text.replace("notice: alumni", "arrangement: A., notice: alumni"), "utf-8")

    ((_, what),) = problems(config)

    assert "is for several controllers" in what


def one_purpose(config: Path) -> None:
    """Write a notice `membership` beside the shipped one that asks for nothing else."""
    notices = config.parent / "rules" / "notices"
    copytree(notices / "alumni-community" / "1.0.0", notices / "membership" / "1.0.0")
    manifest = notices / "membership" / "1.0.0" / "manifest.yaml"
    text = manifest.read_text("utf-8").partition("purposes:")[0]
    manifest.write_text(text.replace("id: alumni-community", "id: membership") + "purposes: []\n")


@pytest.mark.parametrize("jurisdiction", ["uk", "pl", "ru"])
def test_where_asking_is_marketing_legitimate_interest_stops_the_start(
    tmp_path: Path, jurisdiction: str
) -> None:
    """Flybe paid 70,000 pounds for mails that only asked whether it might write."""
    home = HOME.get(jurisdiction, "eu")
    config = placed(tmp_path, source("one", jurisdiction, INTEREST), region=home)

    assert (
        "alumni_sync.yaml:9 sources.one.contact.basis",
        f"legitimate_interest does not count in {jurisdiction}: asking is marketing there",
    ) in problems(config)


def test_no_edited_pack_makes_asking_harmless(tmp_path: Path) -> None:
    """In the United Kingdom the law says so, not the file."""
    config = placed(tmp_path, source("one", "uk", INTEREST))
    pack = tmp_path / "rules" / "jurisdictions" / "uk.yaml"
    text = pack.read_text("utf-8")
    pack.write_text(text.replace("legitimate_interest: false", "legitimate_interest: true"))

    assert [("alumni_sync.yaml:9 sources.one.contact.basis")] == [it[0] for it in problems(config)]


def test_russian_leavers_share_a_ledger_with_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recording them in a database abroad has been forbidden since July 2025 (T45)."""
    config = placed(
        tmp_path, source("one", "pl"), source("two", "ru"), region="ru", notice="membership"
    )
    one_purpose(config)

    code = run_command_line(["--config", str(config), "run"])

    said = capsys.readouterr().err
    assert 2 == code
    assert "alumni_sync.yaml:13 sources.two.jurisdiction: ru wants a ledger of its own" in said
    assert "a deployment of its own" in said


def test_russia_wants_one_purpose_a_document(tmp_path: Path) -> None:
    """A yes to eight things in one document is a yes to none of them there."""
    config = placed(tmp_path, source("one", "ru"), region="ru")

    ((where, what),) = problems(config)

    assert where.endswith("consent.notice")
    assert "alumni_sync.yaml:14 " in where
    assert "ru wants one purpose a document; alumni-community 1.0.0 asks for 8" in what


def test_a_russian_deployment_of_its_own_can_be_configured(tmp_path: Path) -> None:
    """What is refused must have a way that is not."""
    config = placed(tmp_path, source("one", "ru"), region="ru", notice="membership")
    one_purpose(config)

    assert [] == problems(config)
    assert () == load_edition(tmp_path / "rules", "membership").manifest.purposes


@pytest.mark.parametrize(
    ("jurisdiction", "region", "homes"),
    [
        ("pl", "uk", "eu and eea"),
        ("uk", "us", "uk and eu and eea"),
        ("ru", "eu", "ru"),
        ("nowhere", "us", "eu and eea"),
        ("pl", "eea", None),
        ("uk", "eu", None),
        ("uk", "uk", None),
    ],
)
def test_a_platform_abroad_needs_a_transfer_basis(
    tmp_path: Path, jurisdiction: str, region: str, homes: str | None
) -> None:
    """What is abroad depends on where the leavers are (T45)."""
    config = placed(tmp_path, source("one", jurisdiction), region=region)

    found = [what for where, what in problems(config) if "platform.processor" in where]

    assert ([f"a region outside {homes} needs `transfer:`"] if homes else []) == found


def test_what_cannot_be_read_has_its_own_message(tmp_path: Path) -> None:
    """A broken pack must not end in a traceback here."""
    config = placed(tmp_path, source("one", "pl"), source("two", "ru"))
    (tmp_path / "rules" / "jurisdictions" / "ru.yaml").write_text("a: [", "utf-8")
    (tmp_path / "rules" / "jurisdictions" / "pl.yaml").write_text("[]", "utf-8")

    assert [] == problems(config)
