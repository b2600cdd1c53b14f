"""The signed stamp of a public form: when it was handed out, and for which link. Pure: the moment comes in as an argument.

It replaces a puzzle by a third party: what is sent back too fast, too late, twice, or with a stamp of our making that belongs to
another link, was not sent by a person who just read the form.
"""

from __future__ import annotations

import enum
import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

SALT = "juyuan.introduction.form"
LEAST = timedelta(seconds=3)
MOST = timedelta(hours=24)


class Stamp(enum.StrEnum):
    """What a stamp says of the form it stands on."""

    GOOD = "good"
    EARLY = "early"
    LATE = "late"
    FORGED = "forged"


def make(secret: str, code: str, moment: datetime) -> str:
    """A stamp for a form that is handed out now."""
    written = URLSafeSerializer(secret, salt=SALT).dumps([code, secrets.token_urlsafe(12), int(moment.timestamp())])
    return written.decode() if isinstance(written, bytes) else written


def read(secret: str, stamp: str, code: str, moment: datetime) -> Stamp:
    """What a stamp says of a form of this link that comes back now."""
    try:
        of_code, _nonce, at = URLSafeSerializer(secret, salt=SALT).loads(stamp)
        age = moment - datetime.fromtimestamp(at, UTC)
    except (BadData, ValueError, TypeError, OverflowError, OSError):
        return Stamp.FORGED
    if of_code != code or age < timedelta(seconds=-5):
        return Stamp.FORGED
    return Stamp.EARLY if age < LEAST else Stamp.LATE if age > MOST else Stamp.GOOD


def digest(stamp: str) -> str:
    """Under what a used stamp is kept."""
    return hashlib.sha256(stamp.encode()).hexdigest()
