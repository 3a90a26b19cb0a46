"""Keyed hashes: how the ledger recognises people, rows and addresses without holding them.

Keyed BLAKE2b (RFC 7693; three times as fast as HMAC-SHA256 here, and a leaver needs six) with one
key per purpose, derived from the deployment's master key. Keyed because a plain hash of an e-mail
address or of one of thirteen exit kinds can simply be guessed. What leaves us signed (tickets,
sessions, tags) is HMAC-SHA256.
"""

import hmac
import unicodedata
from contextlib import suppress
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Final

import idna
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_BYTES: Final = 32
_SEPARATOR: Final = "\x1f"
_BYTES: Final = 32


def derive_key(master: bytes, purpose: str) -> bytes:
    """Return the 32-byte key for one purpose (HKDF-SHA256, RFC 5869)."""
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"alumni_sync/{purpose}".encode())
    return hkdf.derive(master)


def normalised_address(email: str) -> str:
    """Return the form of an address under which people are recognised, not written to.

    NFKC, the domain as punycode, all in one case: over-matching is the safe direction, since this
    only ever suppresses mails and sends two people with one address to review.
    """
    local, _, domain = unicodedata.normalize("NFKC", email.strip()).rpartition("@")
    return f"{local.casefold()}@{_ascii_domain(domain)}"


@lru_cache(maxsize=4096)  # a file has few domains, and the codec is slow
def _ascii_domain(domain: str) -> str:
    domain = domain.rstrip(".").lower()
    with suppress(UnicodeError):  # not a valid domain: still hashed, so that it is recognised
        # IDNA 2008, by which mails are sent: the codec of the standard library takes ß for ss.
        domain = idna.encode(domain, uts46=True).decode("ascii")
    return domain


def _keyed(root: bytes, purpose: str) -> blake2b:
    """Return a digest of nothing yet under the key of a purpose: copying it is quicker."""
    return blake2b(key=derive_key(root, f"hash/{purpose}"), digest_size=_BYTES)


class KeyedHashes:
    """Keyed hashes of one deployment; also the `Fingerprint` that plugins are given."""

    def __init__(self, master: bytes, root: bytes | None = None) -> None:
        """Derive keys as they are needed.

        Args:
            master: the deployment's key: signs what lives for days at most, and checkpoints.
            root: makes the hashes, which outlive every key (`KeyStore.root`); None is `master`.
        """
        self._keyed = cache(lambda purpose: _keyed(root or master, purpose))
        self._signing = cache(lambda purpose: derive_key(master, f"hash/{purpose}"))

    def digest(self, purpose: str, *parts: str) -> str:
        """Return the hex digest of `parts` for `purpose`."""
        digest = self._keyed(purpose).copy()
        digest.update(_SEPARATOR.join(parts).encode())
        return digest.hexdigest()

    def digest_bytes(self, purpose: str, content: bytes) -> str:
        """Return the hex digest of `content` for `purpose`."""
        digest = self._keyed(purpose).copy()
        digest.update(content)
        return digest.hexdigest()

    def address(self, email: str) -> str:
        """Return the digest under which an e-mail address is recognised."""
        return self.digest("address", normalised_address(email))

    def seed(self, purpose: str) -> bytes:
        """Return the 32 bytes from which a key pair of this deployment is made."""
        return self._signing(f"seed/{purpose}")

    def signature(self, purpose: str, content: bytes) -> str:
        """Return a MAC that says: this deployment made `content` (tickets, sessions, tags)."""
        return hmac.digest(self._signing(f"sign/{purpose}"), content, "sha256").hex()

    def signed(self, purpose: str, content: bytes, signature: str) -> bool:
        """Say in constant time whether `signature` is ours for `content`."""
        return hmac.compare_digest(self.signature(purpose, content), signature)

    def __call__(self, purpose: str, content: bytes) -> str:
        """Return `digest_bytes`: what a plugin may keep of a row."""
        return self.digest_bytes(f"plugin/{purpose}", content)
