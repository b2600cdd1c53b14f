"""A file that was handed in: its name as shown, its size, and its bytes on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass
class Received:
    """A file; bytes are read when asked for and not kept, so that a month of days never lies in memory at once."""

    name: str
    size: int
    load: Callable[[], bytes] = field(repr=False)
    _digest: str = field(default="", repr=False)

    @property
    def base(self) -> str:
        """The last part of the name."""
        return PurePosixPath(self.name).name

    def read(self) -> bytes:
        """The bytes. Raises Refusal where an archive turns out to be a bomb or broken."""
        data = self.load()
        self._digest = hashlib.sha256(data).hexdigest()
        return data

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes."""
        if not self._digest:
            self.read()
        return self._digest


def given(name: str, data: bytes) -> Received:
    """A file whose bytes are at hand."""
    return Received(name, len(data), lambda: data)
