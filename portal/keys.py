"""The portal's secrets: from the settings, or made once and kept in the instance folder for its owner's eyes only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, current_app

from portal.refusals import Conflict, Refusal
from portal.sealing import Keyring
from portal.settings import Settings
from portal.signing import Signer

FILE = "data_keys"
RECEIPTS = "receipt_keys"
RETIRED = "data_keys.retired"


@dataclass
class _Held:
    """The keyring of an application, and the state of its file when it was read (None: the keys come from the settings)."""

    ring: Keyring
    path: Path | None
    seen: tuple[int, int] | None


def install(app: Flask, settings: Settings) -> None:
    """Load the signing secret and the keyring into the application."""
    folder = Path(settings.instance)
    app.config["SECRET_KEY"] = settings.secret_key or _kept(folder / "secret_key", lambda: secrets.token_urlsafe(48))
    if settings.data_keys:
        app.extensions["keyring"] = _Held(Keyring.parse(settings.data_keys), None, None)
        return
    path = folder / FILE
    _kept(path, lambda: Keyring.fresh("k1"))
    app.extensions["keyring"] = _Held(*_read(path))


def keyring() -> Keyring:
    """The keyring of the running application. Keys that were rotated in the instance folder are seen at once, by every process."""
    held: _Held = current_app.extensions["keyring"]
    if held.path is not None and _state(held.path) != held.seen:
        held = current_app.extensions["keyring"] = _Held(*_read(held.path))
    return held.ring


def secret() -> str:
    """What signs links and forms of the running application."""
    return str(current_app.config["SECRET_KEY"])


def signer() -> Signer:
    """What signs receipts, of the running application. Made when it is first needed."""
    held: Signer | None = current_app.extensions.get("signer")
    if held is None:
        settings: Settings = current_app.config["PORTAL"]
        held = Signer.parse(settings.receipt_keys or _kept(Path(settings.instance) / RECEIPTS, Signer.fresh))
        current_app.extensions["signer"] = held
    return held


def in_settings() -> bool:
    """Whether the keys come from PORTAL_DATA_KEYS, so that only its owner can change them."""
    held: _Held = current_app.extensions["keyring"]
    return held.path is None


def next_name(ring: Keyring) -> str:
    """A name for a new key: k2 after k1."""
    taken = {name for name, _ in ring.keys}
    return next(name for name in (f"k{number}" for number in range(len(taken) + 1, 10**6)) if name not in taken)


def keep(ring: Keyring, expected: Keyring) -> None:
    """Replace the keys in the instance folder: whole or not at all, for the owner's eyes only, and only if they still are
    the `expected` ones. Raises Refusal where the keys come from the settings, Conflict where another change is under way."""
    held: _Held = current_app.extensions["keyring"]
    if held.path is None:
        raise Refusal("the keys come from PORTAL_DATA_KEYS, which the portal cannot change")
    beside = held.path.with_name(held.path.name + ".new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict("%(file)s is there already: another change is under way, or one was broken off; then remove it", file=str(beside)) from error
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(ring.written() + "\n")
            file.flush()
            os.fsync(file.fileno())
        if Keyring.parse(held.path.read_text().strip()) != expected:
            raise Conflict("the keys have changed meanwhile; look again")
        os.replace(beside, held.path)
    finally:
        beside.unlink(missing_ok=True)


def put_aside(ring: Keyring, name: str) -> Path:
    """Write a key that is to be retired beside the others: backups from before still need it. Returns the file."""
    path = Path(current_app.config["PORTAL"].instance) / RETIRED
    path.parent.mkdir(parents=True, exist_ok=True)
    single = Keyring(((name, dict(ring.keys)[name]),), ring.index_key)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(single.written() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return path


def _read(path: Path) -> tuple[Keyring, Path, tuple[int, int]]:
    state = _state(path)
    return Keyring.parse(path.read_text().strip()), path, state


def _state(path: Path) -> tuple[int, int]:
    """What tells one writing of a file from the next: a replaced file has another number."""
    status = path.stat()
    return status.st_ino, status.st_mtime_ns


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Read a secret, or make it: exclusively, so that two starts at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        value = make()
        file.write(value + "\n")
    return value
