"""A file that was handed in: its name as shown, its size, and its bytes on demand."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath


@dataclass
class Received:
    """A file; bytes are read when asked for and not kept, so that a month of days never lies in memory at once."""

    name: str
    size: int
    load: Callable[[], bytes] = field(repr=False)
    _digest: str = field(default="", repr=False)
    _left: list[bytes] | None = field(default=None, repr=False)
    """Within `read_once`: what was read for the digest and waits for whoever reads next."""

    @property
    def base(self) -> str:
        """The last part of the name."""
        return PurePosixPath(self.name).name

    def read(self) -> bytes:
        """The bytes. Raises Refusal where an archive turns out to be a bomb or broken."""
        if self._left:
            return self._left.pop()
        data = self.load()
        self._digest = self._digest or hashlib.sha256(data).hexdigest()
        return data

    @property
    def digest(self) -> str:
        """The SHA-256 of the bytes."""
        if not self._digest:
            data = self.read()
            if self._left is not None:
                self._left.append(data)
        return self._digest


@contextmanager
def read_once(files: Sequence[Received]) -> Iterator[None]:
    """Files whose digest is asked for first and whose bytes are read afterwards are read from their place only once in here.
    Whoever reads takes the bytes out; what nobody took is let go at the end."""
    for file in files:
        file._left = []
    try:
        yield
    finally:
        for file in files:
            file._left = None


def given(name: str, data: bytes) -> Received:
    """A file whose bytes are at hand."""
    return Received(name, len(data), lambda: data)
