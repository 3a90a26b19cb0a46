"""docs/consent-states.md: the table of the lifecycle is what the code does."""

from alumni_sync.consent.lifecycle import Effect, Event
from alumni_sync.domain import ConsentState
from tests.docs.states import PAGE, rows, written_anew


def test_the_table_is_what_the_code_does() -> None:
    """Whoever reads the page decides by it what may happen to somebody."""
    page = PAGE.read_text(encoding="utf-8")

    assert written_anew(page) == page, "write it anew: python -m tests.docs.states"


def test_every_word_of_the_lifecycle_is_explained() -> None:
    """A table of names that nobody explains is no documentation."""
    words = PAGE.read_text(encoding="utf-8").partition("| from |")[0]

    for kind in (ConsentState, Event, Effect):
        assert [] == [word for word in kind if f"`{word}`" not in words]


def test_every_event_leads_somewhere() -> None:
    """An event that moves nothing anywhere is one that somebody forgot."""
    table = "".join(rows())

    assert [] == [event for event in Event if f"| `{event}` |" not in table]
