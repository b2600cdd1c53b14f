"""Tokens of links: signed for one purpose, random, and kept only as a digest.

The signature keeps guesses away from the database; a row found by the digest says whether a link still works.
"""

from __future__ import annotations

import hashlib
import secrets

from itsdangerous import BadData, URLSafeSerializer


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def fresh(secret: str, purpose: str, *about: str) -> str:
    """A new token for a purpose, which names what it is about where that is wanted."""
    written = URLSafeSerializer(secret, salt=purpose).dumps([*about, secrets.token_urlsafe(16)])
    return written.decode() if isinstance(written, bytes) else written


def is_signed(token: str, secret: str, purpose: str) -> bool:
    """Whether a token was made here for this purpose."""
    try:
        URLSafeSerializer(secret, salt=purpose).loads(token)
    except BadData:
        return False
    return True
