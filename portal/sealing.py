"""Phone and ID numbers at rest: sealed with AES-256-GCM, found again through a keyed blind index.

A sealed value names the key that sealed it, so keys can be rotated; it is bound to what it is about, so a value moved to
another row or column does not open. The blind index is an HMAC under its own key: equal numbers have equal indexes,
and without the key nobody can try numbers one by one.
"""

from __future__ import annotations

import base64
import hmac
import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


class Unreadable(ValueError):
    """A sealed value that none of the keys opens, or that belongs to another place."""


@dataclass(frozen=True)
class Keyring:
    """The sealing keys, newest first, and the key of the blind index (derived from the oldest, so that it outlives rotations)."""

    keys: tuple[tuple[str, bytes], ...]

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Keys written id:base64,… newest first. Raises ValueError where one is not 32 bytes."""
        keys = []
        for part in text.split(","):
            name, _, value = part.strip().partition(":")
            key = base64.b64decode(value, validate=True)
            if not name or len(key) != 32:
                raise ValueError("a key is written id:base64 of 32 bytes")
            keys.append((name, key))
        return cls(tuple(keys))

    @staticmethod
    def fresh(name: str) -> str:
        """A new key in the form that `parse` reads."""
        return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"

    def seal(self, plain: str, about: str) -> str:
        """Seal `plain`; `about` says what it is (table, column and number) and must be given again to open it."""
        if not plain:
            return ""
        name, key = self.keys[0]
        nonce = os.urandom(12)
        box = AESGCM(key).encrypt(nonce, plain.encode(), about.encode())
        return f"{name}.{base64.urlsafe_b64encode(nonce + box).decode()}"

    def open(self, sealed: str, about: str) -> str:
        """Open a sealed value. Raises Unreadable."""
        if not sealed:
            return ""
        name, _, body = sealed.partition(".")
        key = dict(self.keys).get(name)
        if key is None:
            raise Unreadable(f"no key named {name!r}")
        raw = base64.urlsafe_b64decode(body)
        try:
            return AESGCM(key).decrypt(raw[:12], raw[12:], about.encode()).decode()
        except InvalidTag as error:
            raise Unreadable("the value was changed or moved") from error

    def blind_index(self, normalised: str) -> str:
        """The keyed index of a normalised value; empty stays empty, and empty is never equal to anything."""
        if not normalised:
            return ""
        return hmac.digest(_index_key(self.keys[-1][1]), normalised.encode(), "sha256").hex()[:32]


@lru_cache(maxsize=8)
def _index_key(key: bytes) -> bytes:
    return HKDFExpand(algorithm=hashes.SHA256(), length=32, info=b"blind index").derive(key)


def normal_id_no(text: str) -> str:
    """An ID number without blanks and case, as self and relatives are compared (commission rules §5)."""
    return "".join(text.split()).upper()


def masked(text: str, head: int = 3, tail: int = 4) -> str:
    """138****8000: the first `head` and last `tail` characters, the rest hidden."""
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]
