"""Moulds: a page that many share is, byte for byte, the page that would be rendered for one."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alumni_sync.consent.answers.view import ConsentView, Resting
from alumni_sync.sites.consent.moulds import Moulds
from alumni_sync.sites.forms import Form
from alumni_sync.sites.headers import Address
from alumni_sync.sites.languages import all_texts
from alumni_sync.sites.pages import Pages
from tests.sites.standin import INVITATION, NOW, StandIn

TEMPLATE = "consent/question.html"
TOMORROW = "2026-11-03"
HOSTILE = "</p><b onclick='x'>&amp; \"Zoë\" \ue0000\ue001 {{ 7*7 }} %s {name}"
PAGES = Pages(Address.of("https://alumni.example"), ("en", "pl"), company="Acme", join_open=True)


def person(language: str = "en") -> ConsentView:
    """Return the view of somebody who is asked."""
    shown = StandIn().view(INVITATION, language)
    assert shown is not None
    return shown


def rendered(shown: ConsentView, token: str, tomorrow: str = TOMORROW) -> str:
    """Render a page as Jinja2 does it."""
    return PAGES.markup(
        TEMPLATE,
        all_texts()[shown.language],
        view=shown,
        stored=[],
        languages=dict(shown.languages),
        problems=(),
        entered=Form(),
        tomorrow=tomorrow,
        token=token,
    )


@dataclass
class Counting:
    """Moulds that count how often a page was really rendered."""

    moulds: Moulds = field(default_factory=Moulds)
    made: int = 0

    def page(self, shown: ConsentView, token: str, tomorrow: str = TOMORROW) -> str:
        """Return the page from its mould."""

        def make(shape: ConsentView, gap: str) -> str:
            self.made += 1
            return rendered(shape, gap, tomorrow)

        return self.moulds.page(shown, token, (TEMPLATE, tomorrow), make).decode()


@pytest.mark.parametrize("language", ["en", "pl", "uk", "de"])
def test_a_page_from_a_mould_is_the_page_that_is_rendered(language: str) -> None:
    """Evidence says what was on the page: a mould that says something else makes it a lie."""
    shown = person(language)

    assert rendered(shown, "token.1") == Counting().page(shown, "token.1")


def test_people_whose_other_address_waits_share_a_mould() -> None:
    """Each of them would have a mould with a piece of their address in it, and push others out."""
    pages, shown = Counting(), person()
    waiting = [
        replace(shown, resting=Resting(pending_email=f"{letter}•••@m•••.org", pending_until=until))
        for letter in "ab"
        for until in (NOW, NOW + timedelta(hours=3))
    ]

    for one in waiting:
        assert rendered(one, "token.1") == pages.page(one, "token.1")
    assert 1 == pages.made


TEXT = st.text(max_size=30)


@given(names=st.tuples(TEXT, TEXT, TEXT), value=TEXT)
def test_whatever_people_are_called_the_page_is_the_same(
    names: tuple[str, str, str], value: str
) -> None:
    """A name may be empty, hostile, or look like a gap of ours; it must stay a name."""
    shown = person()
    shown = replace(
        shown,
        first_name=names[0],
        full_name=names[1],
        masked_email=names[2],
        fields=tuple(replace(one, value=value or "x") for one in shown.fields),
    )

    assert rendered(shown, "token.1") == Counting().page(shown, "token.1")


def test_nobody_sees_anything_of_who_was_there_before() -> None:
    """One person's name on another's page would be a breach by design."""
    site, before = Counting(), replace(person(), first_name=HOSTILE, full_name=HOSTILE)
    after = replace(
        person(),
        invitation_id="I-2",
        version=7,
        full_name="Bela Romitel",
        masked_email="b•••@q•••.example",
        fields=tuple(replace(one, value="other") for one in before.fields),
        closes_at=NOW + timedelta(days=30, hours=3),
        sessions_from=NOW,
    )

    assert rendered(before, "token.1") == site.page(before, "token.1")
    assert rendered(after, "token.2") == site.page(after, "token.2")
    assert rendered(before, "token.3") == site.page(before, "token.3")
    assert 1 == site.made


def test_whatever_a_page_says_beside_the_person_makes_another_mould() -> None:
    """A mould found by too little would show yesterday's date, or another controller."""
    site, shown = Counting(), person()
    fewer = replace(shown, fields=shown.fields[1:])
    others = [
        replace(shown, first_name=""),
        replace(shown, masked_email=""),
        replace(shown, closes_at=NOW + timedelta(days=12)),
        replace(shown, closes_at=None),
        replace(shown, controller="Another"),
        replace(shown, labels={**shown.labels, "yes": "Aye"}),
        replace(shown, languages={"en": "English"}),
        replace(shown, notice_html="<p>Another text</p>"),
        replace(shown, can_defer=False),
        replace(shown, purposes=shown.purposes[:1]),
        replace(shown, resting=Resting(pending_email="a•••@b•••.org", pending_until=NOW)),
        fewer,
        replace(fewer, language="pl"),
    ]
    site.page(shown, "token.1")

    for other in others:
        assert rendered(other, "token.2") == site.page(other, "token.2")
    assert rendered(shown, "token.3", "2027-01-01") == site.page(shown, "token.3", "2027-01-01")
    assert len(others) + 2 == site.made


def test_moulds_are_not_kept_without_end() -> None:
    """Days pass and forms differ: a site that runs for a year must not keep them all."""
    site = Counting()
    for day in range(201):
        site.page(replace(person(), closes_at=NOW + timedelta(days=day)), "token.1")
    assert 201 == site.made

    site.page(replace(person(), closes_at=NOW + timedelta(days=200)), "token.1")
    assert 201 == site.made
    site.page(replace(person(), closes_at=NOW), "token.1")
    assert 202 == site.made
