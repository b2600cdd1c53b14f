"""Markdown in which reports are written, as HTML that nobody's words can break out of. Pure.

CommonMark with tables, read by markdown-it-py. HTML stands there as it was written, there are no pictures, and links lead to http(s)
addresses alone: nothing is fetched from elsewhere when somebody reads.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LAST_HEADING = 6


def html_of(text: str) -> Markup:
    """A text as HTML. A heading begins at h3: the page's own stand above it.

    >>> str(html_of("# 铁矿\\n\\n**多** <b>x</b>\\n\\n- a\\n- b"))
    '<h3>铁矿</h3>\\n<p><strong>多</strong> &lt;b&gt;x&lt;/b&gt;</p>\\n<ul>\\n<li>a</li>\\n<li>b</li>\\n</ul>'
    """
    reader = _reader()
    tokens = reader.parse(text)
    _lower_headings(tokens)
    _name_cells(tokens)
    return Markup(reader.renderer.render(tokens, reader.options, {}).strip())  # noqa: S704 - the renderer escapes every word


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "xhtmlOut": False}).enable("table").disable("image")
    reader.validateLink = _leads_to_the_web  # type: ignore[method-assign]
    reader.add_render_rule("table_open", lambda *_: '<div class="table-box"><table class="table-of">\n')
    reader.add_render_rule("table_close", lambda *_: "</table></div>\n")
    reader.add_render_rule("link_open", _link)
    return reader


def _leads_to_the_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _link(renderer: object, tokens: Sequence[Token], place: int, *_: object) -> str:
    return Markup('<a href="{}" rel="noopener noreferrer">').format(tokens[place].attrGet("href"))


def _lower_headings(tokens: Sequence[Token]) -> None:
    """A reader with ears goes down one step at a time."""
    level = 2
    for token in tokens:
        if token.type == "heading_open":
            level = min(int(token.tag[1:]) + 2, level + 1, LAST_HEADING)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{level}"


def _name_cells(tokens: Sequence[Token]) -> None:
    """Each cell names its column, for screens on which a row becomes a card; a column of numbers stands to the right by its class."""
    heads: list[str] = []
    column = 0
    for place, token in enumerate(tokens):
        if token.type == "table_open":
            heads = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            heads.append(tokens[place + 1].content)
            _aligned(token, scope="col")
        elif token.type == "td_open":
            _aligned(token, **{"data-label": heads[column]})
            column += 1


def _aligned(token: Token, **attributes: str) -> None:
    right = "right" in str(token.attrs.pop("style", ""))
    token.attrs = {**({"class": "num"} if right else {}), **attributes}
