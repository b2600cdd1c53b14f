"""A part of a page that is drawn once for many readers, with holes for what is one reader's own.

What fills a hole is escaped when it is filled, and never searched for holes itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup, escape

MARK = "\ue000"
"""A letter for private use: no text of the portal holds it."""


def hole(name: str) -> Markup:
    """What a template is given in the place of a value that only a reader knows."""
    return Markup(f"{MARK}{name}{MARK}")  # noqa: S704 - a name of our own


def cut(drawn: str) -> tuple[str, ...]:
    """What was drawn, cut at its holes: text and names of holes by turns."""
    return tuple(drawn.split(MARK))


def filled(pieces: tuple[str, ...], values: Mapping[str, object]) -> Markup:
    """The part with every hole filled. Raises KeyError where a value is missing."""
    return Markup("".join(escape(values[piece]) if place % 2 else piece for place, piece in enumerate(pieces)))  # noqa: S704 - text was escaped where it was drawn
