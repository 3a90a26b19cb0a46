"""The configuration: what is read, and that every problem is named at once with its line."""

import base64
import re
from datetime import date, time
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from alumni_sync.domain import ContactBasis, Role
from alumni_sync.errors import ConfigError
from alumni_sync.payroll import BusinessDay, Dates, Weekly
from alumni_sync.sections import Consent
from alumni_sync.settings import Runtime, Settings, child_environment, decode_key, load_settings

CASES = Path(__file__).parents[1] / "cases" / "settings"
KEY = bytes(range(32))
ENVIRONMENT = {"BETA_KEY": base64.b64encode(KEY).decode(), "BETA_PROXY": "proxy-secret"}
PROBLEM_CASES = sorted(CASES.glob("bad-*.yaml"))


def place(folder: Path, text: str) -> Path:
    """Write a configuration with the files it names beside it."""
    (folder / "pack.yaml").write_text("", encoding="utf-8")
    (folder / "experts.csv").write_text("", encoding="utf-8")
    config = folder / "alumni_sync.yaml"
    config.write_text(text, encoding="utf-8")
    return config


@pytest.fixture
def good(tmp_path: Path) -> Settings:
    """Return the settings of a configuration that uses every key."""
    text = (CASES / "good.yaml").read_text(encoding="utf-8")
    return load_settings(place(tmp_path, text), ENVIRONMENT)


def test_every_key_is_an_attribute(good: Settings) -> None:
    """Stages read attributes by the names of the documentation; a lost one is a lost setting."""
    source = good.sources["beta-pl"]

    assert ("Beta", ("en", "pl")) == (good.company.name, good.company.languages)
    assert "Beta sp. z o.o." == source.controller.name
    assert ContactBasis.EXIT_FORM is source.contact.basis
    assert {"location": ("Warszawa", "Berlin"), "department": ("IT",)} == good.audience
    assert good.pilot is not None
    assert (good.pilot.share, good.pilot.segments) == (0.2, {"department": ("IT",)})
    assert "Beta Alumni <alumni@beta.example>" == good.mail.sender
    assert {"": "SCC"} == good.platform.processor.transfer  # one text for every language
    assert frozenset({Role.PRIVACY, Role.AUDITOR}) == good.people[1].roles
    assert (50, 10, 0.1) == (
        good.brakes.invitations.per_day,
        good.brakes.adds.count,
        good.brakes.removals.share,
    )


def test_payroll_closes_come_as_rules(good: Settings) -> None:
    """The calendar must get exactly the days that were written."""
    found = {name: source.payroll for name, source in good.sources.items()}

    assert {
        "beta-pl": (BusinessDay(-2), time(17, 30), "PL"),
        "beta-de": (Weekly(4), time(18), None),
        "beta-lists": (Dates((date(2026, 11, 27), date(2026, 12, 18))), time(18), None),
    } == {name: (p.rule, p.at, p.holidays) for name, p in found.items() if p is not None}


def test_a_link_to_the_hris_is_filled_in_safely(good: Settings) -> None:
    """A number with a slash in it would lead to somebody else's page, or to another host."""
    by_both, by_id = good.sources["beta-pl"], good.sources["beta-de"]

    assert "https://hris.beta.example/people/A%2F1%3F?id=a%26b" == by_both.link_to("A/1?", "a&b")
    assert "https://hris.beta.example/p/..%2Fadmin" == by_id.link_to("", "../admin")
    assert by_both.link_to("", "7") is None
    assert good.sources["beta-lists"].link_to("17", "7") is None


def test_what_is_not_ours_is_the_plugins(good: Settings) -> None:
    """A plugin's key in the wrong place would be checked by nobody."""
    assert {"path": "leavers.csv", "mapping": "rules/mappings/beta.yaml"} == (
        good.sources["beta-pl"].plugin
    )
    assert {"directory": "var/outbox"} == good.mail.plugin
    assert {"path": "var/community.db"} == good.platform.plugin


def test_relative_paths_start_at_the_file(good: Settings, tmp_path: Path) -> None:
    """A command may be started from anywhere."""
    assert tmp_path / "pack.yaml" == good.rules
    assert f"sqlite:///{tmp_path}/var/ledger.db" == good.ledger.url


def test_a_bare_address_loses_its_slash(good: Settings) -> None:
    """Links are made by joining; a doubled slash is another page to a server."""
    assert "https://alumni.beta.example" == good.consent.public_url


@pytest.mark.parametrize(
    "url", ["https://żubr.example", "https://acme.example/" + "x" * 300], ids=["idn", "long"]
)
def test_an_address_that_breaks_a_header_is_refused(url: str) -> None:
    """In `List-Unsubscribe` it would be encoded, and one click would unsubscribe nobody."""
    with pytest.raises(ValidationError, match="ASCII"):
        Consent(public_url=url, notice="alumni-community")
    plain = "https://xn--ubr-p0a.example"
    assert plain == Consent(public_url=plain, notice="alumni-community").public_url


def test_no_secret_is_shown(good: Settings) -> None:
    """A settings object ends up in a traceback or a log sooner or later."""
    for secret in (*ENVIRONMENT.values(), "leavers.csv", "sqlite:"):
        assert secret not in repr(good)


