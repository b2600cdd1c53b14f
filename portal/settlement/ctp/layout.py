"""The page: bytes to lines, and lines to the blocks and tables that stand on it. Nothing is interpreted here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

CHINESE = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_COLON = re.compile(r"[：:]+")
_RULE = re.compile(r"[-—─=_]{10,}")
_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_PERIOD = re.compile(r"\s*(?:日\s*期)?\s*Date\s*[：:]+\s*(\d{8})(?:\s*[-—~至]\s*(\d{8}))?\s*", re.IGNORECASE | re.ASCII)
_CLIENT = re.compile(r"\s*(?:客\s*户\s*号)?\s*Client\s*ID\s*[：:]+\s*(\S+)(?:.*?Client\s*Name\s*[：:]+\s*(.*?))?\s*", re.IGNORECASE)
_NUMBER = re.compile(r"\s*[-+]?[\d.,]+%?(?=\s|$)", re.ASCII)
_CURRENCY = re.compile(r"Currency\s*[：:]+\s*([A-Za-z]{3})\b", re.IGNORECASE)
_CURRENCY_ZH = re.compile(r"币\s*种\s*[：:]+\s*(\S+)")
_ACCOUNT = re.compile(r"(?:Account\s*ID|资\s*金\s*账\s*号)\s*[：:]+\s*([^\s：:]+)", re.IGNORECASE)
_TITLES = ("交易结算单", "交易核算单")


class NotText(ValueError):
    """The bytes are neither UTF-8 nor GB18030. `offset` is where GB18030 breaks off."""

    def __init__(self, offset: int, found: str) -> None:
        super().__init__(f"neither UTF-8 nor GB18030 at byte {offset}")
        self.offset = offset
        self.found = found


@dataclass
class Section:
    """A titled part of the page: the labels of a 资金状况 block, or the cells of a table. Lines count from 1."""

    title: str
    line: int
    labels: list[tuple[int, str]] = field(default_factory=list)
    heads: list[list[str]] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    """Lines of table rows that do not end in a stroke: the file was cut or mangled there."""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 (with or without BOM) where the bytes are that, else GB18030. Raises NotText."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise NotText(error.start, data[error.start : error.start + 4].hex(" ")) from error


def squeeze(text: str) -> str:
    """Text without any blanks, in lower case, with half-width brackets: how names are compared."""
    return re.sub(r"\s+", "", text).casefold().replace("（", "(").replace("）", ")")


def chinese(text: str) -> str:
    """The Chinese characters of a text alone."""
    return "".join(CHINESE.findall(text))


def english(text: str) -> str:
    """A text without its Chinese characters, squeezed."""
    return squeeze(CHINESE.sub("", text))


def parse_compact_day(text: str) -> date | None:
    """A date written YYYYMMDD, None where it is none."""
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def is_statement(head: bytes) -> bool:
    """Whether the first bytes of a file look like a statement. The English title is the same in both encodings."""
    if re.search(rb"settlement\s*statement|account\s*summary", head, re.IGNORECASE):
        return True
    return any(title.encode(encoding) in head for title in _TITLES for encoding in ("utf-8", "gb18030"))


def period(lines: list[str]) -> tuple[int, str, str] | None:
    """Line, first and last day (as written) of the `日期 Date：` line; a day's own end is the same day."""
    for number, line in enumerate(lines, 1):
        found = _PERIOD.fullmatch(line)
        if found:
            return number, found[1], found[2] or found[1]
    return None


def client(lines: list[str]) -> tuple[str, str]:
    """Client number and name as the head gives them; empty where it does not."""
    for line in lines:
        found = _CLIENT.fullmatch(line)
        if found:
            return found[1], found[2] or ""
    return "", ""


def currency_of(title: str) -> str:
    """The currency that a block's title names: an ISO code where there is one, else the Chinese word; empty where there is none."""
    found = _CURRENCY.search(title)
    if found:
        return found[1].upper()
    word = _CURRENCY_ZH.search(title)
    return word[1].upper() if word else ""


def account_of(title: str) -> str:
    """The account that a block's title names; empty in the older layout."""
    found = _ACCOUNT.search(title)
    return found[1] if found else ""


def is_account_summary(title: str) -> bool:
    """Whether a title is that of a 资金状况 block."""
    return "accountsummary" in english(title) or "资金状况" in chinese(title)


def pairs(line: str) -> list[tuple[str, str]]:
    """The label–value pairs of a line: after a value, the next label begins where the number ends or Chinese begins."""
    first, *parts = _COLON.split(line)
    found = []
    label = first
    for index, part in enumerate(parts):
        number = _NUMBER.match(part)
        begin = CHINESE.search(part)
        end = len(part) if index == len(parts) - 1 else number.end() if number else begin.start() if begin else len(part)
        found.append((label.strip(), part[:end].strip()))
        label = part[end:]
    return found


def sections(lines: list[str]) -> list[Section]:
    """The blocks and tables of a page. A title is what stands right above a rule; a notice has no rule below it and is passed over."""
    found: list[Section] = []
    index = 0
    while index < len(lines):
        if not index or not _is_rule(lines[index]) or not _is_plain(lines[index - 1]):
            index += 1
            continue
        section = Section(lines[index - 1].strip(), index)
        following = index + 1
        while following < len(lines) and not lines[following].strip():
            following += 1
        if following < len(lines) and lines[following].lstrip().startswith("|"):
            index = _read_table(lines, following, section)
            found.append(section)
        elif is_account_summary(section.title):
            index = _read_block(lines, following, section)
            found.append(section)
        else:
            index += 1
    return found


def _is_rule(line: str) -> bool:
    return bool(_RULE.fullmatch(line.strip()))


def _is_plain(line: str) -> bool:
    text = line.strip()
    return bool(text) and not text.startswith("|") and not _is_rule(line)


def _read_block(lines: list[str], index: int, section: Section) -> int:
    while index < len(lines) and _is_plain(lines[index]):
        section.labels.append((index + 1, lines[index]))
        index += 1
    return index


def _read_table(lines: list[str], index: int, section: Section) -> int:
    """Strokes up to the first rule are the head, all strokes after it are rows; anything else ends the table."""
    in_head = True
    while index < len(lines):
        text = lines[index].strip()
        if _is_rule(text):
            in_head = False
        elif text.startswith("|"):
            cells = [cell.strip() for cell in text[1:-1].split("|")]
            if not text.endswith("|") or len(text) == 1:
                section.broken.append(index + 1)
            elif in_head:
                section.heads.append(cells)
            else:
                section.rows.append((index + 1, cells))
        else:
            break
        index += 1
    return index
