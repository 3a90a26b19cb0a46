"""Mailer `file`: every mail becomes an `.eml` file in a directory, and nobody receives anything.

For the sample, for a rehearsal, or for a mail system that picks files up. A file appears whole or
not at all, and only its owner can read it: its links are secrets.
"""

import os
import re
from pathlib import Path
from typing import Annotated, ClassVar, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo

from alumni_sync.errors import Unavailable
from alumni_sync.ports import Fate, MailerInfo, Message, PluginContext, SendResult
from connectors.mime import BadHeader, to_bytes

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")


def _resolved(value: Path, info: ValidationInfo) -> Path:
    root: Path = info.context["root"] if info.context else Path()
    return root / value.expanduser()


class FileMailerSettings(BaseModel):
    """Keys of `mail:` with `connector: file`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    directory: Annotated[Path, AfterValidator(_resolved)]


class FileMailer:
    """Writes mails into a directory."""

    info: ClassVar[MailerInfo] = MailerInfo("file", "alumni_sync", "docs/mail.md")
    Settings: ClassVar[type[BaseModel]] = FileMailerSettings

    def __init__(self, settings: FileMailerSettings, context: PluginContext) -> None:
        """Keep the directory; it is made when the first mail is written."""
        del context
        self._directory = settings.directory

    def send(self, message: Message) -> SendResult:
        """Write one mail; a mail that is there already is not written again."""
        try:
            content = to_bytes(message)
        except BadHeader:
            return SendResult(Fate.REFUSED, "bad-header")
        path = self._directory / f"{_UNSAFE.sub('_', message.message_id.strip('<>'))}.eml"
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                _write_whole(path, content)
        except OSError as error:
            what = f"the directory cannot be written to (errno {error.errno})"
            raise Unavailable("file", "send", what) from None
        return SendResult(Fate.ACCEPTED)


def _write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
