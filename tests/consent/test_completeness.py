"""Completeness of notices: everything the law wants said, in every language the same."""

from pathlib import Path
from shutil import copytree

import pytest

from alumni_sync.consent.notices.completeness import ITEMS, unsaid, unsaid_to_some
from alumni_sync.consent.notices.editions import load_edition
from alumni_sync.errors import ConfigError
from alumni_sync.shipped import shipped

NOTICE = "alumni-community"
EDITION = shipped("rules") / "notices" / NOTICE / "1.0.0"


def spoilt(root: Path, path: str, old: str, new: str) -> Path:
    """Return a rules folder in which one file of the edition was changed."""
    rules = Path(copytree(shipped("rules"), root / "rules"))
    notice = rules / "notices" / NOTICE
    (notice / "lock.yaml").unlink(missing_ok=True)
    file = notice / "1.0.0" / path
    content = file.read_text("utf-8")
    assert old in content
    file.write_text(content.replace(old, new), "utf-8")
    return rules


@pytest.mark.parametrize("item", ITEMS)
def test_a_text_that_leaves_out_what_the_law_wants_is_named(item: str) -> None:
    """A yes to a text without, say, the right to complain would not be informed."""
    text = (EDITION / "de.md").read_text("utf-8")
    without = text.replace(f"{item},", "").replace(f", {item}", "")
    without = without.replace(f"{{# says: {item} #}}", "")

    (problem,) = unsaid(Path("de.md"), without)

    assert problem.what == f"does not say {ITEMS[item]}"
    assert f"says: {item}" in problem.do


@pytest.mark.parametrize(
    "emptied",
    [
        "{# says: complaint #}",
        "{# says: complaint #}\n\n## Next\n\nWords.",
        "{# says: complaint #}\n# Next",
        "{# says: complaint #}{# a note #}\n\nWords.",
        "{# says: complaint #}{% if transfer %}\n\nWords.{% endif %}",
    ],
)
def test_a_marker_without_a_sentence_counts_for_nothing(emptied: str) -> None:
    """Marks that outlive the words they stood for would hide exactly what is missing."""
    said = [problem.what for problem in unsaid(Path("x.md"), emptied)]

    assert f"does not say {ITEMS['complaint']}" in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '{% if basis == "exit_form" %}{# says: address #}Given.{% endif %}',
            "on the basis none does not say how we come by the address",
        ),
        (
            '{% if basis == "none" %}Letter.{% else %}Mail.{% endif %}',
            "tells whoever is asked on the basis self_joined what is true of exit_form",
        ),
        (
            '{% if basis != "none" %}{# says: legitimate_interest #}We may.{% endif %}',
            "on the basis none does not say which legitimate interest",
        ),
    ],
)
def test_nobody_is_left_out_by_a_condition(text: str, told: str) -> None:
    """Who was asked by letter read of a mail and of an address that they had never given."""
    problems = [problem.what for problem in unsaid_to_some(Path("x.md"), text)]

    assert any(problem.startswith(told) for problem in problems), problems


def test_a_misspelt_marker_is_named() -> None:
    """It would look as if something had been said."""
    (first, *_) = unsaid(Path("x.md"), "{# says: complain #}You can complain.")

    assert "marks complain" in first.what
    assert "complaint" in first.do


@pytest.mark.parametrize(
    ("path", "old", "new", "problem"),
    [
        ("de.md", "{{ close_days }} Tage", "30 Tage", "lacks the value close_days"),
        ("ru.md", '{% if basis == "exit_form" -%}', "{% if transfer -%}", "lacks the condition"),
        ("pl.md", "## Twoje prawa\n", "", "has 9 headings, en has 10"),
        ("de.md", "- Wenn Sie gehen", "Wenn Sie gehen", "list entries"),
        ("ru.md", "[как мы решаем]({{ rules_url }})", "{{ rules_url }}", "has 1 links, en has 2"),
        ("form/de.yaml", "{{ defer_days }}", "60", "labels.later lacks the value defer_days"),
        ("form/ru.yaml", ', help: "Новости', ', badge: "Новости', "newsletter.help"),
        ("mail/pl.yaml", "do {{ closes }} oznacza", "oznacza", "lacks the value closes"),
        ("mail/de.yaml", '    - "Sie bekommen keine', '    # "Sie', "lacks goodbye.lines.2"),
    ],
)
def test_no_language_says_less_or_other_than_the_first(
    tmp_path: Path, path: str, old: str, new: str, problem: str
) -> None:
    """Whoever reads Russian must be told as much as whoever reads English (T16)."""
    rules = spoilt(tmp_path, path, old, new)

    with pytest.raises(ConfigError, match=problem):
        load_edition(rules, NOTICE)
