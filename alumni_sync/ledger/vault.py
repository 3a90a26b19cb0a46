"""Sealed values: AES-256-GCM under a person's own key, bound to person, table and key version.

The additional data (AAD) makes a ciphertext that was moved to another person's row, or to another
table, fail to open. A sealed value is: key version (1 byte), nonce (12), ciphertext and tag.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alumni_sync.errors import LedgerError
from alumni_sync.ledger.keystore import BOTH, KeyKind, KeyStore, SealBroken

_NONCE: Final = 12
_HEAD: Final = 1 + _NONCE


class KeyGone(LedgerError):
    """The key of this subject was destroyed (or never made): the value cannot be read again."""


class _Cipher(NamedTuple):
    """A key in use: its cipher, and what every value sealed with it begins and is bound with."""

    cipher: AESGCM
    version: int
    head: bytes
    tail: str


class KeyRing:
    """Keys of some subjects, in memory, for the length of one page of work."""

    def __init__(self, keys: Mapping[tuple[str, str], tuple[int, bytes]]) -> None:
        """Keep `keys` as `KeyStore.load` gives them; a cipher is made when it is first used."""
        self._keys = keys
        self._ciphers: dict[tuple[str, str], _Cipher] = {}

    def __or__(self, other: "KeyRing") -> "KeyRing":
        """Return a ring with the keys of both."""
        return KeyRing({**self._keys, **other._keys})

    def has(self, subject: str, kind: KeyKind) -> bool:
        """Say whether the key is there."""
        return (subject, kind) in self._keys

    def seal(self, subject: str, kind: KeyKind, table: str, plaintext: bytes) -> bytes:
        """Return `plaintext` sealed for one row of `table`; raises `KeyGone`."""
        cipher, _, head, tail = self._cipher(subject, kind)
        nonce = os.urandom(_NONCE)
        bound_to = f"{subject}|{table}{tail}".encode()
        return head + nonce + cipher.encrypt(nonce, plaintext, bound_to)

    def open(self, subject: str, kind: KeyKind, table: str, sealed: bytes) -> bytes:
        """Return the plaintext; raises `KeyGone` or `SealBroken`."""
        cipher, version, head, tail = self._cipher(subject, kind)
        bound_to = f"{subject}|{table}{tail}".encode()
        try:
            if sealed[:1] == head:
                return cipher.decrypt(sealed[1:_HEAD], sealed[_HEAD:], bound_to)
        except (InvalidTag, ValueError):
            pass
        msg = f"a sealed value in {table} of {subject} does not open (key version {version})"
        raise SealBroken(msg)

    def seal_json(self, subject: str, kind: KeyKind, table: str, value: object) -> bytes:
        """Seal a JSON value; dates as ISO strings."""
        return self.seal(subject, kind, table, dump_json(value))

    def open_json(self, subject: str, kind: KeyKind, table: str, sealed: bytes) -> Any:  # noqa: ANN401 JSON
        """Open a JSON value."""
        return orjson.loads(self.open(subject, kind, table, sealed))

    def _cipher(self, subject: str, kind: KeyKind) -> _Cipher:
        which = subject, kind
        known = self._ciphers.get(which)
        if known is not None:
            return known
        if which not in self._keys:
            msg = f"the {kind} key of {subject} is gone"
            raise KeyGone(msg)
        version, key = self._keys[which]
        made = _Cipher(AESGCM(key), version, *_ends(kind, version))
        self._ciphers[which] = made
        return made


@cache
def _ends(kind: str, version: int) -> tuple[bytes, str]:
    return bytes((version,)), f"|{kind}|{version}"


class Vault:
    """Seals and opens with keys from the key store; for many subjects, `load` them once."""

    def __init__(self, store: KeyStore) -> None:
        """Use `store`."""
        self.store = store

    def create_keys(self, subjects: Sequence[str], kinds: Iterable[KeyKind] = BOTH) -> KeyRing:
        """Make keys for new subjects, before the ledger transaction that uses them."""
        return KeyRing(self.store.create(subjects, kinds))

    def load(self, subjects: Iterable[str]) -> KeyRing:
        """Return the keys of `subjects` with one query (per 500)."""
        return KeyRing(self.store.load(sorted(set(subjects))))

    def seal(self, subject: str, kind: KeyKind, table: str, plaintext: bytes) -> bytes:
        """Seal one value."""
        return self.load([subject]).seal(subject, kind, table, plaintext)

    def open(self, subject: str, kind: KeyKind, table: str, sealed: bytes) -> bytes:
        """Open one value."""
        return self.load([subject]).open(subject, kind, table, sealed)

    def seal_json(self, subject: str, kind: KeyKind, table: str, value: object) -> bytes:
        """Seal one JSON value."""
        return self.load([subject]).seal_json(subject, kind, table, value)

    def open_json(self, subject: str, kind: KeyKind, table: str, sealed: bytes) -> Any:  # noqa: ANN401 JSON
        """Open one JSON value."""
        return self.load([subject]).open_json(subject, kind, table, sealed)

    def shred(self, subjects: Sequence[str], kinds: Iterable[KeyKind] = BOTH) -> int:
        """Destroy keys for good; what they sealed is unreadable from here on."""
        return self.store.shred(subjects, kinds)


def dump_json(value: object) -> bytes:
    """Return compact JSON, UTF-8, dates as ISO strings."""
    return orjson.dumps(value, default=str)
