"""The words of the lifecycle: what happens, what is to be done about it, why nothing happens."""

from enum import StrEnum
from typing import Final


class Event(StrEnum):
    """What happens to a consent. The name of a step taken is the name of its consent event."""

    ASKED = "asked"  # an asking mail is about to be handed over
    NOT_HANDED_OVER = "not_handed_over"  # it was not, for certain: it does not count
    UNREACHABLE = "unreachable"  # the contact gate closed for good, or the address was refused
    SAID_YES = "said_yes"  # the first time, to a renewal, or to something more
    SAID_NO = "said_no"
    SAID_LATER = "said_later"
    SAID_NOT_ME = "said_not_me"
    ADDRESS_ASKED = "address_asked"  # another address was named: it has to be proven first
    ADDRESS_PROVEN = "address_proven"  # whoever named it has read what we sent there
    NARROWED = "narrowed"  # some purposes or fields taken back, membership stays
    PAUSED = "paused"  # the person's own pause, with its end
    CONTINUED = "continued"  # the person ends it
    WITHDREW = "withdrew"
    OBJECTED = "objected"
    OBJECTION_LIFTED = "objection_lifted"  # taken back by the person
    ASKED_BACK = "asked_back"  # the person asks to be asked, after an end of whatever kind
    TIMER = "timer"  # `next_at` has come
    NOTICE_CHANGED = "notice_changed"  # the notice means something else now: the yes is an old one
    SUSPENDED = "suspended"  # a coming rehire, a reopened case, an exit that moved, a restriction
    RESUMED = "resumed"
    REHIRED = "rehired"  # the new job has begun
    ENDED = "ended"  # exit rescinded, death, upheld exclusion
    ERASED = "erased"
    REOPENED = "reopened"  # the exit was undone and came back, or an address turned up


SUBJECT_EVENTS: Final = frozenset(
    {
        Event.SAID_YES,
        Event.SAID_NO,
        Event.SAID_LATER,
        Event.SAID_NOT_ME,
        Event.ADDRESS_ASKED,
        Event.ADDRESS_PROVEN,
        Event.NARROWED,
        Event.PAUSED,
        Event.CONTINUED,
        Event.WITHDREW,
        Event.OBJECTED,
        Event.OBJECTION_LIFTED,
        Event.ASKED_BACK,
    }
)
"""Events whose actor is the subject, whoever wrote them down."""


class Effect(StrEnum):
    """What the shell around the lifecycle has to do, in the same transaction."""

    OPEN_GATE = "open_gate"
    CLOSE_GATE = "close_gate"
    USE_LINKS = "use_links"  # links to decide are used up
    END_LINKS = "end_links"  # every link ends, the preference centre's too
    DROP_MAILS = "drop_mails"  # asking mails that are still queued
    ASK = "ask"  # the first mail of a new round
    REMIND = "remind"
    ASK_RENEWAL = "ask_renewal"
    VERIFY_ADDRESS = "verify_address"
    CONFIRM = "confirm"
    GOODBYE = "goodbye"
    WELCOME_BACK = "welcome_back"  # a goodbye to who works here again
    SUPPRESS = "suppress"  # the address: nobody writes to it again
    LIFT_SUPPRESSION = "lift_suppression"
    ALERT = "alert"  # a person has to look: the mailbox is somebody else's


class NotTaken(StrEnum):
    """Why an event changes nothing."""

    STATE = "state"
    BEFORE_EXIT = "before_exit"
    CLOSED = "closed"  # the time to answer is over, even if no timer has said so yet
    ONLY_ONCE = "only_once"
    NOT_DUE = "not_due"
