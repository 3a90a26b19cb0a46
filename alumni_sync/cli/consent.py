"""`consent`: what one person was asked and answered; a mail to look at; a withdrawal by phone."""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from alumni_sync.cli.app import App, json_option, os_identity, pass_app, show
from alumni_sync.cli.exits import Exit, finish
from alumni_sync.errors import ConfigError, Refused

if TYPE_CHECKING:
    from datetime import date, datetime

    from alumni_sync.consent.evidence.history import Consent
    from alumni_sync.deployment import Deployment, Plugins


@click.group()
def consent() -> None:
    """The consent of one person; a preview; a withdrawal that came by phone or letter."""


@consent.command("show")
@click.argument("person")
@click.option("--event", type=int, metavar="NUMBER", help="One decision, exactly as it was seen.")
@json_option
@pass_app
def show_consent(app: App, person: str, event: int | None, as_json: bool) -> None:
    """Show what PERSON was asked and answered, with the evidence.

    With --event: the exact text and form of that decision, checked against their hashes. Exit 1
    where anything is not what it was.
    """
    from alumni_sync.consent.evidence.history import consents_of
    from alumni_sync.ledger.people import resolve_person, source_of
    from alumni_sync.review.people.access import log_access
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    with app.open(create=False) as d:
        person_id = resolve_person(d, person)
        source = source_of(d, person_id)
        authority_now(d).require(os_identity(), Act.SEE_EVIDENCE, source)
        found = list(consents_of(d, person_id))
        subject = "consent" if event is None else f"event {event}"
        log_access(d, os_identity(), Act.SEE_EVIDENCE, person_id, subject)
        if event is not None:
            _show_decision(d, person_id, event, as_json=as_json)
            return
        lines = [line for each in found for line in _lines(each)]
    show(
        {"person": person_id, "consents": found},
        lines or ["Nobody has asked this person, and nothing was answered."],
        as_json=as_json,
    )


def _show_decision(d: "Deployment", person_id: str, seq: int, *, as_json: bool) -> None:
    from alumni_sync.consent.evidence.reproduction import reproduce

    found = reproduce(d, person_id, seq)
    show(found, found.lines(), as_json=as_json)
    finish(Exit.REJECTED if found.problems else Exit.DONE)


def _lines(each: "Consent") -> Iterator[str]:
    mails = "mail" if each.asked == 1 else "mails"
    yield f"{each.invitation_id}  {each.source}  {each.state}  ({each.asked} asking {mails})"
    if each.no_contact_reason:
        yield f"  no contact: {each.no_contact_reason}"
    for event in each.events:
        reason = f", {event.reason}" if event.reason else ""
        yield (
            f"  {_day(event.at)}  {event.event} → {event.state}"
            f"  by {event.actor} ({event.channel}{reason})  event {event.seq}"
        )
    if each.receipt is None:
        return
    kept = each.receipt
    yield f"  receipt {kept.receipt_id}, {kept.notice_id} {kept.notice_version} ({kept.language})"
    yield f"    text {kept.notice_sha256}"
    yield f"    form {kept.form_sha256}"
    if kept.name or kept.email:
        yield f"    {kept.name} <{kept.email}>"
    yield f"    purposes: {', '.join(kept.purposes) or 'none'}"
    for name, (value, to_members) in kept.fields.items():
        yield f"    {name}: {value} ({'shown' if to_members else 'not shown'} to members)"


def _day(moment: "datetime") -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")


@consent.command()
@click.option("--to", required=True, metavar="ADDRESS", help="Where the preview goes.")
@click.option("--source", help="Whose controller and law; default: the first source.")
@click.option("--language", help="Default: the company's first.")
@pass_app
def preview(app: App, to: str, source: str | None, language: str | None) -> None:
    """Send an invitation to ADDRESS, to look at; its links open nothing, nobody is asked."""
    from alumni_sync.consent.mail.preview import send_preview
    from alumni_sync.ports import Fate

    with app.open() as d:
        result = send_preview(d, source_named(d, source), to, language)
    if result.fate is Fate.ACCEPTED:
        click.echo("The preview was handed over.")
        return
    click.echo(f"The preview was {result.fate}: {result.reason}", err=True)
    finish(Exit.VENDOR)


def source_named(d: "Plugins", name: str | None) -> str:
    """Return a source of the configuration; the first for None. Raises `ConfigError`."""
    if name is None:
        return next(iter(d.settings.sources))
    if name not in d.settings.sources:
        known = ", ".join(sorted(d.settings.sources))
        raise ConfigError.of("--source", "there is no such source", f"known: {known}")
    return name


@consent.command()
@click.argument("person")
@click.option(
    "--channel",
    required=True,
    type=click.Choice(["phone", "letter"]),
    help="How the person told us.",
)
@click.option("--kept", required=True, help="Where the letter or the note of the call is kept.")
@click.option("--received", help="The day on which it reached us, YYYY-MM-DD; default: today.")
@pass_app
def withdraw(app: App, person: str, channel: str, kept: str, received: str | None) -> None:
    """Withdraw everything PERSON agreed to, because they told us by phone or letter."""
    from alumni_sync.consent.answers.answer import Channel, Decided, Invalid
    from alumni_sync.consent.evidence.history import consents_of
    from alumni_sync.consent.paper.told import WITHDRAW, Told, record_withdrawal
    from alumni_sync.domain import LIVE_STATES, ConsentState
    from alumni_sync.ledger.people import resolve_person
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    identity = os_identity()
    with app.open(create=False) as d:
        found = list(consents_of(d, resolve_person(d, person)))
        held = [each for each in found if each.state in LIVE_STATES | {ConsentState.PAUSED}]
        if not held:
            raise Refused("there is no consent that could be withdrawn")
        for each in held:
            authority_now(d).require(identity, Act.RECORD_WITHDRAWAL, each.source)
        for each in held:
            day = _received_on(received) if received else _today(d, each.source)
            told = Told(Channel(channel), WITHDRAW, day, kept)
            nonce = secrets.token_urlsafe(16)
            outcome = record_withdrawal(d, each.invitation_id, told, identity, nonce)
            if isinstance(outcome, Invalid):
                wrong = ", ".join(f"--{field.partition('_')[0]}: {code.replace('_', ' ')}"
                                  for field, code in outcome.problems)  # fmt: skip
                raise Refused(wrong)
            if not isinstance(outcome, Decided):
                raise Refused("somebody else changed it meanwhile; look again")
            click.echo(f"Withdrawn: {each.invitation_id}, receipt {outcome.receipt_id}.")


def _received_on(text: str) -> "date":
    """Return a day as it was typed; raises `ConfigError`."""
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError.of("--received", "is no day", "write it like 2026-11-02") from None


def _today(d: "Deployment", source: str) -> "date":
    """Return the civil day at a source's site."""
    return d.clock.now().astimezone(d.settings.sources[source].timezone).date()
