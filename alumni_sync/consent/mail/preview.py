"""A mail to look at before anybody is asked: real words, real wire, links that open nothing."""

from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from alumni_sync.consent.mail.attempts import sender_domain, site_of
from alumni_sync.consent.mail.composing import MailKind, MailValues, compose, last_day
from alumni_sync.consent.terms import language_for
from alumni_sync.ledger.ids import new_id
from alumni_sync.ports import Message, SendResult

if TYPE_CHECKING:
    from alumni_sync.deployment import Deployment

NAME: Final = "Alex"
NOWHERE: Final = "preview-opens-nothing"


def preview_message(d: "Deployment", source: str, to: str, language: str | None) -> Message:
    """Return the invitation as a leaver of `source` would get it, addressed to `to`."""
    site, now = site_of(d, source), d.clock.now()
    public = d.settings.consent.public_url
    stop = f"{public}/u/{NOWHERE}"
    composed = compose(
        site.edition,
        language_for(d, site.edition, language),
        MailKind.INVITATION,
        site.terms,
        MailValues(
            first_name=NAME,
            link=f"{public}/c/{NOWHERE}",
            unsubscribe=stop,
            closes=last_day(now + timedelta(days=site.contact.pack.timers.close_days)),
        ),
    )
    return Message(
        to=to,
        sender=d.settings.mail.sender,
        subject=composed.subject,
        text=composed.text,
        html=composed.html,
        message_id=f"<{new_id('M')}@{sender_domain(d)}>",
        headers={
            "Date": format_datetime(now),
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def send_preview(d: "Deployment", source: str, to: str, language: str | None) -> SendResult:
    """Send a preview; nothing is written to the ledger, nobody is asked."""
    return d.mailer().send(preview_message(d, source, to, language))
