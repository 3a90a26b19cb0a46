"""A consent through any sequence of events: no path to membership without the person's own yes."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import Effect, Event, Position, Step, step
from alumni_sync.domain import LIVE_STATES, ConsentState

START = datetime(2026, 10, 1, 9, tzinfo=UTC)
EXIT = START + timedelta(days=20)
TIMERS = Timers()
OTHERS = [event for event in Event if event not in {Event.SAID_YES, Event.TIMER, Event.ASKED}]


class Consent(RuleBasedStateMachine):
    """Keeps beside the position what really happened: yeses, mails, whether the gate is open."""

    def __init__(self) -> None:
        """Begin before the exit, with nothing asked."""
        super().__init__()
        self.now = START
        self.position = Position(ConsentState.NOT_ASKED, exit_end=EXIT)
        self.yes_at: datetime | None = None
        self.gate = False
        self.mails: list[datetime] = []
        self.answered = False

    def _go(self, event: Event) -> Step:
        moved = step(self.position, event, self.now, TIMERS)
        self.position = moved.position
        if Effect.OPEN_GATE in moved.effects:
            self.gate = True
        if Effect.CLOSE_GATE in moved.effects:
            self.gate = False
        return moved

    @rule(days=st.integers(0, 40), minutes=st.integers(0, 1440))
    def wait(self, days: int, minutes: int) -> None:
        """Let time go by."""
        self.now += timedelta(days=days, minutes=minutes)

    @rule()
    def timer(self) -> None:
        """Let the daily round look at it."""
        self._go(Event.TIMER)

    @rule()
    def mail(self) -> None:
        """Send an asking mail, if the lifecycle lets us."""
        if self._go(Event.ASKED).taken:
            assert not self.answered, "asked again after an answer"
            self.mails.append(self.now)

    @rule()
    def yes(self) -> None:
        """Say yes."""
        moved = self._go(Event.SAID_YES)
        if moved.taken:
            assert self.now >= EXIT
            self.yes_at = self.now

    @rule(event=st.sampled_from(OTHERS))
    def something_else(self, event: Event) -> None:
        """Let anything else happen."""
        moved = self._go(event)
        if moved.taken and event in {Event.SAID_NO, Event.SAID_NOT_ME, Event.WITHDREW}:
            self.answered = True
        if moved.taken and event is Event.REOPENED:
            self.mails, self.yes_at = [], None
        if moved.taken and event is Event.NOT_HANDED_OVER:
            self.mails.pop()

    @precondition(lambda self: self.position.state is ConsentState.INVITED)
    @rule()
    def silence(self) -> None:
        """Say nothing for the rest of the time."""
        self.now += timedelta(days=31)
        self._go(Event.TIMER)
        assert self.position.state is ConsentState.EXPIRED, "silence led somewhere else"

    @invariant()
    def nobody_is_in_without_a_yes(self) -> None:
        """The gate is open only for who said yes after the exit."""
        if self.position.state in LIVE_STATES:
            assert self.yes_at is not None
        assert self.gate == (self.position.state in LIVE_STATES)

    @invariant()
    def nobody_is_asked_too_often(self) -> None:
        """Three mails a round, whatever happens in between."""
        assert len(self.mails) <= 3
        assert self.position.asked == len(self.mails)


Consent.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestConsent = Consent.TestCase
