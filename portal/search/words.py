"""Under which beginnings a name is found: its characters, its pinyin, the initials of its pinyin, its number.

Pure: text in, words out. A word is lower-case and without blanks, and at most LONGEST characters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

from werkzeug.utils import import_string

LONGEST = 24
STARTS = 6
"""In how many of its syllables a name may be begun."""

SURNAMES = {
    "单": "shan",
    "曾": "zeng",
    "仇": "qiu",
    "解": "xie",
    "盖": "ge",
    "朴": "piao",
    "查": "zha",
    "区": "ou",
    "缪": "miao",
    "翟": "zhai",
    "覃": "qin",
    "冼": "xian",
    "尉迟": "yuchi",
    "万俟": "moqi",
    "长孙": "zhangsun",
    "澹台": "tantai",
}
"""Characters that are read otherwise where they are a surname."""


def plain(text: str) -> str:
    """Text as it is compared: one width, one case, no accents, nothing but letters and digits.

    >>> plain("Ｂ001 Müller & Söhne")
    'b001mullersohne'
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in folded if letter.isalnum())


def words_of(name: str, numbers: Iterable[str] = ()) -> set[bytes]:
    """Every word under which something of this name and these numbers is found.

    >>> sorted(word.decode() for word in words_of("单雄信", ["80100007"]))
    ['80100007', 'shanxiongxin', 'sxx', 'x', 'xin', 'xiongxin', 'xx', '信', '单雄信', '雄信']
    """
    found = {plain(number) for number in numbers}
    letters = plain(name)
    if letters.isascii():
        parts = ["".join(letter for letter in part if letter.isalnum()) for part in unicodedata.normalize("NFKD", name.casefold()).split()]
        found |= {plain("".join(parts[start:])) for start in range(min(len(parts), STARTS))}
    else:
        syllables = _syllables(letters)
        found |= {letters[start:] for start in range(min(len(letters), 2 * STARTS))}
        for start in range(min(len(syllables), STARTS)):
            found |= {"".join(syllables[start:]), "".join(syllable[0] for syllable in syllables[start:])}
    return {word[:LONGEST].encode() for word in found if word}


@cache
def _pinyin() -> Callable[[str], list[str]]:
    """The reader of characters. Its dictionary takes as long to load as all pages together: whoever needs it first loads it."""
    reader: Callable[[str], list[str]] = import_string("pypinyin:lazy_pinyin")
    return reader


def reading(name: str) -> str:
    """A name as it is read aloud, for an order that a Chinese reader expects: its pinyin; letters as they are."""
    letters = plain(name)
    return letters if letters.isascii() else " ".join(_syllables(letters))


def _syllables(letters: str) -> list[str]:
    lazy_pinyin = _pinyin()
    for length in (2, 1):
        if reading := SURNAMES.get(letters[:length]):
            return [reading, *lazy_pinyin(letters[length:])] if len(letters) <= 4 else lazy_pinyin(letters)
    return [syllable for syllable in lazy_pinyin(letters) if syllable]


def leads(name: str, number: str, start: bytes) -> bool:
    """Whether a name, its pinyin, its initials or its number begin with what was typed, rather than some later part of it.

    >>> leads("张安", "801", b"zhang"), leads("永湛钢铁", "802", b"zhang")
    (True, False)
    """
    letters = plain(name)
    syllables = [letters] if letters.isascii() else _syllables(letters)
    beginnings = (letters, "".join(syllables), "".join(syllable[0] for syllable in syllables), plain(number))
    return any(beginning.encode().startswith(start) for beginning in beginnings)


def span_of(text: str) -> tuple[bytes, bytes] | None:
    """The range of words that begin with what was typed, from inclusive to exclusive; None where nothing was.

    >>> span_of("Liu J")
    (b'liuj', b'liuj\\xff')
    """
    start = plain(text)[:LONGEST].encode()
    return (start, start + b"\xff") if start else None
