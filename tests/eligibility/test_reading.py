"""A pack that cannot be used says so: every problem at once, each with its line."""

from pathlib import Path

import pytest

from alumni_sync.eligibility.language.clauses import Not, OneOf
from alumni_sync.eligibility.language.conditions import JOINING, OPERATORS
from alumni_sync.eligibility.language.pack import UNPLACED
from alumni_sync.eligibility.language.reading import load_pack, parse_pack
from alumni_sync.errors import ConfigError

CASES = Path(__file__).parents[1] / "cases" / "eligibility"
GOOD = """
pack: good
good_standing: [resignation]
rules:
  - id: one
    when: {exit_kind: {equals: death}}
    then: never_contact
"""


def _expected(path: Path) -> list[tuple[int, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = enumerate((line.partition("# ! ")[2].strip() for line in lines), start=1)
    return [(number, said) for number, said in marked if said]


@pytest.mark.parametrize("path", sorted(CASES.glob("bad-*.yaml")), ids=lambda path: path.stem)
def test_bad_pack(path: Path) -> None:
    """HR repairs a pack by its messages; each must lead to the line, and none must be missing."""
    with pytest.raises(ConfigError) as caught:
        load_pack(path)

    found: dict[int, list[str]] = {}
    for problem in caught.value.problems:
        name, _, rest = problem.where.partition(":")
        assert path.name == name
        found.setdefault(int(rest.partition(" ")[0]), []).append(str(problem))
    assert sorted(found) == [line for line, _ in _expected(path)]
    for line, said in _expected(path):
        assert any(said in text for text in found[line]), found[line]


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    """A broken pack must never become an empty one."""
    broken = tmp_path / "pack.yaml"
    broken.write_text("pack: [", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"pack\.yaml:1: is not valid YAML"):
        load_pack(broken)


@pytest.mark.parametrize("text", ["", "- just\n- a list\n", "rules"])
def test_a_file_that_is_no_pack_is_refused(text: str) -> None:
    """An empty pack would let everybody through."""
    with pytest.raises(ConfigError):
        parse_pack(text)


def test_a_kind_that_no_rule_names_goes_to_review() -> None:
    """Taking a rule out by mistake must make nobody eligible."""
    pack = parse_pack(GOOD)

    (rule,) = (rule for rule in pack.rules if rule.id == UNPLACED)

    assert Not(OneOf("exit_kind", ("resignation", "death"))) == rule.when


def test_the_revision_follows_the_content_only() -> None:
    """A comment must not judge everybody anew; a change that matters must."""
    same = parse_pack("# HR was here\n" + GOOD.replace("{equals: death}", "{ equals: 'death' }"))
    other = parse_pack(GOOD.replace("equals: death", "equals: dispute"))
    milder = parse_pack(GOOD + "adults_only: true\n")

    revision = parse_pack(GOOD).revision

    assert revision == same.revision
    assert len({revision, other.revision, milder.revision}) == 3


def test_adults_only_may_be_said_of_some_sources() -> None:
    """One site may train apprentices while another does not."""
    pack = parse_pack(GOOD + "adults_only: [acme-de]\n")

    assert "birth_date" in pack.for_source("acme-de", "de").harmless
    assert "birth_date" not in pack.for_source("acme-pl", "pl").harmless
    assert "birth_date" in parse_pack(GOOD + "adults_only: true").for_source("any", "pl").harmless


def test_a_bare_yes_means_yes() -> None:
    """YAML reads `yes` as true; HR means the word."""
    text = GOOD.replace("{exit_kind: {equals: death}}", "{do_not_consider: {one_of: [yes, no]}}")

    (rule,) = (rule for rule in parse_pack(text).rules if rule.id == "one")

    assert OneOf("do_not_consider", ("yes", "no")) == rule.when


def test_every_operator_is_documented() -> None:
    """An operator that HR cannot find in the docs does not exist for them."""
    text = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")

    for name in (*OPERATORS, *JOINING):
        assert f"`{name}`" in text
