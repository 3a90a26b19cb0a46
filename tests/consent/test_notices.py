"""Notices, forms and mails: complete in every language, exactly hashed, and with nothing hidden."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.mail.composing import (
    ASKING,
    MailKind,
    MailValues,
    compose,
    one_line,
    plain_name,
)
from alumni_sync.consent.notices.completeness import ON_OUR_INTEREST
from alumni_sync.consent.notices.editions import BADGES, LABELS, Edition, load_edition
from alumni_sync.consent.notices.exact import exact_text, sha256
from alumni_sync.consent.notices.rendering import render_form, render_notice
from alumni_sync.domain import ContactBasis
from alumni_sync.errors import ConfigError
from alumni_sync.ports import ProfileField
from alumni_sync.shipped import shipped
from tests.terms import TERMS

NOTICE = "alumni-community"
LANGUAGES = tuple(load_edition(shipped("rules"), NOTICE).manifest.languages)
PRESSING = (
    *("free", "hurry", "last chance", "exclusive", "win ", "gratis", "wyjątkow", "okazj"),
    *(
        "kostenlos",
        "exklusiv",
        "nur noch",
        "beeilen",
        "бесплатн",
        "эксклюзив",
        "спешите",
        "успейте",
    ),
)
REFUSAL = {"en": "say no", "pl": "odmówić", "de": "nein sagen", "ru": "отказаться"}
BUTTON = {
    "en": "Read and decide",
    "pl": "Przeczytaj i zdecyduj",
    "de": "Lesen und entscheiden",
    "ru": "Прочитать и решить",
}
LINK = "https://alumni.acme.example/c/abc"
STOP = "https://alumni.acme.example/u/def"


@pytest.fixture
def edition() -> Edition:
    """Return the shipped edition."""
    return load_edition(shipped("rules"), NOTICE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of an edition that may be spoilt; `rules` is three levels up."""
    copytree(shipped("rules"), tmp_path / "rules")
    notice = tmp_path / "rules" / "notices" / NOTICE
    (notice / "lock.yaml").unlink(missing_ok=True)  # what is not locked yet may still be written
    return notice / "1.0.0"


def load(folder: Path) -> Edition:
    """Load the edition in `folder`."""
    return load_edition(folder.parents[2], NOTICE, folder.name)


