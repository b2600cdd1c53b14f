"""How polars and the C library keep memory that was let go of; read when polars is loaded, so this comes before everything of the portal.

By itself polars keeps four reserves per core, each as large as the largest table that passed through it, and gives nothing back for ten
seconds; the C library keeps a place for the largest text or answer that it ever held. A day of 300,000 accounts then takes a sixth more
memory, and nothing is faster for it. What is set outside is left as it is.
"""

from __future__ import annotations

import ctypes
import os

os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1,dirty_decay_ms:50,muzzy_decay_ms:0")

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
LARGE = 1_000_000
"""Bytes from which on a piece of memory is taken from the system by itself and goes back to it when it is let go (mallopt(3)). Left alone
the C library raises this to 32 MB with what it sees."""


def _give_back() -> None:
    if any(name in os.environ for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")):
        return
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None  # GNU's library has it, others need not
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, LARGE)
        set_option(_M_TRIM_THRESHOLD, LARGE)


_give_back()
