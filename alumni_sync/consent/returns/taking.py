"""Taking what came back: mailboxes with bounces and complaints → the invitations they are about.

Reading is at least once: a mail disappears from its mailbox only after the ledger has what it says,
and a report that is read again changes nothing. What is not understood stays for a person to read.

Does not belong here: what a report means (`reports`), what follows from it (`effects`).
"""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.returns.effects import Taken, take_report
from alumni_sync.consent.returns.mailboxes import mailboxes_of
from alumni_sync.consent.returns.reports import ReturnKind, read_returned
from alumni_sync.ledger.leases import hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alumni_sync.deployment import Deployment
    from alumni_sync.ports import Mailbox

AT_ONCE: Final = 500
"""Mails of one mailbox that are taken at one look; the next one takes the rest."""


@dataclass(frozen=True, slots=True)
class ReturnCounts:
    """What a look into the mailboxes found.

    Attributes:
        hard: mailboxes that do not exist.
        soft: mails that did not arrive this time.
        complaints: readers who called a mail spam.
        strange: reports about mails that we did not send, or know no more.
        other: mails that are no report; left for a person.
    """

    hard: int = 0
    soft: int = 0
    complaints: int = 0
    strange: int = 0
    other: int = 0


def take_returns(
    d: "Deployment", run_id: str, boxes: "Sequence[Mailbox] | None" = None
) -> ReturnCounts:
    """Take every report that is new in the mailboxes of `mail.returns`; none are set, nothing.

    Args:
        d: the deployment.
        run_id: not kept; the events say when and why.
        boxes: the mailboxes; None takes those of the settings.

    Raises:
        ConfigError: there is no maildir.
        ConnectorError: the mail server does not let us read; what was taken before is.
        LeaseBusy: another process is taking them.
    """
    del run_id
    counts: Counter[str] = Counter()
    for box in mailboxes_of(d) if boxes is None else boxes:
        with closing(box):
            _empty(d, box, counts)
    return ReturnCounts(
        hard=counts["hard"],
        soft=counts["soft"],
        complaints=counts["complaint"],
        strange=counts["strange"],
        other=counts["other"],
    )


def _empty(d: "Deployment", box: "Mailbox", counts: Counter[str]) -> None:
    """Take what waits in one mailbox; where nothing waits, not even a lease is taken."""
    waiting = islice(box.waiting(), AT_ONCE)
    first = next(waiting, None)
    if first is None:
        return
    with hold(d.ledger, d.clock, "mail:returns") as lease:
        # Another process may have taken the first one before the lease was ours: it is known then.
        counts[_take(d, box, *first)] += 1
        for key, content in waiting:
            lease.renew()
            counts[_take(d, box, key, content)] += 1


def _take(d: "Deployment", box: "Mailbox", key: str, content: bytes) -> str:
    """Take one mail; return what it was."""
    returned = read_returned(content)
    if returned.kind is ReturnKind.OTHER:
        box.left(key)
        return "other"
    taken = take_report(d, d.ledger.hashes.digest_bytes("return", content), returned)
    if taken is Taken.STRANGE:
        box.left(key)
        return "strange"
    box.taken(key)
    return returned.kind.value
