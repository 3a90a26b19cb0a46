"""The deployment key: put another one in its place, and keep it sealed where it cannot be lost.

Rotation wraps every person's keys anew and changes what signs tickets, sessions and checkpoints.
Keyed hashes stay as they are: erased people, suppressed addresses and tombstones are known by
nothing else, so nobody could make theirs anew (docs/adr/0013).
"""

import base64
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from alumni_sync.crash import crash_point
from alumni_sync.deployment import deployment_key, key_file
from alumni_sync.errors import ConfigError, Refused
from alumni_sync.ledger.backup import refuse_while_in_use
from alumni_sync.ledger.checkpoints import hand_over, last_key, public_key
from alumni_sync.ledger.hashing import KeyedHashes
from alumni_sync.ledger.keystore import KeyStore
from alumni_sync.ledger.store import Ledger
from alumni_sync.settings import MASTER_BYTES, Settings, decode_key

Random = Callable[[int], bytes]

SHORTEST_PASSPHRASE: Final = 16
_COST: Final = {"n": 2**17, "r": 8, "p": 1}  # OWASP, Password Storage Cheat Sheet: 128 MiB
_NONCE: Final = 12
_SALT: Final = 16


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did.

    Attributes:
        people: whose keys were wrapped anew; 0 where an earlier, interrupted rotation did it.
        put_into: the file with the new key, which the configuration must be given now; None where
            the key beside the key store was replaced, and nothing is left to do.
    """

    people: int
    put_into: Path | None


def rotate(
    settings: Settings, target: Path | None, now: datetime, random: Random = os.urandom
) -> Rotated:
    """Wrap all keys under a new deployment key; killed at any moment, called again it goes on.

    Args:
        settings: of a deployment in which nothing runs.
        target: file of the new key where `keys.master` is configured, made if it is not there;
            None where the key lies beside the key store.
        now: for the second place, which is told who signs from here on; aware.
        random: makes the new key.

    Raises:
        ConfigError: `target` is missing or too many, or neither key opens the store.
        Refused: a process is at work.
        LedgerError: the checkpoints were touched; look at that first.
    """
    old = deployment_key(settings, make=False)
    path = _place_of_new(settings, target)
    refuse_while_in_use(settings.ledger.url)
    if not path.exists():
        KeyStore(settings.keys.store, old).close()  # a wrong key is said before another is made
    new = _read_or_make(path, random)
    place = settings.ledger.checkpoints
    if last_key(place) not in {"", public_key(KeyedHashes(old)), public_key(KeyedHashes(new))}:
        raise Refused("the checkpoints were signed by somebody else: alumni-sync ledger verify")
    people = _rewrap(settings.keys.store, old, new)
    with Ledger.open(settings.ledger.url, settings.keys.store, new, create=False) as ledger:
        hand_over(ledger, place, KeyedHashes(old), now)
    crash_point("keys.handed_over")
    if target is not None:
        return Rotated(people, path)
    path.replace(path.with_name(path.name.removesuffix(".next")))
    return Rotated(people, None)


def _place_of_new(settings: Settings, target: Path | None) -> Path:
    own = key_file(settings) if settings.keys.master is None else None
    if own is not None and target is None:
        return own.with_name(f"{own.name}.next")
    if own is not None:
        raise ConfigError.of("--key-file", "is for a key that `keys.master` names", "leave it out")
    if target is None:
        raise ConfigError.of("--key-file", "is missing", "`keys.master` cannot be written by us")
    return target


def _read_or_make(path: Path, random: Random) -> bytes:
    """Return the key in a file; make one, on disk before anything is wrapped with it."""
    if not path.exists():
        _write_secret(path, random(MASTER_BYTES))
    return read_key(path)


def read_key(path: Path) -> bytes:
    """Return the deployment key in a file, raw or as text; raises `ConfigError`."""
    content = path.read_bytes()
    key = content if len(content) == MASTER_BYTES else decode_key(content.decode("ascii", "ignore"))
    if key is None:
        raise ConfigError.of(str(path), f"must hold {MASTER_BYTES} bytes", "take another file")
    return key


def _write_secret(path: Path, key: bytes) -> None:
    """Write a key that only its owner can read; raw beside the key store, else as base64."""
    content = key if path.name.endswith(".master.next") else base64.b64encode(key) + b"\n"
    write_private(path, content)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file (mode 0600), all of it or none; raises `Refused` where it is there."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        msg = f"{path} is there already: give a new name, keys are not overwritten"
        raise Refused(msg) from None
    finally:
        draft.unlink()


def _rewrap(url: str, old: bytes, new: bytes) -> int:
    """Wrap all keys under `new`; where an earlier call did, only clear what it left."""
    try:
        store = KeyStore(url, new)
    except ConfigError:  # still the old one, as usual
        store = KeyStore(url, old)
        try:
            return store.rewrap(new)
        finally:
            store.close()
    try:
        store.forget_bytes()
    finally:
        store.close()
    return 0


# --- escrow ---------------------------------------------------------------------------------------


def seal_key(
    master: bytes, root: bytes, recipient: str, passphrase: str, now: datetime
) -> dict[str, Any]:
    """Return the deployment key sealed for one recipient (scrypt, AES-256-GCM), as plain JSON.

    Args:
        master: the deployment's key.
        root: what its hashes are made with.
        recipient: who keeps it; bound to the seal, so that it cannot be relabelled.
        passphrase: the recipient's; nobody can open it without.
        now: when; aware.

    Raises:
        Refused: the passphrase is too short to withstand guessing.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Refused(f"the passphrase needs {SHORTEST_PASSPHRASE} characters or more")
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    label = {
        "what": "alumni_sync deployment key",
        "recipient": recipient,
        "at": now.isoformat(),
        "signs_as": public_key(KeyedHashes(master)),
        "scrypt": {**_COST, "salt": salt.hex()},
    }
    cipher = AESGCM(_stretched(passphrase, salt))
    sealed = cipher.encrypt(nonce, master + root, _bound(label))
    return label | {"nonce": nonce.hex(), "sealed": sealed.hex()}


def open_key(escrow: dict[str, Any], passphrase: str) -> tuple[bytes, bytes]:
    """Return (deployment key, root of the hashes) from what `seal_key` made.

    Raises:
        Refused: the passphrase is wrong, or somebody edited the file.
    """
    try:
        label = {k: v for k, v in escrow.items() if k not in {"nonce", "sealed"}}
        cipher = AESGCM(_stretched(passphrase, bytes.fromhex(escrow["scrypt"]["salt"])))
        sealed = bytes.fromhex(escrow["sealed"])
        both = cipher.decrypt(bytes.fromhex(escrow["nonce"]), sealed, _bound(label))
    except (InvalidTag, KeyError, TypeError, ValueError):
        both = b""
    if len(both) != 2 * MASTER_BYTES:
        raise Refused("it does not open: a wrong passphrase, or an edited file")
    return both[:MASTER_BYTES], both[MASTER_BYTES:]


def _stretched(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=MASTER_BYTES, **_COST).derive(passphrase.encode())


def _bound(label: dict[str, Any]) -> bytes:
    return json.dumps(label, sort_keys=True).encode()