# --- the shipped edition --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("region", "named"),
    [
        ("EU", {"en": "EU", "pl": "UE", "de": "EU", "ru": "ЕС"}),
        ("EEA", {"en": "EEA", "pl": "EOG", "de": "EWR", "ru": "ЕЭЗ"}),
        ("CH", {"en": "CH", "pl": "CH", "de": "CH", "ru": "CH"}),
    ],
)
def test_the_region_is_called_as_its_readers_call_it(
    edition: Edition, region: str, named: dict[str, str]
) -> None:
    """“Region: EU” in a Polish or Russian sentence says that somebody forgot to translate it."""
    told = {
        language: render_notice(edition, language, replace(TERMS, region=region)).html
        for language in LANGUAGES
    }

    assert named == {
        language: re.findall(r"[Rr]egion:\s(\w+)|регион:\s(\w+)", text)[0][language == "ru"]
        for language, text in told.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("basis", list(ContactBasis))
def test_every_language_says_what_the_law_wants_said(
    edition: Edition, language: str, basis: ContactBasis
) -> None:
    """Consent without these would not be informed (GDPR 7, 13, 14)."""
    terms = replace(TERMS, basis=basis.value, transfer="standard contractual clauses")

    text = render_notice(edition, language, terms).text

    for said in (TERMS.controller, TERMS.contact, "Acme Community", TERMS.authority_url):
        assert said in text
    for number in ("24", "6", "30", "3"):
        assert number in text
    assert "standard contractual clauses" in text
    choosing_and = 2 if basis in ON_OUR_INTEREST else 1
    assert choosing_and == text.count("6(1)(f)") + text.count("lit. f")


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_is_told_how_we_come_by_their_address(edition: Edition, language: str) -> None:
    """Who reads a letter and is told of a mail to their address learns something untrue."""
    told = {
        render_notice(edition, language, replace(TERMS, basis=basis.value)).text
        for basis in ContactBasis
    }

    assert len(ContactBasis) == len(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_joint_controllers_are_all_named_with_what_they_agreed(
    edition: Edition, language: str
) -> None:
    """GDPR 26(2): whoever wants their data deleted must know whom they may ask."""
    joint = {code: f"Agreed in {code}." for code in LANGUAGES}
    several = replace(TERMS, controllers="Acme sp. z o.o., Acme GmbH", arrangement=joint)

    text = render_notice(edition, language, several).text

    assert "Acme sp. z o.o., Acme GmbH" in text
    assert [f"Agreed in {language}."] == re.findall(r"Agreed in ..\.", text)
    assert "26" not in render_notice(edition, language, TERMS).text


def test_words_of_the_configuration_are_in_the_language_of_the_page(edition: Edition) -> None:
    """An English clause in the middle of a German page is consent to what one cannot read."""
    terms = replace(TERMS, recipient={"en": "none at all", "de": "keine"})

    assert "none at all" not in render_notice(edition, "de", terms).text
    assert "keine" in render_notice(edition, "de", terms).text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("jurisdiction", ["eu", "uk", "ru"])
@pytest.mark.parametrize("basis", list(ContactBasis))
def test_sentences_are_short_enough_to_be_understood(
    edition: Edition, language: str, jurisdiction: str, basis: ContactBasis
) -> None:
    """People with little practice in reading must be able to decide (B1)."""
    terms = replace(
        TERMS,
        basis=basis.value,
        jurisdiction=jurisdiction,
        transfer="clauses",
        reply_days=10 if jurisdiction == "ru" else 0,
    )
    text = render_notice(edition, language, terms).text
    words = re.sub(r"\[([^]]*)\]\([^)]*\)|[*#]|sp\. z o\.o\.", r"\1", text)
    paragraphs = [part.replace("\n", " ") for part in re.split(r"\n\n|\n- ", words)]
    sentences = [one for part in paragraphs for one in re.split(r"(?<=[.?!:])\s+", part)]

    assert [] == [one for one in sentences if len(one.split()) > 20]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(ASKING))
def test_asking_mails_put_no_pressure_on_anybody(
    edition: Edition, language: str, kind: MailKind
) -> None:
    """A mail that asks for consent and sells something is marketing, and was fined as such."""
    values = MailValues("Anna", LINK, STOP, closes=date(2026, 12, 3), last=True)
    mail = compose(edition, language, kind, TERMS, values)
    words = (mail.subject + mail.text).casefold()

    assert "!" not in words
    assert [] == [word for word in PRESSING if word in words]
    assert REFUSAL[language] in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_button_says_what_it_opens(edition: Edition, language: str) -> None:
    """A button that says "confirm" loses those who think that they are done."""
    mail = compose(edition, language, MailKind.INVITATION, TERMS, MailValues("Anna", LINK, STOP))

    label = BUTTON[language]
    assert f"{label}:\n{LINK}\n" in mail.text
    assert re.search(rf'<a href="{LINK}"[^>]*>{label}</a>', mail.html)


@pytest.mark.parametrize("kind", list(MailKind))
def test_a_mail_without_the_link_that_it_speaks_of_does_not_leave(
    edition: Edition, kind: MailKind
) -> None:
    """Whoever is asked and cannot answer is reminded all the same, then counted as a no (T12)."""
    values = MailValues("Anna", "", STOP, date(2026, 12, 3), date(2028, 11, 3))

    if getattr(edition.mails["en"], kind.value).link:
        with pytest.raises(ValueError, match="needs its link"):
            compose(edition, "en", kind, TERMS, values)
    else:
        assert "\n\n\n" not in compose(edition, "en", kind, TERMS, values).text


@pytest.mark.parametrize("kind", sorted(ASKING))
def test_every_mail_that_asks_has_a_button(edition: Edition, kind: MailKind) -> None:
    """A question without a way to answer it is none (T12)."""
    for code in LANGUAGES:
        mail = compose(edition, code, kind, TERMS, MailValues("Anna", LINK, STOP))
        assert LINK in mail.text
        assert f'href="{LINK}"' in mail.html


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(MailKind))
def test_mails_fetch_nothing_and_watch_nobody(
    edition: Edition, language: str, kind: MailKind
) -> None:
    """A picture that is fetched tells who opened the mail, when and where (T11)."""
    values = MailValues("Anna", LINK, STOP, date(2026, 12, 3), date(2028, 11, 3))
    html = compose(edition, language, kind, TERMS, values).html

    assert not re.search(r"<(img|script|link|iframe|object|form)|url\(|@import|src=", html)
    assert set(re.findall(r'https?://[^"<\s)]+', html)) <= {LINK, STOP, TERMS.authority_url}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(MailKind))
