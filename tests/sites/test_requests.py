"""A person's rights on the site: a wish, a code, and what became of it; nothing by accident."""

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from starlette.types import ASGIApp

from alumni_sync.consent.links.one_time import CodeAsked
from alumni_sync.privacy.on_site import Wish
from alumni_sync.sites.languages import all_texts
from tests.sites.browser import ORIGIN, Browser, PageForm, Response
from tests.sites.request_standin import CODE, NUMBER
from tests.sites.standin import DECIDE, MANAGE, STOP, StandIn

HIS_WORDS = "My name is <b>Żofia</b>\r\nand nothing else."


@pytest.fixture
def visitor(browser: Browser) -> Browser:
    """Somebody who opened the link of their invitation."""
    browser.follow(f"/c/{DECIDE}")
    return browser


def _wish(visitor: Browser, wish: Wish, words: str = "") -> Response:
    """Choose something and send it."""
    form = visitor.get("/p/requests").forms[0]
    return visitor.post(form.action, form.filled(("wish", wish.value), words=words))


def _proven(visitor: Browser, wish: Wish, words: str = "") -> Response:
    """Choose something, and type the code in."""
    form = _wish(visitor, wish, words).forms[0]
    return visitor.post(form.action, form.filled(code=CODE))


@pytest.mark.parametrize("path", [f"/c/{DECIDE}", f"/p/{MANAGE}"])
def test_everybody_with_a_link_finds_their_rights(browser: Browser, path: str) -> None:
    """Also who has not answered: the right to see comes before any yes (GDPR Art. 12(2))."""
    page = browser.follow(path)
    assert 'href="/p/requests?lang=en"' in page.text

    rights = browser.get("/p/requests")

    assert 200 == rights.status
    (form,) = rights.forms
    wishes = {"access", "export", "rectify", "restrict", "erase"}
    assert {("wish", wish) for wish in wishes} == set(form.offered)
    assert [] == form.preselected


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_does_nothing(visitor: Browser, stand_in: StandIn, method: str) -> None:
    """T1: a scanner that opens the page fifty times asks for nothing and mails nobody."""
    for _ in range(50):
        assert 200 == visitor.ask(method, "/p/requests").status

    assert (0, []) == (stand_in.requests.asked, stand_in.requests.acts)


@pytest.mark.parametrize("kind", ["none", "stopping"])
def test_a_stranger_sees_the_page_of_strangers(
    build: Callable[[str], ASGIApp], stand_in: StandIn, kind: str
) -> None:
    """T4: without a session, or with one for stopping mails, there is nothing to ask for."""
    browser = Browser(build(ORIGIN))
    if kind == "stopping":
        browser.follow(f"/u/{STOP}")
    unknown = browser.get("/c/unknown")

    page = browser.get("/p/requests")

    assert (unknown.status, unknown.text) == (page.status, page.text)
    for path in ("/p/requests", "/p/requests/code", "/p/requests/data"):
        assert 404 == browser.post(path, [("wish", "erase"), ("code", CODE)]).status
    assert [] == stand_in.requests.acts


def test_a_bare_submit_asks_for_nothing(
    visitor: Browser, stand_in: StandIn, woken: list[str]
) -> None:
    """T2: a scanner that submits every form it finds decides nothing and has nothing mailed."""
    form = visitor.get("/p/requests").forms[0]

    answer = visitor.post(form.action, form.filled())

    assert 422 == answer.status
    assert "Choose what you would like" in answer.text
    assert (0, []) == (stand_in.requests.asked, woken)


@pytest.mark.parametrize("wish", ["", "everything", "lift", "contest", "access,erase"])
def test_what_is_not_offered_is_not_taken(visitor: Browser, stand_in: StandIn, wish: str) -> None:
    """A forged value must not become a request that nobody knows how to answer."""
    form = visitor.get("/p/requests").forms[0]

    assert 422 == visitor.post(form.action, [*form.filled(), ("wish", wish)]).status
    assert 0 == stand_in.requests.asked


