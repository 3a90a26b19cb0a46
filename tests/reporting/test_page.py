"""The report as a page: complete, self-contained, and silent about what is hidden."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from alumni_sync.reporting.charts import HIDDEN, month_name, number, percent, segments
from alumni_sync.reporting.figures import Figures
from alumni_sync.reporting.funnel import STAGES, Funnel, Line
from alumni_sync.reporting.page import page

CONTROLLERS = {"acme-pl": "Acme sp. z o.o.", "acme-de": "Acme & Söhne <GmbH>"}
NOTHING = Funnel(date(2026, 10, 29), Line("", "", dict.fromkeys(STAGES)), (), ())
EMPTY = Figures(NOTHING, {}, {}, {}, None, None)


def line(source: str, month: str, *values: int | None) -> Line:
    """Return a line of the funnel."""
    return Line(source, month, dict(zip(STAGES, values, strict=True)))


@pytest.fixture
def figures() -> Figures:
    """Return figures with everything that a page can show, some of it hidden."""
    funnel = Funnel(
        date(2026, 10, 29),
        line("", "", 1234, 987, 900, 450, 449),
        (
            line("acme-de", "", 34, 27, 20, None, None),
            line("acme-pl", "", 1200, 960, 880, 440, 439),
        ),
        (
            line("acme-de", "2026-10", 34, 27, 20, None, None),
            line("acme-pl", "2026-10", 600, 480, 440, 220, 220),
            line("acme-pl", "earlier", 600, 480, 440, 220, 219),
        ),
    )
    return Figures(
        funnel=funnel,
        verdicts={"eligible": 987, "review": 200, "excluded": None},
        no_contact={"no_evidence": 60, "some_new_reason": 27},
        days_to_yes={"same day": 300, "1-2 days": 150, "later": None},
        median_days=0.4,
        boomerangs=None,
    )


class Page(HTMLParser):
    """Collects what a reader and a browser would take from the page."""

    def __init__(self, html: str) -> None:
        """Read `html`."""
        super().__init__()
        self.text: list[str] = []
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag, and whatever a browser would fetch because of it."""
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "data"}]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if data.strip():
            self.text.append(data.strip())


def test_every_figure_stands_on_the_page(figures: Figures) -> None:
    """A figure that is counted and not shown is one that nobody can act on."""
    text = " ".join(Page(page(figures, company="Acme", controllers=CONTROLLERS)).text)
    for wanted in ("1\u202f234", "449", "50\u202f%", "same day", "October 2026", "earlier", "300"):
        assert wanted in text
    assert "Acme & Söhne <GmbH>" in text
    assert "some new reason" in text


def test_page_is_self_contained(figures: Figures) -> None:
    """A page that loads from elsewhere tells elsewhere who reads our report."""
    html = page(figures, company="Acme", controllers=CONTROLLERS)
    found = Page(html)
    assert [] == found.loads
    assert not {"script", "iframe", "img", "link"} & set(found.tags)
    assert not re.search(r"url\(|@import|https?://", html)


def test_hidden_figure_has_no_bar(figures: Figures) -> None:
    """A bar beside a hidden figure could be measured."""
    html = page(figures, company="Acme", controllers=CONTROLLERS)
    row = next(part for part in html.split("<tr>") if ">October 2026<" in part)
    cells = row.split("<td>")[1:]
    assert [True, True, True, False, False] == ["<rect" in cell for cell in cells]
    assert [False, False, False, True, True] == [HIDDEN in cell for cell in cells]


def test_share_stands_only_between_shown_figures(figures: Figures) -> None:
    """A percentage of a shown figure gives the hidden one away."""
    hidden = replace(figures.funnel, total=line("", "", 1234, 987, 900, None, None))
    shown = page(figures, company="Acme", controllers=CONTROLLERS)
    silent = page(replace(figures, funnel=hidden), company="Acme", controllers=CONTROLLERS)
    assert ["50", "91", "80", "91", "50", "100"] == re.findall(r"(\d+)\u202f%", shown)
    assert ["91", "80", "91"] == re.findall(r"(\d+)\u202f%", silent)


def test_first_day_has_a_page() -> None:
    """A new programme's first report is opened by the person who paid for it."""
    text = " ".join(Page(page(EMPTY, company="Acme", controllers={})).text)
    assert "Alumni programme" in text
    assert HIDDEN in text


def test_chart_of_hidden_figures_only_is_left_out(figures: Figures) -> None:
    """Six dashes over an empty axis look like a fault of the page."""
    nothing = replace(figures, days_to_yes=dict.fromkeys(figures.days_to_yes))
    assert "From the first mail" in page(figures, company="Acme", controllers=CONTROLLERS)
    assert "From the first mail" not in page(nothing, company="Acme", controllers=CONTROLLERS)


def test_words_for_figures() -> None:
    """A thousand without a separator is misread; a hidden figure must not look like a zero."""
    assert ["1\u202f000", "5", HIDDEN] == [number(value) for value in (1000, 5, None)]
    assert ["", "33\u202f%"] == [percent(None), percent(1 / 3)]
    assert ["earlier", "May 2026"] == [month_name("earlier"), month_name("2026-05")]


def test_segments_leave_out_what_is_hidden() -> None:
    """A gap in a stacked bar would be as long as the hidden figure."""
    parts = segments({"eligible": 30, "review": None, "excluded": 10}, {})
    assert [("eligible", 0.0, 0.75), ("excluded", 0.75, 0.25)] == [
        (part.key, part.start, part.size) for part in parts
    ]
    assert [] == segments({}, {})
