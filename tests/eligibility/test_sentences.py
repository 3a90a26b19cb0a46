"""Rules say themselves: each operator in words, and its opposite."""

from datetime import date

import pytest

from alumni_sync.domain import Verdict
from alumni_sync.eligibility.language.clauses import All, Duration, IsKnown, Not, RunDay, Unit
from alumni_sync.eligibility.language.fields import KNOWN_CODES, RULE_FIELDS, STATE_FIELDS
from alumni_sync.eligibility.language.pack import HoldOutreach, SetFlag
from alumni_sync.eligibility.language.reading import load_pack, parse_pack
from alumni_sync.eligibility.wording.languages import WORDS
from alumni_sync.eligibility.wording.sentences import (
    _duration,
    clause_words,
    outcome_words,
    reason_sentence,
    rule_sentence,
)
from alumni_sync.eligibility.wording.words import ENGLISH
from alumni_sync.shipped import shipped

PACK = """
pack: one
good_standing: [resignation]
rules:
  - {{id: r, when: {when}, then: {{flag: x}}}}
"""


NESTED = (
    "{all: [{country: {equals: PL}}, {any: [{tags: {contains: x}}, {not: {tags: {contains: y}}}]}]}"
)


@pytest.mark.parametrize(
    ("when", "words", "opposite"),
    [
        ("{country: {equals: PL}}", "the country is PL", "the country is not PL"),
        (
            "{exit_kind: {one_of: [no_show, death, unknown]}}",
            "the exit kind is no show, death or unknown",
            "the exit kind is not no show, death or unknown",
        ),
        ("{tags: {contains: x}}", "the tags contain x", "the tags do not contain x"),
        (
            "{job_title: {matches: 'sen* ?'}}",
            "the job title looks like “sen* ?”",
            "the job title does not look like “sen* ?”",
        ),
        (
            "{job_level: {at_least: 3}}",
            "the job level is at least 3",
            "the job level is less than 3",
        ),
        ("{job_level: {at_most: 3}}", "the job level is at most 3", "the job level is more than 3"),
        (
            "{job_level: {between: [3, 5]}}",
            "the job level is at least 3 and the job level is at most 5",
            "the job level is less than 3 or the job level is more than 5",
        ),
        (
            "{hire_date: {before: 2020-01-31}}",
            "the hire date is before 2020-01-31",
            "the hire date is 2020-01-31 or later",
        ),
        (
            "{hire_date: {after: 1 year ago}}",
            "the hire date is less than 1 year ago",
            "the hire date is at least 1 year ago",
        ),
        (
            "{hire_date: {at_most: today}}",
            "the hire date is today or earlier",
            "the hire date is after today",
        ),
        (
            "{exit_date: {at_least: 2 weeks before hire_date}}",
            "the exit date is 2 weeks before the hire date or later",
            "the exit date is before 2 weeks before the hire date",
        ),
        ("{country: {is_known: true}}", "the country is known", "the country is not known"),
        (
            "{do_not_consider: {equals: 'yes'}}",
            "the leaver said “do not consider me”",
            "the leaver did not say “do not consider me”",
        ),
        (
            NESTED,
            "the country is PL and (the tags contain x or the tags do not contain y)",
            "the country is not PL or (the tags do not contain x and the tags contain y)",
        ),
        (
            "{all: [{not: {any: [{country: {equals: PL}}, {country: {equals: DE}}]}}]}",
            "(the country is not PL and the country is not DE)",
            "(the country is PL or the country is DE)",
        ),
    ],
)
def test_a_condition_in_words(when: str, words: str, opposite: str) -> None:
    """HR, a works council and the leaver read this; it must be what is evaluated."""
    (rule,) = (rule for rule in parse_pack(PACK.format(when=when)).rules if rule.id == "r")

    assert words == clause_words(rule.when)
    assert opposite == clause_words(Not(rule.when))
    assert f"Flagged x when {words}." == rule_sentence(rule)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            "then: excluded, valid: {from: 2026-01-01, to: 2026-12-31, by: exit_date}",
            (
                "Excluded when the country is PL and the exit date is 2026-01-01 or later"
                " and the exit date is 2026-12-31 or earlier."
            ),
        ),
        (
            "then: excluded, valid: {to: 2026-12-31, by: run_date}",
            "Excluded when the country is PL and the day of the decision is 2026-12-31 or earlier.",
        ),
        (
            "then: {held_until: 6 months after exit_date}",
            "Held when the country is PL and the exit date is at most 6 months ago.",
        ),
        (
            "then: {held_until: 2026-12-31}",
            "Held when the country is PL and the day of the decision is 2026-12-31 or earlier.",
        ),
    ],
)
def test_dates_of_a_rule_are_part_of_its_sentence(rule: str, said: str) -> None:
    """Whoever reads that they are excluded must read until when that is so."""
    text = PACK.replace("then: {{flag: x}}", "RULE").format(when="{country: {equals: PL}}")
    pack = parse_pack(text.replace("RULE", rule))

    assert said == rule_sentence(next(rule for rule in pack.rules if rule.id == "r"))