def test_two_wishes_at_once_are_none(visitor: Browser, stand_in: StandIn) -> None:
    """Of "see everything" and "delete everything" nobody may guess which was meant."""
    form = visitor.get("/p/requests").forms[0]
    both = [("wish", "access"), ("wish", "erase")]

    assert 422 == visitor.post(form.action, [*form.filled(), *both]).status
    assert 0 == stand_in.requests.asked


@pytest.mark.parametrize("wish", [wish for wish in Wish if wish is not Wish.LIFT])
def test_nothing_is_done_before_the_code(
    visitor: Browser, stand_in: StandIn, woken: list[str], wish: Wish
) -> None:
    """The link may lie in an old mailbox; the code is in today's."""
    page = _wish(visitor, wish, "Words.")

    assert 200 == page.status
    assert (1, [], ["wake"]) == (stand_in.requests.asked, stand_in.requests.acts, woken)
    (form,) = page.forms
    assert {"code": ""} == form.texts
    for code in ("", "0000 0000", "code", "1" * 500, CODE[:-1]):
        again = visitor.post(form.action, form.filled(code=code))
        assert 422 == again.status
        (form,) = again.forms
    assert [] == stand_in.requests.acts


def test_the_data_are_a_file_that_nobody_keeps(visitor: Browser, stand_in: StandIn) -> None:
    """Art. 15: for people and machines; no cache, no copy, no address that opens it again."""
    done = _proven(visitor, Wish.ACCESS)
    assert 200 == done.status
    assert NUMBER in done.text
    (form,) = done.forms

    wanted = {"zip": "application/zip", "html": "text/html", "json": "application/json"}
    for kind, media_type in wanted.items():
        file = visitor.post(form.action, form.filled(("as", kind)))
        assert 200 == file.status
        assert file.headers["content-type"].startswith(media_type)
        assert "no-store" == file.headers["cache-control"]
        assert f'attachment; filename="my-data.{kind}"' == file.headers["content-disposition"]
    zipped = visitor.post(form.action, form.filled(("as", "zip")))
    assert b"<p>canary" == zipfile.ZipFile(io.BytesIO(zipped.content)).read("my-data.html")
    assert "canary" not in done.text
    assert 303 == visitor.get("/p/requests/data").status  # back to where one starts
    assert ["access", *["download:en"] * 4] == stand_in.requests.acts


def test_a_download_is_chosen(visitor: Browser, stand_in: StandIn) -> None:
    """A bare submit of the download form hands nothing out."""
    (form,) = _proven(visitor, Wish.EXPORT).forms

    for bad in ([], [("as", "exe")], [("as", "zip"), ("as", "json")]):
        answer = visitor.post(form.action, [*form.filled(), *bad])
        assert 422 == answer.status
        assert "canary" not in answer.text
    assert ["export"] == stand_in.requests.acts


def test_another_session_downloads_nothing(
    visitor: Browser, build: Callable[[str], ASGIApp]
) -> None:
    """T8: the form of one visit is worth nothing in another, not even of the same person."""
    (form,) = _proven(visitor, Wish.ACCESS).forms
    other = Browser(build(ORIGIN))
    other.follow(f"/p/{MANAGE}")

    answer = other.post(form.action, form.filled(("as", "zip")))

    assert 403 == answer.status
    assert b"canary" not in answer.content


def test_a_correction_takes_words(visitor: Browser, stand_in: StandIn) -> None:
    """Without them nobody knows what is wrong; with them nothing that was typed is lost."""
    assert 422 == _wish(visitor, Wish.RECTIFY).status
    page = _wish(visitor, Wish.RECTIFY, HIS_WORDS)
    assert "&lt;b&gt;Żofia&lt;/b&gt;" in page.text

    (form,) = page.forms
    wrong = visitor.post(form.action, form.filled(code="00000000"))
    (form,) = wrong.forms
    done = visitor.post(form.action, form.filled(code="1234 5678"))

    assert "2\N{NO-BREAK SPACE}December\N{NO-BREAK SPACE}2026" in done.text
    assert [] == done.forms
    (act,) = stand_in.requests.acts
    assert HIS_WORDS.replace("\r\n", "\n") == act.partition(":")[2].replace("\r\n", "\n")


