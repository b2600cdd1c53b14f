"""What the font of papers can show, and how wide: read from the font itself, as OpenType keeps it (cmap, hmtx, head).

A character that the font does not have, or that would not be seen (control characters, marks that turn the direction of writing), stands on
paper as its number: `[U+202E]`. It is not left out, so that nobody reads another text than the books hold.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache
from typing import Any

from pylopdf_fonts_zh_cn import sans_path

BREAK = "\u200b"
"""Where a word may go on in the next line; it has no width."""
_FORMAT_12 = 12


@cache
def _widths() -> dict[int, float]:
    """How wide each character of the font is, in parts of the size of its letters."""
    data = sans_path().read_bytes()
    tables = {data[at : at + 4]: struct.unpack(">I", data[at + 8 : at + 12])[0] for at in range(12, 12 + 16 * struct.unpack(">H", data[4:6])[0], 16)}
    (unit,) = struct.unpack(">H", data[tables[b"head"] + 18 : tables[b"head"] + 20])
    (known,) = struct.unpack(">H", data[tables[b"hhea"] + 34 : tables[b"hhea"] + 36])
    advances = struct.unpack(f">{2 * known}H", data[tables[b"hmtx"] : tables[b"hmtx"] + 4 * known])[::2]
    return {letter: advances[min(glyph, known - 1)] / unit for letter, glyph in _glyphs(data, tables[b"cmap"])}


def _glyphs(data: bytes, cmap: int) -> list[tuple[int, int]]:
    """Each character of the font with the number of its glyph."""
    found: list[tuple[int, int]] = []
    (parts,) = struct.unpack(">H", data[cmap + 2 : cmap + 4])
    for place in range(parts):
        at = cmap + struct.unpack(">I", data[cmap + 8 + 8 * place : cmap + 12 + 8 * place])[0]
        if struct.unpack(">H", data[at : at + 2])[0] != _FORMAT_12:
            continue
        (groups,) = struct.unpack(">I", data[at + 12 : at + 16])
        for first, last, glyph in struct.iter_unpack(">III", data[at + 16 : at + 16 + 12 * groups]):
            found += ((letter, glyph + letter - first) for letter in range(first, last + 1))
        break
    return found


class _Shown(dict[int, str | int]):
    """What each character becomes, worked out once."""

    def __missing__(self, letter: int) -> str | int:
        text = chr(letter)
        seen = text == "\n" or (letter in _widths() and unicodedata.category(text) not in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
        self[letter] = letter if seen else " " if text in "\t\r\v\f" else f"[U+{letter:04X}]"
        return self[letter]


_SHOWN = _Shown()


def shown(text: str) -> str:
    """A text as the font can show it.

    >>> shown("张三\\u202eab"), shown("a\\tb")
    ('张三[U+202E]ab', 'a b')
    """
    return text if text.isascii() and text.isprintable() else text.translate(_SHOWN)


def legible(content: Any) -> Any:
    """What is to become JSON with every text as the font can show it."""
    if isinstance(content, str):
        return shown(content)
    if isinstance(content, dict):
        return {key: legible(value) for key, value in content.items()}
    return [legible(one) for one in content] if isinstance(content, list | tuple) else content


def width(text: str) -> float:
    """How wide a text is when it is set in one line, in parts of the size of its letters."""
    widths = _widths()
    return sum(widths.get(ord(letter), 0.0) for letter in text)


def is_wide(letter: str) -> bool:
    """Whether a line may break before and after this letter: Chinese is written without blanks."""
    return unicodedata.east_asian_width(letter) in "WF"


def breakable(text: str, room: float) -> str:
    """A text (as `shown` gives it) of which no part is wider than a column of `room` (in parts of the size of its letters) and cannot be broken.

    >>> breakable("ab cdefgh", 2.0).replace(BREAK, "|")
    'ab cde|fgh'
    """
    if width(text) <= room:
        return text
    pieces, taken = [], 0.0
    for letter in text:
        size = width(letter)
        if letter.isspace() or is_wide(letter):
            taken = 0.0
        elif taken + size > room:
            pieces.append(BREAK)
            taken = size
        else:
            taken += size
        pieces.append(letter)
    return "".join(pieces)
