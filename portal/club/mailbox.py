"""Which mailbox stands behind an address: one person with several spellings of his address is one person."""

from __future__ import annotations

import hashlib

DOTLESS = ("gmail.com", "googlemail.com")
"""Providers that look over dots before the @."""


def mailbox(address: str) -> str:
    """The mailbox behind an address: without case, without what follows a plus, and without dots where the provider looks over them.

    >>> mailbox("Li.Lei+club@Googlemail.com")
    'lilei@gmail.com'
    >>> mailbox("li.lei+club@firm.example")
    'li.lei@firm.example'
    """
    local, _at, host = address.strip().casefold().rpartition("@")
    local, host = local.partition("+")[0] or local, host.rstrip(".")
    if host in DOTLESS:
        return f"{local.replace('.', '')}@{DOTLESS[0]}"
    return f"{local}@{host}"


def mailbox_digest(address: str) -> str:
    """The same as a digest (SHA-256, hexadecimal), so that no address is kept a second time."""
    return hashlib.sha256(mailbox(address).encode()).hexdigest()