def test_a_novel_is_not_taken(visitor: Browser) -> None:
    """More than a page of text is cut nowhere in silence."""
    answer = _wish(visitor, Wish.RECTIFY, "ż" * 1_501)

    assert 422 == answer.status
    assert "1,500 characters" in answer.text
    assert 200 == _wish(visitor, Wish.RECTIFY, "ż" * 1_500).status
    assert 413 == _wish(visitor, Wish.RECTIFY, "ż" * 20_000).status


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish.RESTRICT, "Your data are kept and not used"),
        (Wish.ERASE, "Everything is deleted"),
    ],
)
def test_what_was_done_is_said(visitor: Browser, stand_in: StandIn, wish: Wish, said: str) -> None:
    """Whoever asked must know that it happened, and with which number."""
    done = _proven(visitor, wish)

    assert said in done.text
    assert NUMBER in done.text
    assert [wish.value] == stand_in.requests.acts


def test_an_erasure_that_is_held_promises_nothing(visitor: Browser, stand_in: StandIn) -> None:
    """The page says that somebody looks at it, and not a word of why."""
    stand_in.requests.held = True

    done = _proven(visitor, Wish.ERASE)

    assert "We are looking at it" in done.text
    assert "deleted" not in done.text
    assert "hold" not in done.text.lower()


def test_a_restriction_can_be_lifted_where_it_was_asked_for(
    visitor: Browser, stand_in: StandIn
) -> None:
    """Art. 18 ends when the person says so; while it lasts the page says since when."""
    stand_in.requests.restricted_at = datetime(2026, 11, 1, 9, tzinfo=UTC)

    page = visitor.get("/p/requests")

    assert "Since 1\N{NO-BREAK SPACE}November\N{NO-BREAK SPACE}2026" in page.text
    assert ("wish", "lift") in page.forms[0].offered
    assert ("wish", "restrict") not in page.forms[0].offered
    assert "used again" in _proven(visitor, Wish.LIFT).text
    assert ["lift"] == stand_in.requests.acts


def test_a_doubled_click_is_one_act(visitor: Browser, stand_in: StandIn) -> None:
    """T5: the second press gets the same answer, although the code is used up."""
    (form,) = _wish(visitor, Wish.ERASE).forms
    fields = form.filled(code=CODE)

    first, second = visitor.post(form.action, fields), visitor.post(form.action, fields)

    assert (200, 200) == (first.status, second.status)
    assert ["erase"] == stand_in.requests.acts


def test_a_new_code_can_be_asked_for(visitor: Browser, stand_in: StandIn) -> None:
    """The mail did not come, or ten minutes are over: what was typed stays."""
    (form,) = _wish(visitor, Wish.RECTIFY, "Words.").forms

    page = visitor.post(form.action, form.filled(("again", "yes")))

    assert 200 == page.status
    assert 2 == stand_in.requests.asked
    assert "Words." == page.forms[0].hidden["words"]
    assert [] == stand_in.requests.acts


@pytest.mark.parametrize(
    ("codes", "status", "said"),
    [
        (CodeAsked.TOO_MANY, 429, "several codes"),
        (CodeAsked.NO_ADDRESS, 409, "We cannot send a code"),
    ],
)
def test_where_no_code_can_come_the_page_says_what_to_do(
    visitor: Browser, stand_in: StandIn, codes: CodeAsked, status: int, said: str
) -> None:
    """Nobody waits for a mail that was never sent."""
    stand_in.requests.codes = codes

    answer = _wish(visitor, Wish.ACCESS)

    assert status == answer.status
    assert said in answer.text
    assert [] == stand_in.requests.acts


def test_a_fourth_code_within_an_hour_is_not_mailed(visitor: Browser, stand_in: StandIn) -> None:
    """Whoever holds a link must not be able to fill a mailbox; what was typed stays."""
    (form,) = _wish(visitor, Wish.RECTIFY, "Words.").forms
    stand_in.requests.codes = CodeAsked.TOO_MANY

    page = visitor.post(form.action, form.filled(("again", "yes")))

    assert 429 == page.status
    assert "Words." == page.forms[0].hidden["words"]


def test_a_download_that_is_nobodys_any_more_is_refused(
    visitor: Browser, stand_in: StandIn
) -> None:
    """The request was let go meanwhile, or never was theirs."""
    (form,) = _proven(visitor, Wish.ACCESS).forms
    stand_in.requests.seen.clear()

    answer = visitor.post(form.action, form.filled(("as", "zip")))

    assert 403 == answer.status
    assert b"canary" not in answer.content