def test_both_parts_say_the_same(edition: Edition, language: str, kind: MailKind) -> None:
    """Who reads plain text must not get less."""
    values = MailValues("Anna", LINK, STOP, date(2026, 12, 3), date(2028, 11, 3), fields=["City"])
    mail = compose(edition, language, kind, TERMS, values)
    html = unescape(mail.html).replace("\N{NO-BREAK SPACE}", " ")

    said = [line.strip("- ").removesuffix(":") for line in mail.text.split("\n")]
    assert [] == [line for line in said if line not in html]


def test_dates_are_written_as_people_write_them(edition: Edition) -> None:
    """12/03 is read as March by some and as December by others."""
    values = MailValues("Anna", LINK, STOP, closes=date(2026, 12, 3))

    said = {code: compose(edition, code, MailKind.REMINDER, TERMS, values) for code in LANGUAGES}

    for code, written in {
        "en": "3 December 2026",
        "pl": "3 grudnia 2026",
        "de": "3. Dezember 2026",
        "ru": "3 декабря 2026 года",
    }.items():
        assert written in said[code].text


def test_every_field_and_purpose_of_the_form_has_words_in_every_language(
    edition: Edition,
) -> None:
    """A box without words cannot be agreed to."""
    for code in LANGUAGES:
        form = render_form(edition, code, TERMS, tuple(ProfileField))
        assert set(LABELS) - {"anew", "anew_no"} == set(form.labels)  # those are for members
        assert edition.manifest.fields == tuple(form.fields)
        assert edition.manifest.purposes == tuple(form.purposes)
        assert all(form.fields[name].badge for name in BADGES)


def test_the_badge_that_reveals_age_is_explained_first(edition: Edition) -> None:
    """Nobody should find out later what a badge told others."""
    for code in LANGUAGES:
        assert edition.forms[code].fields[ProfileField.RETIREE_BADGE].help


# --- hashes ---------------------------------------------------------------------------------------


def test_one_changed_letter_changes_the_hash(folder: Path) -> None:
    """The proof must tell two texts apart."""
    before = render_notice(load(folder), "en", TERMS)
    path = folder / "en.md"
    path.write_text(path.read_text("utf-8").replace("stay in touch", "stay in Touch"), "utf-8")

    after = render_notice(load(folder), "en", TERMS)

    assert before.sha256 != after.sha256
    assert before.template_sha256 != after.template_sha256


def test_the_same_words_have_the_same_hash_however_a_file_was_saved(folder: Path) -> None:
    """An editor that writes CRLF or decomposed letters has not changed the notice."""
    before = render_notice(load(folder), "pl", TERMS).sha256
    path = folder / "pl.md"
    text = unicodedata.normalize("NFD", path.read_text("utf-8")).replace("\n", "  \r\n")
    path.write_bytes(text.encode())

    assert before == render_notice(load(folder), "pl", TERMS).sha256


def test_the_hash_is_of_exactly_the_text_that_is_kept(edition: Edition) -> None:
    """Years later the kept bytes must have the recorded hash."""
    notice = render_notice(edition, "en", TERMS)
    form = render_form(edition, "en", TERMS, (ProfileField.CITY,))

    assert sha256(notice.text.encode()) == notice.sha256
    assert sha256(form.content) == form.sha256
    assert exact_text(notice.text) == notice.text


def test_a_form_with_other_boxes_is_another_form(edition: Edition) -> None:
    """What was offered is part of what was decided; and nothing is preselected."""
    one = render_form(edition, "en", TERMS, (ProfileField.CITY,))
    two = render_form(edition, "en", TERMS, (ProfileField.CITY, ProfileField.PHONE))

    assert one.sha256 != two.sha256
    assert b'"defaults":{"answer":null,"fields":[],"purposes":[],"shown":[]}' in one.content


def test_settings_cannot_smuggle_markup_into_a_notice(edition: Edition) -> None:
    """A company name with a star or a bracket is a name, not a format or a script."""
    terms = replace(TERMS, company="A*c*me <script>alert(1)</script> [x](javascript:alert(1))")

    html = render_notice(edition, "en", terms).html

    assert "<script" not in html
    assert "javascript:alert" not in "".join(re.findall(r'href="[^"]*"', html))
    assert "A*c*me" in html


# --- names ----------------------------------------------------------------------------------------


@given(name=st.text(max_size=300))
def test_a_name_is_one_plain_line(name: str) -> None:
    """Names come from elsewhere and end up beside links in a mail."""
    plain = plain_name(name)

    assert len(plain) <= 120
    assert plain == one_line(plain)
    assert not {unicodedata.category(letter) for letter in plain} & {"Cc", "Cf", "Zl", "Zp"}


