"""The HR desk in a real browser: every room, by keyboard, narrow, zoomed, dark, and on paper."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from alumni_sync.clock import FixedClock
from alumni_sync.ledger.store import Ledger
from alumni_sync.privacy.holds import set_hold
from alumni_sync.privacy.request_rows import RequestChannel, RequestKind
from alumni_sync.privacy.requests import open_request
from alumni_sync.sites.serve import Site, serve
from alumni_sync.sites.worker import Chore, Worker
from tests.consent.joins import proven
from tests.consent.papers import DPO, form_of, printed, proposed
from tests.roster import Leaver
from tests.sites.office import Company

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Open:
    """A desk that answers, and somebody in its files."""

    origin: str
    company: Company
    leaver: Leaver
    paper: str
    pages: dict[str, str]


@pytest.fixture
def desk(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> Iterator[Open]:
    """Serve a desk with something in every room, on a free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    company = Company(tmp_path, sqlite_ledger, clock, url=origin)
    world = company.world
    leaver, other = world.member(phone="+48 600 000 000"), world.invited("anna", given_name="Anna")
    company.case()
    set_hold(company.d, leaver.person, DPO, reason="claim", matter="7 P 118/26")
    request = open_request(
        company.d, kind=RequestKind.RESTRICT, channel=RequestChannel.MAIL, identity=DPO,
        person_id=leaver.person, words="Please stop.",
    )  # fmt: skip
    paper, second = printed(world, other, "pl"), proposed(world, world.invited("ewa"))
    file = f"/person/{leaver.person}"
    pages = {
        "queue": "/",
        "all ticked": "/?show=all&older=&tick=1",
        "case": "/case/EX-000001",
        "decision record": "/case/EX-000001/record",
        "find": "/find",
        "file": file,
        "event": f"{file}/event/2",
        "answer": f"{file}/answer/{world.invitation(leaver)['id']}",
        "take down": f"{file}/request",
        "requests": "/requests?all=1",
        "request": f"/request/{request}",
        "joins": "/joins",
        "join": f"/join/{proven(world, number=other.number).id}",
        "papers": "/answers",
        "form": f"/form/{paper}",
        "key in": f"/answer/{paper}",
        "compare": f"/answer/{second}",
        "letters": "/letters",
        "nothing": "/nothing",
    }
    stop, ready = threading.Event(), threading.Event()
    worker = Worker([Chore("nothing", lambda _: None, 3600.0)], lambda: 0.0)
    thread = threading.Thread(
        target=serve,
        args=([Site("desk", company.app, "127.0.0.1", port)], worker, stop),
        kwargs={"say": lambda _: ready.set()},
    )
    thread.start()
    assert ready.wait(20)
    yield Open(origin, company, leaver, paper, pages)
    stop.set()
    thread.join(20)


def visitor(chromium: Browser, desk: Open, user: str = "dpo", width: int = 1200,
            **changed: object) -> BrowserContext:  # fmt: skip
    """Return somebody's browser, behind the proxy."""
    return chromium.new_context(
        viewport={"width": width, "height": 900},
        extra_http_headers=desk.company.headers(user),
        **changed,  # type: ignore[arg-type]  # options of the browser
    )


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_no_barrier_is_found(chromium: Browser, desk: Open, width: int, scheme: str) -> None:
    """WCAG 2.2 AA, as far as a program can tell: every room, wide and narrow, light and dark."""
    context = visitor(chromium, desk, width=width, color_scheme=scheme)
    page, found = context.new_page(), {}
    for what, path in desk.pages.items():
        page.goto(desk.origin + path)
        found[what] = _barriers(page)
    page.goto(desk.origin + desk.pages["key in"])
    page.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_be_focused()
    found["problems"] = _barriers(page)
    page.goto(desk.origin + "/find")
    page.get_by_label("Employee number, e-mail").fill("nobody@mail.example")
    page.get_by_role("button").click()
    found["nobody"] = _barriers(page)
    context.close()

    assert {} == {what: barriers for what, barriers in found.items() if barriers}


def _barriers(page: Page) -> list[str]:
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    results = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]})
    return [f"{v['id']}: {v['nodes'][0]['target']}" for v in results.response["violations"]]


def test_nothing_is_wider_than_a_phone(chromium: Browser, desk: Open) -> None:
    """320 px is 400 % zoom on a desk (WCAG 1.4.10): nothing scrolls sideways but a table's box."""
    context = visitor(chromium, desk, width=320)
    page, wide = context.new_page(), {}
    for what, path in desk.pages.items():
        page.goto(desk.origin + path)
        wide[what] = page.evaluate("document.documentElement.scrollWidth")
    context.close()

    assert {} == {what: width for what, width in wide.items() if width > 320}


