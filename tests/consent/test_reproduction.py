"""A decision from years ago is shown exactly as it was seen, and what is not so is named."""

import hashlib
import json
from dataclasses import asdict
from shutil import rmtree

import pytest
from sqlalchemy import Connection, Table, update

from alumni_sync.consent.answers.decisions import withdraw
from alumni_sync.consent.evidence.reproduction import Reproduction, reproduce
from alumni_sync.errors import Refused
from alumni_sync.ledger.chain import entry_hash
from alumni_sync.ledger.keystore import KeyKind
from alumni_sync.ledger.tables import NoticeBlob, t
from tests.consent.world import BY_MAIL, World
from tests.ledger.chains import EVENTS, without_triggers

BLOBS = t(NoticeBlob)
YES = 2
"""Number of the event of a member's yes; the first is the invitation."""


def lines(found: Reproduction) -> str:
    """Return it as a person reads it."""
    return "\n".join(found.lines())


def test_t13_a_past_decision_is_shown_exactly_as_it_was_seen(any_world: World) -> None:
    """Years later, the repository lost and the person gone: what did they agree to?"""
    leaver = any_world.member()
    page = any_world.shown(leaver)
    withdraw(any_world.d, any_world.invitation(leaver)["id"], None, BY_MAIL, "n")
    rmtree(any_world.root / "rules")

    found = reproduce(any_world.d, leaver.person, YES)

    assert () == found.problems
    assert page.notice_sha256 == hashlib.sha256(found.text.encode()).hexdigest()
    assert page.form_sha256 == hashlib.sha256(found.form.encode()).hexdigest()
    assert entry_hash(found.canonical.encode()) == found.entry_hash
    assert ("Zofia Jaworowska", "zofia@mail.example") == (found.name, found.email)
    told = lines(found)
    for part in (
        f"event {YES}: said_yes, invited → given",
        "[x] Your last job title: Accountant, shown to members",
        ": Warszawa, not shown to members",
        "community: given until ",
        "event, text and form have the recorded hashes",
    ):
        assert part in told
    assert found.text.strip() in told


def test_what_was_not_ticked_is_shown_without_a_tick(world: World) -> None:
    """What somebody left out is as much their decision as what they ticked."""
    leaver = world.member()

    found = reproduce(world.d, leaver.person, YES)

    boxes = [line for line in found.lines() if line.startswith("[")]
    form = json.loads(found.form)
    assert len(boxes) == len(form["fields"]) + len(form["purposes"])
    assert len(found.ticked) - 1 == sum(line.startswith("[x]") for line in boxes)  # no community


@pytest.mark.parametrize(
    ("table", "key", "told"),
    [
        (BLOBS, "text", "the text {} was edited"),
        (BLOBS, "form", "the form {} was edited"),
        (EVENTS, "event", "edited: the bytes do not have the recorded hash"),
    ],
)
def test_what_was_edited_is_named(table: Table, key: str, told: str, any_world: World) -> None:
    """Shown without a word, a forged text would count as what the person read."""
    leaver = any_world.member()
    page = any_world.shown(leaver)
    digest = {"text": page.notice_sha256, "form": page.form_sha256}.get(key, "")

    def edit(connection: Connection) -> None:
        if table is BLOBS:
            change = update(BLOBS).where(BLOBS.c.sha256 == digest).values(content=b"{}")
        else:
            known = reproduce(any_world.d, leaver.person, YES).canonical
            forged = known.replace("said_yes", "said_yep").encode()
            change = update(EVENTS).where(EVENTS.c.seq == YES).values(canonical=forged)
        connection.execute(change)

    without_triggers(any_world.d.ledger, edit)

    found = reproduce(any_world.d, leaver.person, YES)
    assert (told.format(digest[:12]),) == found.problems
    assert f"WRONG: {found.problems[0]}" in lines(found)


def test_a_text_that_is_gone_is_named(any_world: World) -> None:
    """An empty page must not pass for what was read."""
    leaver = any_world.member()
    digest = any_world.shown(leaver).notice_sha256
    with any_world.d.ledger.write() as connection:
        connection.execute(BLOBS.delete().where(BLOBS.c.sha256 == digest))

    found = reproduce(any_world.d, leaver.person, YES)

    assert (f"the text {digest[:12]} is missing",) == found.problems


def test_t33_without_the_evidence_key_text_and_decision_still_stand(world: World) -> None:
    """Erased is erased: no name, no value; and the proof still verifies."""
    leaver = world.member()
    world.d.ledger.vault.shred([leaver.person], [KeyKind.EVIDENCE])

    found = reproduce(world.d, leaver.person, YES)

    assert ((), "", "", {}) == (found.problems, found.name, found.email, found.displayed)
    assert "Zofia" not in lines(found) + json.dumps(asdict(found))
    assert "[x] Your last job title, shown to members" in lines(found)


def test_somebody_elses_decision_is_not_shown(world: World) -> None:
    """A mistyped number must not open another person's evidence."""
    zofia = world.member()
    other = world.leaver("jan")

    for person, seq in ((other.person, YES), (zofia.person, 99)):
        with pytest.raises(Refused, match="this person has no event"):
            reproduce(world.d, person, seq)


def test_an_event_without_a_page_has_none(world: World) -> None:
    """The invitation itself was an event; nobody had read anything yet."""
    leaver = world.member()

    found = reproduce(world.d, leaver.person, 1)

    assert () == found.problems
    assert "none: nothing was answered here" in lines(found)
