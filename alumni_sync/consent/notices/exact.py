"""The exact form in which texts are kept and hashed, shown ones and locked ones alike."""

import hashlib
import unicodedata


def exact_text(text: str) -> str:
    """Return text as it is hashed: NFC, LF, no trailing spaces, one newline at the end."""
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def sha256(content: bytes) -> str:
    """Return the hex SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()
