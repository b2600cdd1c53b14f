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


INDEX = "index"
"""The name under which the key of the blind index stands among the keys; no sealing key may have it."""


@dataclass(frozen=True)
class Keyring:
    """The sealing keys, newest first, and the key of the blind index.

    Where the index has no key of its own yet it is derived from the oldest key. The first rotation writes that same key
    down under its own name, so that the index outlives the retirement of every sealing key.
    """

    keys: tuple[tuple[str, bytes], ...]
    index: bytes | None = None

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Keys written id:base64,… newest first; `index:base64` is the key of the blind index. Raises ValueError where one is
        not 32 bytes, a name stands twice or holds a point, or there is no sealing key."""
        keys: dict[str, bytes] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition(":")
            key = base64.b64decode(value, validate=True)
            if not name or "." in name or len(key) != 32:
                raise ValueError("a key is written id:base64 of 32 bytes")
            if name in keys:
                raise ValueError(f"two keys are named {name!r}")
            keys[name] = key
        index = keys.pop(INDEX, None)
        if not keys:
            raise ValueError("there is no sealing key")
        return cls(tuple(keys.items()), index)

    def written(self) -> str:
        """The keys in the form that `parse` reads, the index's own key among them."""
        entries = [*self.keys, (INDEX, self.index_key)]
        return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in entries)

    def with_newest(self, name: str) -> Keyring:
        """The same keys and a new newest one, under the same index. Raises ValueError where the name is taken."""
        if name in dict(self.keys) or name == INDEX:
            raise ValueError(f"a key is named {name!r} already")
        return Keyring(((name, os.urandom(32)), *self.keys), self.index_key)

    def without(self, name: str) -> Keyring:
        """The keys but one, under the same index. Raises ValueError for the newest key, and for one that is not there."""
        if name == self.newest:
            raise ValueError("the newest key seals: it cannot be retired")
        if name not in dict(self.keys):
            raise ValueError(f"no key is named {name!r}")
        return Keyring(tuple(entry for entry in self.keys if entry[0] != name), self.index_key)

    @property
    def newest(self) -> str:
        """The name of the key that seals."""
        return self.keys[0][0]

    @property
    def index_key(self) -> bytes:
        """The key of the blind index: its own, or what is derived from the oldest key."""
        return self.index or _index_key(self.keys[-1][1])

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
        try:
            raw = base64.urlsafe_b64decode(body)
            return AESGCM(key).decrypt(raw[:12], raw[12:], about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unreadable("the value was changed or moved") from error

    def blind_index(self, normalised: str) -> str:
        """The keyed index of a normalised value; empty stays empty, and empty is never equal to anything."""
        if not normalised:
            return ""
        return hmac.digest(self.index_key, normalised.encode(), "sha256").hex()[:32]


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
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