@pytest.mark.parametrize(
    ("language", "said", "opposite"),
    [
        (
            "en",
            (
                "the day of the decision is 2026-01-02 or later"
                " and the day of the decision is 2026-03-04 or earlier"
            ),
            (
                "the day of the decision is before 2026-01-02"
                " or the day of the decision is after 2026-03-04"
            ),
        ),
        (
            "de",
            (
                "der Tag der Entscheidung frühestens 2026-01-02 liegt"
                " und der Tag der Entscheidung spätestens 2026-03-04 liegt"
            ),
            (
                "der Tag der Entscheidung vor 2026-01-02 liegt"
                " oder der Tag der Entscheidung nach 2026-03-04 liegt"
            ),
        ),
        (
            "pl",
            (
                "dzień decyzji wypada najwcześniej 2026-01-02"
                " i dzień decyzji wypada najpóźniej 2026-03-04"
            ),
            (
                "dzień decyzji wypada wcześniej niż 2026-01-02"
                " lub dzień decyzji wypada później niż 2026-03-04"
            ),
        ),
        (
            "ru",
            "день решения не раньше, чем 2026-01-02 и день решения не позже, чем 2026-03-04",
            "день решения раньше, чем 2026-01-02 или день решения позже, чем 2026-03-04",
        ),
    ],
)
def test_the_day_of_the_run_in_words(language: str, said: str, opposite: str) -> None:
    """A rule of one year says which; between two days, both are said, also when negated."""
    leaf, words = RunDay(date(2026, 1, 2), date(2026, 3, 4)), WORDS[language]

    assert said == clause_words(leaf, words)
    assert opposite == clause_words(Not(leaf), words)
    assert f"({said})" in clause_words(All((leaf, IsKnown("country"))), words)


@pytest.mark.parametrize("language", WORDS)
def test_a_language_has_a_word_for_everything(language: str) -> None:
    """A field that is spoken as `contact_given_at` explains nothing."""
    words = WORDS[language]

    assert set(RULE_FIELDS) <= set(words.fields)
    assert set(Verdict) == set(words.verdicts)
    for state in (*STATE_FIELDS, "do_not_consider"):
        assert {(state, "yes"), (state, "no")} <= set(words.states)
    assert set(KNOWN_CODES) <= set(words.fields)


@pytest.mark.parametrize("language", sorted(WORDS.keys() - {"en"}))
def test_no_language_falls_back_into_english(language: str) -> None:
    """Whoever is kept out reads why, and half a sentence in another language says nothing."""
    pack = load_pack(shipped("rules") / "eligibility" / "default.yaml")
    english = {
        *(word for text in ENGLISH.fields.values() for word in text.split()),
        *("when", "because", "excluded", "held", "reviewed", "redundancy", "misconduct", "no"),
    } - {"code", "text"}

    for rule in pack.rules:
        for said in (rule_sentence(rule, WORDS[language]), reason_sentence(rule, WORDS[language])):
            words = {word.strip(".,:;()“”„«»") for word in said.lower().split()}
            assert not words & english, said
            assert "{" not in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("pl", {1: "1 rok", 2: "2 lata", 5: "5 lat", 12: "12 lat", 22: "22 lata", 18: "18 lat"}),
        ("ru", {1: "1 год", 3: "3 года", 11: "11 лет", 24: "24 года", 18: "18 лет"}),
        ("de", {1: "1 Jahr", 18: "18 Jahre"}),
        ("en", {1: "1 year", 2: "2 years"}),
    ],
)
def test_numbers_have_their_form(language: str, said: dict[int, str]) -> None:
    """A page that cannot count is not believed about the rest."""
    for count, words in said.items():
        assert words == _duration(Duration(count, Unit.YEARS), WORDS[language])


def test_outcomes_in_words() -> None:
    """The first word of a reason is what happens to somebody."""
    assert "never contacted" == outcome_words(Verdict.NEVER_CONTACT)
    assert "flagged retiree" == outcome_words(SetFlag("retiree"))
    assert "not addressed for job offers" == outcome_words(
        HoldOutreach("job_offers", None), ENGLISH
    )