def test_the_queue_is_read_on_a_phone(chromium: Browser, desk: Open) -> None:
    """A list whose due dates have to be dragged into sight is read as a list without any."""
    context = visitor(chromium, desk, "rev", width=360)
    page = context.new_page()
    page.goto(desk.origin + "/")
    box = page.locator("#cases")
    hidden = box.evaluate("box => box.scrollWidth - box.clientWidth")
    seen = box.locator("td[data-label=Due] time").first.bounding_box()
    context.close()

    assert 0 == hidden
    assert seen
    assert seen["x"] + seen["width"] <= 360


def test_from_a_call_to_a_withdrawal_by_keyboard(chromium: Browser, desk: Open) -> None:
    """Whoever answers the phone and cannot use a pointer must find, open and record."""
    context = visitor(chromium, desk, java_script_enabled=False)
    page = context.new_page()
    page.goto(desk.origin + "/find")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    _tab_to(page, page.get_by_label("Employee number, e-mail"))
    page.keyboard.type(desk.leaver.number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zofia Jaworowska")

    _tab_to(page, page.get_by_role("link", name="Record an answer"))
    page.keyboard.press("Enter")
    _tab_to(page, page.get_by_label("By phone"))
    page.keyboard.press("Space")
    _tab_to(page, page.get_by_label("Everything: they leave"))
    page.keyboard.press("Space")
    page.get_by_label("When it reached us").fill(desk.company.d.clock.now().date().isoformat())
    _tab_to(page, page.get_by_label("Where the letter"))
    page.keyboard.type("Call note 118")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_have_text(
        "It is taken back. The removal has begun; the person is told by mail."
    )
    assert "withdrew" == desk.company.world.history(desk.leaver)[-1]
    context.close()


def _tab_to(page: Page, target: object) -> None:
    """Press Tab until something has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if target.evaluate("e => e === document.activeElement"):  # type: ignore[attr-defined]  # a locator
            return
    pytest.fail("cannot be reached by keyboard")


def test_a_case_is_ruled_on_by_keyboard_without_a_script(chromium: Browser, desk: Open) -> None:
    """Whoever cannot use a pointer must be able to rule, and to see what was left out."""
    context = visitor(chromium, desk, "rev", java_script_enabled=False)
    page = context.new_page()
    page.goto(desk.origin + "/")
    _tab_to(page, page.get_by_role("link", name="EX-000001"))
    page.keyboard.press("Enter")
    form = page.locator("form", has=page.get_by_role("button", name="Admit"))
    _tab_to(page, form.get_by_label("Comment"))
    page.keyboard.type("See the letter.")
    _tab_to(page, form.get_by_role("button"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Choose why.")
    expect(page.locator("form", has=page.get_by_role("button", name="Admit"))
           .get_by_label("Comment")).to_have_value("See the letter.")  # fmt: skip

    page.get_by_role("link", name="Choose why.").press("Enter")
    _tab_to(page, page.get_by_label("The exit was coded wrongly"))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("A second person has to say the same")
    expect(page.get_by_text("See the letter.")).to_be_visible()
    context.close()


def test_the_form_prints(chromium: Browser, desk: Open) -> None:
    """What is signed is the sheet: the text, the boxes, the line at its foot, no furniture."""
    context = visitor(chromium, desk)
    page = context.new_page()
    page.goto(desk.origin + desk.pages["form"])
    page.emulate_media(media="print")

    expect(page.get_by_text(form_of(desk.company.world, desk.paper).foot)).to_be_visible()
    expect(page.get_by_text("Podpis", exact=True)).to_be_visible()
    expect(page.get_by_text("Print this page")).to_be_hidden()
    context.close()


def test_two_people_two_browsers(chromium: Browser, desk: Open) -> None:
    """A yes on paper, clicked through by both who have to look at it."""
    first, second = visitor(chromium, desk), visitor(chromium, desk, "sec")
    page = first.new_page()
    page.goto(desk.origin + desk.pages["key in"])
    foot = form_of(desk.company.world, desk.paper).foot
    today = desk.company.d.clock.now().date().isoformat()
    page.get_by_label("The line at the foot").fill(foot)
    page.get_by_label("The name, as the person wrote it").fill("Anna Jaworowska")
    page.get_by_label("Store").first.check()
    page.get_by_label("Date beside the signature").fill(today)
    page.get_by_label("When it reached us").fill(today)
    page.get_by_label("Where the paper is kept").fill("Binder 8")
    page.get_by_label("It says yes, and it is signed").check()
    page.get_by_role("button").click()
    expect(page.get_by_text("You keyed it in: another person compares it.")).to_be_visible()

    other = second.new_page()
    other.goto(desk.origin + "/answers")
    other.get_by_role("link", name=desk.paper).click()
    other.get_by_label("Exactly this, and it is signed").check()
    other.get_by_role("button").click()
    expect(other.get_by_role("heading", level=1)).to_have_text(f"{desk.paper} is recorded")
    first.close()
    second.close()
