"""Forms: reading a small body safely, and proving that our own page was submitted.

Three independent things must hold before a POST does anything: the browser says that the request
comes from our own pages (`Sec-Fetch-Site`, else `Origin`), the form carries a token that we signed
for this very session, form and notice within the last two hours, and the form names an act. No act
has a default, so a mail scanner that submits what it finds decides nothing.
"""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request

from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ports import Clock
from alumni_sync.sites.sessions import Session

MAX_BODY: Final = 16 * 1024
MAX_FIELDS: Final = 80
TOKEN_LIFETIME: Final = timedelta(hours=2)
TOKEN_FIELD: Final = "form"  # noqa: S105 the name of a field, not a secret
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a submitted form, in no particular order."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Return the only value of a field, stripped; "" if it is missing or given twice."""
        found = self.values.get(name, ())
        return found[0].strip() if len(found) == 1 else ""

    def chosen(self, name: str) -> frozenset[str]:
        """Return the values of a group of check boxes."""
        return frozenset(self.values.get(name, ()))


async def read_form(request: Request) -> Form:
    """Return the form in the body of `request`.

    Raises:
        HTTPException: 413 more than 16 KiB or 80 fields, 415 not a form, 400 not readable.
    """
    body = await bounded_body(request)
    kind = Message()
    kind["Content-Type"] = request.headers.get("content-type", "")
    if kind.get_content_type() == _MULTIPART:  # RFC 8058 allows it for one-click
        pairs = _multipart(body, kind.get_boundary(""))
    elif kind.get_content_type() == _URLENCODED and "content-type" in request.headers:
        pairs = _urlencoded(body)
    else:
        raise HTTPException(415)
    if len(pairs) > MAX_FIELDS:
        raise HTTPException(413)
    values: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        values[name] = (*values.get(name, ()), value)
    return Form(values)


async def bounded_body(request: Request) -> bytes:
    """Read at most `MAX_BODY` bytes, whatever length the client declares; else 413."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > MAX_BODY:
            raise HTTPException(413)
    return bytes(chunks)


def _urlencoded(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except UnicodeDecodeError:
        raise HTTPException(400) from None
    except ValueError:  # more fields than allowed
        raise HTTPException(413) from None


def _multipart(body: bytes, boundary: str | None) -> list[tuple[str, str]]:
    """Read plain fields of a multipart body; enough for one-click, files are refused."""
    if not boundary:
        raise HTTPException(400)
    pairs = []
    for part in body.split(f"--{boundary}".encode())[1:-1]:
        head, found, value = part.strip(b"\r\n").partition(b"\r\n\r\n")
        disposition = Message()
        disposition["Content-Disposition"] = _disposition(head)
        name = disposition.get_param("name", header="content-disposition")
        if not found or not isinstance(name, str) or disposition.get_filename() is not None:
            raise HTTPException(400)
        pairs.append((name, value.decode("utf-8", "replace")))
    return pairs


def _disposition(head: bytes) -> str:
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            return value.strip()
    return ""


def from_our_pages(headers: Mapping[str, str], origin: str) -> bool:
    """Say whether a browser sent this request from a page of `origin`.

    `Sec-Fetch-Site` cannot be set by a page, so it decides where present. An old browser without it
    must at least name us in `Origin`. Neither header, or a foreign one: not from our pages.
    `Origin: null` (privacy settings) counts only beside `Sec-Fetch-Site: same-origin`.
    """
    site, named = headers.get("sec-fetch-site"), headers.get("origin")
    if site is None:
        return named == origin
    return site == "same-origin" and named in (None, "null", origin)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a form token says of the page that it was on.

    Attributes:
        nonce: of this rendering and of everything that was said on it: the same one twice is the
            same submission. A page that is gone back to has its old token, and may say more.
        about: what the page showed (hash of the notice, version, language), as it was signed.
    """

    nonce: str
    about: Mapping[str, str]


class FormTokens:
    """Signs the forms that we render and recognises them when they come back."""

    def __init__(self, hashes: KeyedHashes, clock: Clock) -> None:
        """Sign with a key derived from the deployment's."""
        self._hashes = hashes
        self._clock = clock

    def issue(self, form: str, session: Session, about: Mapping[str, str] | None = None) -> str:
        """Return the token for one rendering of `form` that shows what `about` says."""
        claims = {
            "nonce": secrets.token_urlsafe(16),
            "expires": int((self._clock.now() + TOKEN_LIFETIME).timestamp()),
            "about": dict(about or {}),
        }
        body = urlsafe_b64encode(orjson.dumps(claims)).decode()
        return f"{body}.{self._hashes.signature('form', _bound(form, session, body))}"

    def check(self, form: str, session: Session, submitted: Form) -> Submission | None:
        """Return what its token says; None if it is not ours for this form and session."""
        body, _, signature = submitted.one(TOKEN_FIELD).partition(".")
        if not signature.isascii() or not self._hashes.signed(
            "form", _bound(form, session, body), signature
        ):
            return None
        claims = orjson.loads(urlsafe_b64decode(body))
        if claims["expires"] <= self._clock.now().timestamp():
            return None
        return Submission(_nonce(claims["nonce"], submitted), claims["about"])


def _nonce(rendering: str, submitted: Form) -> str:
    said = orjson.dumps([rendering, sorted(submitted.values.items())])
    return hashlib.sha256(said).hexdigest()


def _bound(form: str, session: Session, body: str) -> bytes:
    """Return what is signed: the claims, for one form of one session and no other."""
    return f"{form}\x1f{session.id}\x1f{session.reference}\x1f{body}".encode()
