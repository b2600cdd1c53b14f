"""Passwords: how they are hashed (Argon2id) and which ones are refused."""

from __future__ import annotations

import base64
import secrets
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from portal.refusals import Refusal

SHORTEST = 10
LONGEST = 256
_TRIED_FIRST = (
    "woaini1314 woaini1314520 woaini520520 wozuishuai woaiwojia1 5201314520 1314520520 5201314000 aa12345678 aa123456789 qq123456789 "
    "wang123456 zhang123456 li12345678 liu1234567 chen123456"
)
COMMON = frozenset(_TRIED_FIRST.split())
"""Passwords that everybody tries first in China; what is tried first elsewhere zxcvbn knows (30,000 of them, names and words)."""
LEAST_SCORE = 3
"""zxcvbn's score from 0 to 4: 3 means more than a hundred million guesses."""
LOOKED_AT = 72
"""Characters that are judged: a longer password is as good as its beginning."""
RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba", "qwertyuiopasdfghjklzxcvbnm")
CONTEXT = ("juyuan", "居缘", "futures", "qihuo")


class WeakPassword(Refusal):
    """A password that would be guessed."""


@lru_cache(maxsize=2)
def hasher(cost: str) -> PasswordHasher:
    """The hasher of a cost: `strong` is OWASP's Argon2id (2 passes over 19 MiB), `quick` is for tests alone."""
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1) if cost == "quick" else PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@lru_cache(maxsize=2)
def nobodys_hash(cost: str) -> str:
    """A hash that no password opens, checked where there is no user, so that both answers take the same time.

    It is drawn, not computed: computing it would make the first stranger of each process wait twice as long.
    """
    chosen = hasher(cost)
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (chosen.salt_len, chosen.hash_len))
    return f"$argon2id$v=19$m={chosen.memory_cost},t={chosen.time_cost},p={chosen.parallelism}${salt}${digest}"


def hashed(password: str, cost: str) -> str:
    """The hash of a password."""
    return hasher(cost).hash(normal(password))


def opens(stored: str | None, password: str, cost: str) -> bool:
    """Whether a password belongs to a stored hash. Takes as long where nothing is stored."""
    try:
        hasher(cost).verify(stored or nobodys_hash(cost), normal(password[: LONGEST + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str, cost: str) -> bool:
    """Whether a hash was made at another cost and should be made again now that the password is known."""
    return hasher(cost).check_needs_rehash(stored)


def normal(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password)


def check_strength(password: str, *, email: str, name: str) -> None:
    """Raise WeakPassword where a password is short, common, or made of what everybody knows about its owner."""
    plain = normal(password)
    if len(plain) < SHORTEST:
        raise WeakPassword("The password has %(found)s characters; it needs at least %(least)s.", found=len(plain), least=SHORTEST)
    if len(plain) > LONGEST:
        raise WeakPassword("The password has %(found)s characters; at most %(most)s are kept.", found=len(plain), most=LONGEST)
    lowered = plain.lower()
    known = [word for word in (*CONTEXT, *email.lower().split("@"), name.lower()) if len(word) >= 4]
    if any(word in lowered for word in known):
        raise WeakPassword("The password contains your name, your address or the name of this portal. Take one that nobody can derive from you.")
    if lowered in COMMON or len(set(lowered)) < 4 or any(lowered in run for run in RUNS):
        raise WeakPassword("This password is one of those that are tried first. Take a longer one, for instance four words that have nothing to do with each other.")
    if zxcvbn(plain[:LOOKED_AT], user_inputs=[*CONTEXT, *email.split("@"), name])["score"] < LEAST_SCORE:
        raise WeakPassword("This password is one of those that are tried first. Take a longer one, for instance four words that have nothing to do with each other.")