def _forms_of(visitor: Browser) -> list[PageForm]:
    """Return each form of the way, filled in so that it would act."""
    first = visitor.get("/p/requests").forms[0]
    code = _wish(visitor, Wish.ACCESS).forms[0]
    done = visitor.post(code.action, code.filled(code=CODE)).forms[0]
    return [first, code, done]


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_site_submits_nothing(
    visitor: Browser, stand_in: StandIn, number: int, headers: dict[str, str]
) -> None:
    """T8: every form of the way refuses what does not come from our own page."""
    form = _forms_of(visitor)[number]
    before = list(stand_in.requests.acts), stand_in.requests.asked
    act = [("wish", "erase"), ("code", CODE), ("as", "zip")]

    answer = visitor.post(form.action, [*form.hidden.items(), *act], headers=headers)

    assert 403 == answer.status
    assert before == (list(stand_in.requests.acts), stand_in.requests.asked)


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("broken", ["", "x", "a.b", "cut", "other"])
def test_a_forged_or_borrowed_token_does_nothing(
    visitor: Browser, stand_in: StandIn, number: int, broken: str
) -> None:
    """A token is good for its own form only: the one of the wish must not do for the code's."""
    forms = _forms_of(visitor)
    before = list(stand_in.requests.acts), stand_in.requests.asked
    token = {"cut": forms[number].hidden["form"][:-1], "other": forms[number - 1].hidden["form"]}
    fields = [("form", token.get(broken, broken)), ("wish", "erase"), ("code", CODE)]

    answer = visitor.post(forms[number].action, [*fields, ("as", "zip")])

    assert 403 == answer.status
    assert before == (list(stand_in.requests.acts), stand_in.requests.asked)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_page_of_this_morning_does_nothing(
    visitor: Browser, stand_in: StandIn, number: int
) -> None:
    """An open tab on a shared computer must not act hours later."""
    form = _forms_of(visitor)[number]
    for _ in range(5):
        stand_in.clock.advance(timedelta(minutes=29))
        visitor.get("/p/requests")  # the visit goes on in another tab
    before = list(stand_in.requests.acts), stand_in.requests.asked

    act = [("wish", "erase"), ("code", CODE), ("as", "zip")]
    assert 403 == visitor.post(form.action, [*form.hidden.items(), *act]).status
    assert before == (list(stand_in.requests.acts), stand_in.requests.asked)


@pytest.mark.parametrize("code", sorted(all_texts()))
def test_every_page_speaks_every_language(visitor: Browser, stand_in: StandIn, code: str) -> None:
    """A key that is missing in one language is a 500 for whoever reads it."""
    stand_in.spoken = tuple(all_texts())
    for wish in Wish:
        stand_in.requests.restricted_at = (
            datetime(2026, 11, 1, tzinfo=UTC) if wish is Wish.LIFT else None
        )
        page = visitor.get(f"/p/requests?lang={code}")
        form = page.forms[0]
        asked = visitor.post(form.action, form.filled(("wish", wish.value), words="W."))
        done = visitor.post(asked.forms[0].action, asked.forms[0].filled(code=CODE))
        for each in (page, asked, done):
            assert 200 == each.status
            assert f'lang="{code}"' in each.text


@pytest.mark.parametrize("path", ["/p/requests/code", "/p/requests/data"])
@pytest.mark.parametrize(
    ("query", "to"),
    [("", ""), ("?lang=pl", "?lang=pl"), ("?lang=xx", ""), ("?lang=//evil.example", "")],
)
def test_another_language_leads_back_to_the_beginning(
    visitor: Browser, path: str, query: str, to: str
) -> None:
    """The link to another language stands on pages that only a form leads to."""
    assert f"/p/requests{to}" == visitor.get(path + query).headers["location"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/p/requests", "/p/requests/code", "/p/requests/data"])
def test_other_methods_are_refused(visitor: Browser, method: str, path: str) -> None:
    """What nobody uses is closed."""
    assert 405 == visitor.ask(method, path).status
