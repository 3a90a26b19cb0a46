"""T47: a consent through any sequence of events: no way to membership but the person's own yes."""

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alumni_sync.consent.jurisdictions import Timers
from alumni_sync.consent.lifecycle import HELD_ONTO, Effect, Event, Position, Step, step
from alumni_sync.domain import LIVE_STATES, ConsentState

START = datetime(2026, 10, 1, 9, tzinfo=UTC)
EXIT = START + timedelta(days=20)
TIMERS = Timers()
YES = frozenset({Event.SAID_YES, Event.ADDRESS_PROVEN})
ENDS = frozenset(
    {Event.SAID_NO, Event.SAID_NOT_ME, Event.WITHDREW, Event.OBJECTED, Event.ENDED, Event.REHIRED}
)
ANEW = frozenset({Event.REOPENED, Event.ASKED_BACK, Event.OBJECTION_LIFTED})
OTHERS = sorted(set(Event) - YES - {Event.TIMER, Event.ASKED, Event.PAUSED})


class Consent(RuleBasedStateMachine):
    """Keeps beside the position what really happened: yeses, mails, pauses, the gate."""

    def __init__(self) -> None:
        """Begin before the exit, with nothing asked."""
        super().__init__()
        self.now = START
        self.position = Position(ConsentState.NOT_ASKED, exit_end=EXIT, key="I-1")
        self.yes_at: datetime | None = None
        self.gate = self.answered = self.suspended = False
        self.paused_until: datetime | None = None
        self.asked: list[datetime] = []
        self.renewals: list[datetime] = []

    def _go(self, event: Event, until: datetime | None = None) -> Step:
        before = self.position
        moved = step(before, event, self.now, TIMERS, until=until)
        self.position = moved.position
        if Effect.OPEN_GATE in moved.effects:
            self.gate = True
        if Effect.CLOSE_GATE in moved.effects:
            self.gate = False
        if moved.position.round != before.round:
            self.renewals = []
        if moved.position.state not in HELD_ONTO:
            self.yes_at, self.suspended, self.paused_until = None, False, None
        return moved

    @rule(days=st.integers(0, 40), minutes=st.integers(0, 1440))
    def wait(self, days: int, minutes: int) -> None:
        """Let time go by."""
        self.now += timedelta(days=days, minutes=minutes)

    @rule()
    def wait_for_the_next_timer(self) -> None:
        """Let time go by until something is due, and do it."""
        if self.position.next_at is not None:
            self.now = max(self.now, self.position.next_at)
            self.timer()

    @rule()
    def timer(self) -> None:
        """Let the daily round look at it."""
        self._go(Event.TIMER)
        if self.paused_until is not None and self.now >= self.paused_until:
            self.paused_until = None

    @rule()
    def mail(self) -> None:
        """Send an asking mail, if the lifecycle lets us."""
        if self._go(Event.ASKED).taken:
            assert not self.answered, "asked again after an answer"
            mails = self.renewals if self.position.state in HELD_ONTO else self.asked
            mails.append(self.now)

    @rule(event=st.sampled_from(sorted(YES)))
    def yes(self, event: Event) -> None:
        """Say yes, perhaps by proving an address."""
        member = self.position.state in HELD_ONTO
        if self._go(event).taken and not (member and event is Event.ADDRESS_PROVEN):
            assert self.now >= EXIT
            self.yes_at, self.renewals = self.now, []

    @rule(days=st.integers(0, 200))
    def pause(self, days: int) -> None:
        """Ask for quiet."""
        if self._go(Event.PAUSED, self.now + timedelta(days=days)).taken:
            self.paused_until = self.position.paused_until

    @rule(event=st.sampled_from(OTHERS))
    def something_else(self, event: Event) -> None:
        """Let anything else happen."""
        moved = self._go(event)
        if not moved.taken:
            return
        self.answered |= event in ENDS
        if event in ANEW:
            self.asked, self.answered = [], False
        if event is Event.NOT_HANDED_OVER:
            (self.renewals if self.position.state in HELD_ONTO else self.asked).pop()
        if event in {Event.SUSPENDED, Event.RESUMED} and self.position.state in HELD_ONTO:
            self.suspended = event is Event.SUSPENDED
        if event is Event.CONTINUED:
            self.paused_until = None

    @precondition(lambda self: self.position.state is ConsentState.INVITED)
    @rule()
    def silence(self) -> None:
        """Say nothing for the rest of the time."""
        self.now += timedelta(days=31)
        self._go(Event.TIMER)
        assert self.position.state is ConsentState.EXPIRED, "silence led somewhere else"

    @precondition(lambda self: self.position.state in HELD_ONTO)
    @rule()
    def years_of_silence(self) -> None:
        """Say nothing until a yes is over, however it stands."""
        self.now += timedelta(days=731)
        self._go(Event.TIMER)
        assert self.position.state is ConsentState.EXPIRED, "a yes outlived its time"

    @invariant()
    def nobody_is_in_without_a_yes(self) -> None:
        """The gate is open only for who said yes after the exit, and does not want quiet."""
        if self.position.state in LIVE_STATES:
            assert self.yes_at is not None
        assert self.gate == (self.position.state in LIVE_STATES)

    @invariant()
    def a_pause_is_one_while_either_reason_holds(self) -> None:
        """The person's own pause and that of the spell know nothing of each other."""
        if self.position.state in HELD_ONTO:
            assert self.paused_until == self.position.paused_until
            assert self.suspended == self.position.suspended
            held = self.suspended or self.paused_until is not None
            assert held == (self.position.state is ConsentState.PAUSED)

    @invariant()
    def nobody_is_asked_too_often(self) -> None:
        """Three mails a round, two a renewal, whatever happens in between."""
        assert len(self.asked) <= 3
        assert len(self.renewals) <= 2
        assert self.position.asked == len(self.asked)
        assert self.position.renewals == len(self.renewals)

    @invariant()
    def who_is_held_onto_is_looked_at_again(self) -> None:
        """A yes without a timer would never end."""
        if self.position.state in HELD_ONTO:
            assert self.position.next_at is not None
            assert self.position.next_at <= (self.position.valid_until or START)


Consent.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestConsent = Consent.TestCase