@pytest.mark.parametrize(
    "name", ["{{7*7}}", "<b>Anna</b>", "Anna\r\nBcc: x@mail.example", "{% raw %}", "\u202eannA"]
)
def test_a_name_is_never_a_template_markup_or_header(edition: Edition, name: str) -> None:
    """Whoever types names into an HRIS must not be able to write our mails (T41)."""
    mail = compose(edition, "en", MailKind.INVITATION, TERMS, MailValues(name, LINK, STOP))

    assert "49" not in mail.text
    assert "<b>" not in mail.html
    assert f"Hello {plain_name(name)},\n" in mail.text
    assert "\n" not in mail.subject


def test_without_a_name_nobody_is_greeted_by_nothing(edition: Edition) -> None:
    """A greeting with a hole in it looks like fraud."""
    mail = compose(edition, "en", MailKind.INVITATION, TERMS, MailValues("", LINK, STOP))

    assert mail.text.startswith("Hello,\n")


# --- spoilt editions ------------------------------------------------------------------------------


def _replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / path
        content = file.read_text("utf-8")
        assert old in content
        file.write_text(content.replace(old, new), "utf-8")

    return spoil


def _remove(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (_remove("pl.md"), "pl.md: is missing"),
        (_remove("form/pl.yaml"), r"form/pl\.yaml: is missing"),
        (_remove("mail/en.yaml"), r"mail/en\.yaml: is missing"),
        (_replace("en.md", "{{ proof_years }}", "six"), "does not say proof_years"),
        (_replace("en.md", "{{ company }}", "{{ firm }}"), "unknown value firm"),
        (_replace("en.md", "{%- else -%}", "{%- elze -%}"), "does not parse"),
        (_replace("form/en.yaml", '"no": "No', '"nope": "No'), "labels.no is missing"),
        (_replace("form/en.yaml", "city:", "town:"), r"fields\.town"),
        (_replace("form/en.yaml", ', badge: "Mentor"', ""), "mentor_badge.badge is missing"),
        (_replace("form/en.yaml", "{{ company }}", "{{ firm }}"), "unknown value firm"),
        (_replace("form/en.yaml", "{{ company }}", "{{ company"), "does not parse"),
        (_replace("form/en.yaml", "  newsletter: {", "  # {"), "purposes.newsletter is missing"),
        (_replace("mail/en.yaml", "{{ closes }}", "{{ close }}"), "unknown value close"),
        (_replace("mail/en.yaml", "{{ closes }}", "{{ closes"), "does not parse"),
        (_replace("mail/en.yaml", 'link: "Read and decide"', 'link: ""'), "no button"),
        (_replace("mail/en.yaml", "goodbye:", "farewell:"), "goodbye"),
        (_replace("manifest.yaml", "- phone", "- birth_date"), "fields"),
        (_replace("manifest.yaml", "id: alumni", "id: other"), "names another notice"),
        (_replace("manifest.yaml", "id: alumni", "id: [alumni"), "cannot be read"),
    ],
)
def test_an_incomplete_edition_is_not_shown_to_anybody(
    folder: Path, spoil: Callable[[Path], None], problem: str
) -> None:
    """Half a language, or a missing right, would make every yes worthless (T16)."""
    spoil(folder)

    with pytest.raises(ConfigError, match=problem):
        load(folder)


def test_a_text_that_is_no_text_says_so(folder: Path) -> None:
    """A file in another encoding must not end in a traceback."""
    (folder / "pl.md").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigError, match=r"pl\.md: cannot be read"):
        load(folder)


def test_the_newest_edition_is_taken_by_number(folder: Path) -> None:
    """1.10.0 is newer than 1.9.0."""
    for version in ("1.9.0", "1.10.0"):
        copied = Path(copytree(folder, folder.parent / version))
        _replace("manifest.yaml", "version: 1.0.0", f"version: {version}")(copied)
    rules = folder.parents[2]

    assert "1.10.0" == load_edition(rules, NOTICE).manifest.version
    assert "1.0.0" == load_edition(rules, NOTICE, "1.0.0").manifest.version
    with pytest.raises(ConfigError, match=r"no notice alumni-community 2\.0\.0"):
        load_edition(rules, NOTICE, "2.0.0")
    with pytest.raises(ConfigError, match="no notice other"):
        load_edition(rules, "other")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [(("pl",), "pl"), (("pl-PL",), "pl"), (("uk", "pl"), "pl"), (("uk", "fr"), "en"), ((), "en")],
)
def test_a_missing_language_falls_to_the_next_complete_one(
    edition: Edition, wanted: tuple[str, ...], expected: str
) -> None:
    """Never a mixture, never nothing."""
    assert expected == edition.language(*wanted)
