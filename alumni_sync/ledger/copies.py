"""Signed lines that left the deployment, and came back in the hands of an auditor.

What was mailed or posted is read as it was kept: a mail, several in one file, the JSON of a
webhook, or lines cut out of any of them.
"""

import json
import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

from alumni_sync.errors import ConfigError
from alumni_sync.ledger.checkpoints import Line

KEY: Final = "checkpoints"
"""Under which the lines stand in the JSON of the webhook, each as a text."""
MOST_BYTES: Final = 16 * 1024 * 1024
_NEXT_MAIL: Final = re.compile(rb"(?m)^From .*\r?\n")
_LINE: Final = re.compile(r"\{[^{}\r\n]*\"signature\":\"[0-9a-f]+\"[^{}\r\n]*\}")


def read_copy(path: Path) -> list[Line]:
    """Return every signed line in a file, whatever stands around it.

    Raises:
        ConfigError: there is none, or one whose signature does not fit; or the file is too large:
            a part of it must not pass for all of it.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        what = f"is larger than {MOST_BYTES // 1024**2} MB"
        raise ConfigError.of(str(path), what, "compare it in parts: any line of it will do")
    lines: dict[str, Line] = {}
    for text in _texts(content):
        for found in _LINE.findall(text):
            try:
                line = Line.read(found.encode())
            except ValueError:
                raise ConfigError.of(str(path), "holds a checkpoint that was edited") from None
            lines[line.signature] = line
    if not lines:
        raise ConfigError.of(str(path), "holds no checkpoint", "give what was mailed or posted")
    return list(lines.values())


def _texts(content: bytes) -> Iterator[str]:
    """Yield what can be read in a file: JSON's own texts, the parts of mails, else all of it."""
    yield from _posted(content)
    for mail in _NEXT_MAIL.split(content):
        for part in message_from_bytes(mail, policy=policy.default).walk():
            payload = part.get_payload(decode=True)
            if part.get_content_maintype() == "text" and isinstance(payload, bytes):
                yield payload.decode("utf-8", "replace")
    yield content.decode("utf-8", "replace")


def _posted(content: bytes) -> Sequence[str]:
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        return []
    lines = plain.get(KEY) if isinstance(plain, dict) else None
    return [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
