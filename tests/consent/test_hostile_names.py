"""Names that no HR system should hold, on their way through mail, page and letter (T41)."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from alumni_sync.clock import FixedClock
from alumni_sync.consent.mail.composing import NAME_LENGTH
from alumni_sync.ledger.store import Ledger
from alumni_sync.ports import Message
from connectors.mail.file import FileMailer, FileMailerSettings
from tests.consent.world import World

HOSTILE = {
    "a header": "Anna\r\nBcc: everybody@mail.example\r\n\r\nBuy",
    "a template": "{{7777*7777}}{% for x in range(9) %}{{ x }}{% endfor %}",
    "a script": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "reading backwards": "\u202egpj.annA\u202c\u2066\u200f",
    "very long": "A" * 10_000,
    "a formula": '=HYPERLINK("https://evil.example","Anna")',
    "markdown": "[Anna](https://evil.example) **now** ![x](https://evil.example/x.png)",
    "nothing to be seen": "\u200b\u00ad\ufeff",
}
FORBIDDEN = ("\u202e", "\u2066", "\u200f", "\u200b", "\x00")


@pytest.fixture
def world(tmp_path: Path, sqlite_ledger: Ledger, clock: FixedClock) -> World:
    """Return a company on SQLite."""
    return World(tmp_path, sqlite_ledger, clock)


def on_the_wire(folder: Path, message: Message) -> bytes:
    """Return a mail's bytes, as a mailer writes them."""
    mailer = FileMailer(FileMailerSettings(directory=folder), None)  # type: ignore[arg-type]  # unused
    mailer.send(message)
    (path,) = folder.glob("*.eml")
    return path.read_bytes()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_cannot_write_our_mails(world: World, tmp_path: Path, name: str) -> None:
    """Whoever types names into an HRIS would put words and links of theirs into our mails (T41)."""
    world.invited("anna", given_name=name, family_name=name, display_name=name)
    (message,) = world.post.sent

    mail = message_from_bytes(on_the_wire(tmp_path / "out", message), policy=policy.default)
    plain, html = (part.get_content() for part in mail.iter_parts())

    assert ["anna@mail.example"] == [mail["To"]]
    assert mail["Bcc"] is None
    assert "everybody" not in mail["Subject"]
    assert not {"<script", "<img"} & {tag for tag in ("<script", "<img") if tag in html}
    assert 'href="https://evil' not in html
    assert [] == [letter for letter in FORBIDDEN if letter in plain + html]
    assert "60481729" not in plain
    assert max(map(len, plain.splitlines()[:1])) <= NAME_LENGTH + len("Hello ,")


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_cannot_write_our_pages(world: World, name: str) -> None:
    """The page of a decision would say what somebody typed into an HRIS (T41)."""
    leaver = world.invited("anna", given_name=name, family_name=name, job_title=name)

    page = world.shown(leaver)
    values = [page.first_name, page.full_name, *(field.value for field in page.fields)]

    assert [] == [letter for letter in FORBIDDEN for value in values[:2] if letter in value]
    assert [] == [value for value in values if "\n" in value or "\r" in value]
    assert max(map(len, values)) <= 200
    assert "evil.example" not in page.notice_html


@pytest.mark.parametrize("language", ["en", "pl", "de", "ru"])
def test_a_day_stays_on_one_line_and_a_link_is_broken_only_where_it_must_be(
    world: World, language: str
) -> None:
    """On a phone a lone 3. at the end of a line, or http without the rest, says nothing."""
    world.leaver(language=language)
    world.round()

    html, text = world.post.sent[0].html, world.post.sent[0].text
    (day,) = re.findall(r"\d{1,2}\.?\xa0\w+\xa0\d{4}", html)
    assert day.replace("\xa0", " ") in text
    assert "\xa0" not in text
    assert "break-all" not in html
