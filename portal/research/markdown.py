"""The small part of Markdown in which reports are written, as HTML that nobody's words can break out of. Pure.

Headings (#, ##, ###), paragraphs, lists (-, 1.), quotes (>), tables (|), **bold**, *italic*, `code`, and links to http(s) addresses.
Everything else stands there as it was written: no HTML, no pictures, so nothing is fetched from elsewhere when somebody reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\((https?://[^\s()<>\"']+)\)")
_HEADING = re.compile(r"(#{1,3})\s+(.+)")
_ITEM = re.compile(r"(?:[-*]|(\d{1,3})[.)])\s+(.+)")
_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(\|\s*:?-{2,}:?\s*)*\|?")


def html_of(text: str) -> Markup:
    """A text as HTML. A heading begins at h3: the page's own stand above it.

    >>> str(html_of("# 铁矿\\n\\n**多** <b>x</b>\\n\\n- a\\n- b"))
    '<h3>铁矿</h3>\\n<p><strong>多</strong> &lt;b&gt;x&lt;/b&gt;</p>\\n<ul><li>a</li><li>b</li></ul>'
    """
    return Markup("\n").join(_blocks(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")))


def _blocks(lines: list[str]) -> Iterator[Markup]:
    held: list[str] = []
    kind, level = "", 2
    for line in [*lines, ""]:
        now = _kind(line.strip(), kind)
        if now != kind or now == "heading":
            if kind == "heading":
                level = min(held[0].index(" ") + 2, level + 1)  # a reader with ears goes down one step at a time
            if held:
                yield _block(kind, held, level)
            held, kind = [], now
        if now:
            held.append(line.strip())


def _kind(line: str, before: str) -> str:
    if not line:
        return ""
    if _HEADING.fullmatch(line):
        return "heading"
    if line.startswith(">"):
        return "quote"
    if line.startswith("|"):
        return "table"
    found = _ITEM.fullmatch(line)
    if found:
        return "ordered" if found[1] else "list"
    return before if before in ("list", "ordered") else "text"


def _block(kind: str, lines: list[str], level: int) -> Markup:
    if kind == "heading":
        return Markup("<h{0}>{1}</h{0}>").format(level, _inline(lines[0].lstrip("#").strip()))
    if kind == "quote":
        return Markup("<blockquote><p>{}</p></blockquote>").format(_joined([line.lstrip("> ") for line in lines]))
    if kind == "table":
        return _table(lines)
    if kind in ("list", "ordered"):
        rows = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in _items(lines))
        return Markup("<{0}>{1}</{0}>").format("ol" if kind == "ordered" else "ul", rows)
    return Markup("<p>{}</p>").format(_joined(lines))


def _items(lines: list[str]) -> list[str]:
    """The points of a list; a line without a mark goes on with the one before."""
    found: list[str] = []
    for line in lines:
        mark = _ITEM.fullmatch(line)
        if mark:
            found.append(mark[2])
        else:
            found[-1] += " " + line
    return found


def _table(lines: list[str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not _RULE.fullmatch(line)]
    if not rows:
        return Markup("")
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(_inline(cell)) for cell in rows[0])
    body = Markup("").join(Markup("<tr>{}</tr>").format(_cells(rows[0], row)) for row in rows[1:])
    return Markup('<div class="table-box"><table class="table-of"><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(head, body)


def _cells(heads: list[str], row: list[str]) -> Markup:
    """The cells of a row; each names its column, for screens on which a row becomes a card."""
    named = zip([*heads, *[""] * len(row)], row, strict=False)
    return Markup("").join(Markup('<td data-label="{}">{}</td>').format(head, _inline(cell)) for head, cell in named)


def _joined(lines: list[str]) -> Markup:
    return Markup("<br>").join(_inline(line) for line in lines)


def _inline(text: str) -> Markup:
    parts, end = Markup(""), 0
    for found in _INLINE.finditer(text):
        parts += escape(text[end : found.start()])
        end = found.end()
        code, bold, italic, label, address = found.groups()
        if code is not None:
            parts += Markup("<code>{}</code>").format(code)
        elif bold is not None:
            parts += Markup("<strong>{}</strong>").format(bold)
        elif italic is not None:
            parts += Markup("<em>{}</em>").format(italic)
        else:
            parts += Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(address, label)
    return parts + escape(text[end:])
