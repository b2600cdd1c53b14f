"""The portal's secrets: from the settings, or made once and kept in the instance folder for its owner's eyes only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from flask import Flask, current_app

from portal.sealing import Keyring
from portal.settings import Settings


def install(app: Flask, settings: Settings) -> None:
    """Load the signing secret and the keyring into the application."""
    folder = Path(settings.instance)
    app.config["SECRET_KEY"] = settings.secret_key or _kept(folder / "secret_key", lambda: secrets.token_urlsafe(48))
    app.extensions["keyring"] = Keyring.parse(settings.data_keys or _kept(folder / "data_keys", lambda: Keyring.fresh("k1")))


def keyring() -> Keyring:
    """The keyring of the running application."""
    ring: Keyring = current_app.extensions["keyring"]
    return ring


def _kept(path: Path, make) -> str:  # type: ignore[no-untyped-def]
    """Read a secret, or make it: exclusively, so that two starts at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        value = make()
        file.write(value + "\n")
    return str(value)
