"""Signing what the firm states, so that anybody can check it with the firm's public key alone: Ed25519 (RFC 8032)."""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


@dataclass(frozen=True)
class Signer:
    """The firm's signing keys: the first signs, the others signed before and are published still."""

    seeds: tuple[bytes, ...]

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Keys written base64,… of 32 bytes each, the signing one first. Raises ValueError where one is not."""
        seeds = tuple(base64.b64decode(part.strip(), validate=True) for part in text.split(","))
        if any(len(seed) != 32 for seed in seeds):
            raise ValueError("a signing key is the base64 of 32 bytes")
        return cls(seeds)

    @staticmethod
    def fresh() -> str:
        """A new key in the form that `parse` reads."""
        return base64.b64encode(os.urandom(32)).decode()

    @cached_property
    def public_keys(self) -> dict[str, str]:
        """Every public key in hexadecimal, by its name; the signing one first."""
        raw = [Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() for seed in self.seeds]
        return {name_of(key): key.hex() for key in raw}

    def sign(self, message: bytes) -> tuple[str, str]:
        """The name of the signing key and the signature in hexadecimal."""
        return next(iter(self.public_keys)), Ed25519PrivateKey.from_private_bytes(self.seeds[0]).sign(message).hex()


def name_of(public_key: bytes) -> str:
    """What a public key is called: the beginning of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def holds(public_key: str, signature: str, message: bytes) -> bool:
    """Whether a signature is that of a public key (both in hexadecimal) under exactly these bytes. It has one spelling: capitals are none."""
    try:
        if bytes.fromhex(signature).hex() != signature:
            return False
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
