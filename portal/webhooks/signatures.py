"""How what goes out is signed, so that whoever gets it knows that the portal wrote it, and when. Pure.

    Juyuan-Signature: t=1795000000,v1=5257a869…

v1 is HMAC-SHA256 of `<t>.<body>` under the endpoint's secret, in hexadecimal; there are two of them while a secret is renewed. It is the
form in which Stripe signs, so a verifier for that works here too (the header's name apart).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable

HEADER = "Juyuan-Signature"
PREFIX = "whsec_"
TOLERANCE = 300
"""Seconds by which a signature may be old: later it could be somebody who sends again what he overheard."""


def new_secret() -> str:
    """A secret: 32 bytes of chance, in plain characters."""
    return PREFIX + secrets.token_urlsafe(32)


def signature(body: bytes, secret: str, timestamp: int) -> str:
    """What stands behind `v1=`."""
    return hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def header(body: bytes, keys: Iterable[str], timestamp: int) -> str:
    """The whole header under each of the secrets."""
    return ",".join([f"t={timestamp}", *(f"v1={signature(body, key, timestamp)}" for key in keys)])


def verifies(body: bytes, text: str, secret: str, now: int) -> bool:
    """Whether a header was made for this body with this secret, and not long ago."""
    parts = [part.partition("=") for part in text.split(",")]
    timestamp = next((value for name, _, value in parts if name == "t"), "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 13) or abs(now - int(timestamp)) > TOLERANCE:
        return False
    wanted = signature(body, secret, int(timestamp))
    return any(hmac.compare_digest(wanted.encode(), value.encode()) for name, _, value in parts if name == "v1")
