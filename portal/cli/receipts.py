"""`flask receipts`: check receipts that somebody shows, and print the firm's public keys."""

from __future__ import annotations

import json
from pathlib import Path

import click

from portal.cli.refusing import RefusingGroup
from portal.keys import signer
from portal.leads import receipts

group = RefusingGroup("receipts", help="Signed receipts of claims.")


@group.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """Say whether FILE is, byte for byte, a receipt that was signed with one of the firm's keys. Exit 1 if not."""
    body = receipts.verify(file.read_bytes(), signer().public_keys)
    for name in ("claim", "lead", "introducer", "door", "registered_at", "protected_until", "signed_at"):
        click.echo(f"{name}\t{body[name]}")
    click.echo("genuine")


@group.command("keys")
def keys_command() -> None:
    """Print the public keys as /receipts/key publishes them."""
    click.echo(json.dumps({"keys": [{"id": name, "algorithm": "Ed25519", "public_key": key} for name, key in signer().public_keys.items()]}))