def test_the_deployment_key_is_read(good: Settings) -> None:
    """A key read wrongly opens nothing that was sealed."""
    assert KEY == good.master_key()


@pytest.mark.parametrize("text", [KEY.hex(), base64.b64encode(KEY).decode() + "\n"])
def test_a_key_may_be_hex_or_base64(text: str) -> None:
    """Both are what people's tools print."""
    assert KEY == decode_key(text)


@pytest.mark.parametrize(
    "text", ["", "secret", KEY[:31].hex(), base64.b64encode(KEY + b"x").decode()]
)
def test_a_short_key_is_none(text: str) -> None:
    """A weak key would be worse than none: it looks like one."""
    assert decode_key(text) is None


@pytest.mark.parametrize("case", PROBLEM_CASES, ids=lambda path: path.stem)
def test_every_problem_is_named_with_its_line(case: Path, tmp_path: Path) -> None:
    """Someone who repairs one problem a run gives up at the third run.

    A case is a file: each line that is wrong says so in a comment, `# ! what`.
    """
    text = case.read_text(encoding="utf-8")
    expected = [
        (number, words.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        for words in re.findall(r"# ! ([^#]*)", line)
    ]

    with pytest.raises(ConfigError) as caught:
        load_settings(place(tmp_path, text), {})

    found = [
        (int(re.findall(r"yaml:(\d+)", problem.where)[0]), problem.what)
        for problem in caught.value.problems
    ]
    assert sorted(expected) == sorted(found)


def test_a_value_is_never_repeated(tmp_path: Path) -> None:
    """What is wrong may be a secret that slipped into the wrong key."""
    text = (CASES / "good.yaml").read_text(encoding="utf-8")
    text = re.sub("share: 0.5", "share: hunter2-value", text)
    text = re.sub(r"\$\{BETA_KEY\}", "hunter2-key", text)

    with pytest.raises(ConfigError) as caught:
        load_settings(place(tmp_path, text), ENVIRONMENT)

    assert 2 == len(caught.value.problems)
    assert "hunter2" not in str(caught.value)


def test_a_missing_variable_is_a_problem(tmp_path: Path) -> None:
    """An empty secret that passes for one is an open door."""
    text = (CASES / "good.yaml").read_text(encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_settings(place(tmp_path, text), {"BETA_KEY": "", "BETA_PROXY": "x"})

    assert ["the environment variable BETA_KEY is not set"] == [
        problem.what for problem in caught.value.problems
    ]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"company: [\n", "is not valid YAML"),
        (b"- a\n", "must be a mapping"),
        (b"", "must be a mapping"),
        (b"company: \xff\xfe", "is not UTF-8"),
        (b"a: !!python/object:os.system x", "is not valid YAML"),
    ],
)
def test_what_is_no_configuration_is_said(content: bytes, what: str, tmp_path: Path) -> None:
    """A traceback of a YAML library helps nobody."""
    config = tmp_path / "alumni_sync.yaml"
    config.write_bytes(content)

    with pytest.raises(ConfigError, match=what):
        load_settings(config, {})


def test_a_language_without_a_notice_is_refused(tmp_path: Path) -> None:
    """Who reads that French is spoken here and is then asked in English was told an untruth.

    This is T16 of docs/tests-of-consent.md.
    """
    offered = tmp_path / "rules" / "notices" / "alumni-community" / "1.0.0"
    offered.mkdir(parents=True)
    for language in ("en", "pl"):
        (offered / f"{language}.md").write_text("A notice.")
    text = (CASES / "good.yaml").read_text(encoding="utf-8")
    text = text.replace("languages: [en, pl]", "languages: [\n fr,\n en-GB,\n uk]")

    with pytest.raises(ConfigError) as caught:
        load_settings(place(tmp_path, text), ENVIRONMENT)

    assert [
        ("alumni_sync.yaml:2 company.languages.0", "the notice alumni-community has no fr"),
        ("alumni_sync.yaml:4 company.languages.2", "the notice alumni-community has no uk"),
    ] == [(problem.where, problem.what) for problem in caught.value.problems]


def test_no_file_says_how_to_make_one(tmp_path: Path) -> None:
    """It is the first thing that a newcomer meets."""
    with pytest.raises(ConfigError, match="alumni-sync init"):
        load_settings(tmp_path / "alumni_sync.yaml", {})


def test_every_top_level_key_is_in_the_good_case(good: Settings) -> None:
    """The case file is the proof that each key works; a new key belongs into it."""
    text = (CASES / "good.yaml").read_text(encoding="utf-8")
    own = {info.alias or key for key, info in type(good).model_fields.items()} - {"root"}

    assert own == set(yaml.safe_load(text))


def test_the_runtime_comes_from_the_environment() -> None:
    """Processes that a command starts must use its configuration and its clock."""
    told = Runtime.from_environment(
        child_environment(
            ALUMNI_SYNC_CONFIG="/srv/a.yaml", ALUMNI_SYNC_AS_OF="x", DAGSTER_HOME="/d"
        )
    )

    assert (Path("/srv/a.yaml"), "x", Path("/d")) == (told.config, told.as_of, told.dagster_home)
    assert Runtime(Path("alumni_sync.yaml"), "", "", None) == Runtime.from_environment({})
