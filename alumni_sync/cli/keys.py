"""`keys rotate|escrow|recover`: the deployment key, replaced and kept safe."""

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from alumni_sync.cli.app import App, os_identity, pass_app
from alumni_sync.errors import ConfigError

if TYPE_CHECKING:
    from alumni_sync.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False)
_EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def keys() -> None:
    """The deployment key: put another one in its place; keep it where it cannot be lost."""


@keys.command("rotate")
@click.option("--key-file", type=_FILE, help="Of the new key, where `keys.master` is configured.")
@pass_app
def rotate_command(app: App, key_file: Path | None) -> None:
    """Put another deployment key in place; stop everything else first.

    Killed at any moment, the same command goes on. Keyed hashes stay: see docs/privacy.md.
    """
    from alumni_sync.deployment import load_configuration
    from alumni_sync.privacy.keys import rotate

    settings = load_configuration(app.config).settings
    _must_hold_keys(app, settings)
    done = rotate(settings, key_file, app.clock().now())
    click.echo(f"Wrapped anew: the keys of {done.people} people.")
    if done.put_into is not None:
        click.echo(f"Now let `keys.master` be the content of {done.put_into}, then delete it.")
    click.echo("Make new escrow files: alumni-sync keys escrow")


def _must_hold_keys(app: App, settings: "Settings") -> None:
    """Raise `Refused` where whoever is logged in may not; before anything is touched."""
    from alumni_sync.review.people.authority import Act, Authority
    from alumni_sync.review.people.interests import authority_now

    try:
        with app.open(create=False) as d:
            authority_now(d).require(os_identity(), Act.KEYS)
    except ConfigError:  # A rotation was cut short: the key that is configured opens nothing now.
        Authority.of(settings).require(os_identity(), Act.KEYS)


@keys.command()
@click.argument("file", type=_FILE)
@click.option("--recipient", required=True, help="Who keeps it.")
@click.option("--passphrase-file", type=_EXISTING, help="Instead of asking for it.")
@pass_app
def escrow(app: App, file: Path, recipient: str, passphrase_file: Path | None) -> None:
    """Write the deployment key to FILE, sealed by the passphrase of one recipient."""
    from alumni_sync.deployment import deployment_key
    from alumni_sync.privacy.keys import seal_key, write_private
    from alumni_sync.review.people.authority import Act
    from alumni_sync.review.people.interests import authority_now

    with app.open(create=False) as d:
        authority_now(d).require(os_identity(), Act.KEYS)
        master, root = deployment_key(d.settings, make=False), d.ledger.vault.store.root()
        passphrase = _passphrase(passphrase_file, recipient, confirm=True)
        sealed = seal_key(master, root, recipient, passphrase, d.clock.now())
    write_private(file, json.dumps(sealed, indent=2).encode() + b"\n")
    click.echo(f"Wrote {file}. Without the passphrase nobody can open it, you included.")


@keys.command()
@click.argument("file", type=_EXISTING)
@click.option("--key-file", required=True, type=_FILE, help="Where the key goes.")
@click.option("--passphrase-file", type=_EXISTING, help="Instead of asking for it.")
@pass_app
def recover(app: App, file: Path, key_file: Path, passphrase_file: Path | None) -> None:
    """Open an escrow FILE and write the deployment key to a new file, in base64."""
    from alumni_sync.deployment import load_configuration
    from alumni_sync.ledger.keystore import KeyStore
    from alumni_sync.privacy.keys import open_key, write_private

    settings = load_configuration(app.config).settings
    try:
        sealed = json.loads(file.read_bytes())
        recipient = str(sealed["recipient"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError.of(str(file), "is no escrow file") from None
    passphrase = _passphrase(passphrase_file, recipient, confirm=False)
    master, root = open_key(sealed, passphrase)
    write_private(key_file, base64.b64encode(master) + b"\n")
    click.echo(f"Wrote {key_file}: let `keys.master` be its content, then delete it.")
    if root != master:  # the key store may have been made anew, and must know the same people
        store = KeyStore(settings.keys.store, master)
        store.keep_root(root)
        store.close()


def _passphrase(file: Path | None, recipient: str, *, confirm: bool) -> str:
    """Return the passphrase: the first line of a file, or what is typed unseen."""
    if file is not None:
        return file.read_text("utf-8").partition("\n")[0]
    asked: str = click.prompt(
        f"Passphrase of {recipient}", hide_input=True, confirmation_prompt=confirm
    )
    return asked
