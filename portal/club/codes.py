"""Codes on tickets and cards: read out, typed in, never guessed."""

from __future__ import annotations

import secrets

CODE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters of a code: none that is taken for another."""


def new_code() -> str:
    """A code that nobody guesses: ten letters, about 49 bits."""
    return "".join(secrets.choice(CODE) for _ in range(10))
