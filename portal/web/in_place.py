"""One value of a page that is changed where it stands (templates/parts/in_place.html): a button that puts a form in the place of the value.

The form has an address of its own, which shows the page with that one value as a form; so it works without scripts, and what speaks
against a change stands beside the field. A page describes each such value as a `Place`; its two routes are the page with `Typed`, and `keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.refusals import Conflict, NotAllowed, Refusal
from portal.transaction import transaction
from portal.web.listing import Label
from portal.web.undo import flash_with_undo


class Choice(NamedTuple):
    """What may be chosen for a value; `closed` is shown and cannot be."""

    value: str
    label: str
    closed: bool = False


@dataclass(frozen=True)
class Typed:
    """The value of a place as a form: what stands in its field (None: what is there now), and what speaks against it."""

    place: str
    text: str | None = None
    error: str = ""


class Kept(NamedTuple):
    """A change that was made: what is said of it, and, where it can be set back, the value before and the version by now."""

    said: str
    before: str = ""
    version: int = 0


@dataclass(frozen=True)
class Place:
    """One value that its reader may change: `at` is the address of its form, `back` the page on which it stands, `version` what he saw.

    `change` are the words of the button, `label` those of the field, `save` those that keep it (empty: Save). With `choices` one of them is chosen (and the
    value that is there now, `text`, is not among them); without, it is a day from `least` on. `typed` while it is a form.
    """

    id: str
    at: str
    back: str
    version: int
    change: Label
    label: Label
    choices: Sequence[Choice] = ()
    text: str = ""
    least: str = ""
    hint: Label = ""
    save: Label = ""
    typed: Typed | None = None

    @property
    def shown(self) -> str:
        """What stands in the field."""
        return self.text if self.typed is None or self.typed.text is None else self.typed.text


def by_id(places: Iterable[Place], typed: Typed | None) -> dict[str, Place]:
    """The places of a page by their names, one of them as a form where something is typed. What was typed for a place that its reader is not offered
    any more stands there with what speaks against it, and no form."""
    found = {one.id: replace(one, typed=typed) if typed is not None and typed.place == one.id else one for one in places}
    if typed is not None and typed.place not in found:
        found[typed.place] = Place(typed.place, "", "", 0, "", "", typed=typed)
    return found


def keep(place: str, act: Callable[[str, int], Kept], show: Callable[[Typed], str], back: str, *, away: Callable[[], str] = str) -> ResponseReturnValue:
    """Do what a form in place asks in one transaction and go back to the page, saying what was done, with a button that sets it back where that can
    be. `act` is given the value and the version that was seen, for a reader who may see the thing at all: that is asked before. What speaks against it stands beside the field, with the
    page as it is by then: 409 where somebody was quicker, else 422. `away` is asked afterwards where to go instead, because the page is
    his no more (empty: it is). Raises NotAllowed."""
    text = request.form.get("value", "").strip()[:400]
    try:
        with transaction():
            kept = act(text, version_seen())
    except NotAllowed:
        raise
    except Refusal as refusal:
        return show(Typed(place, text, _(refusal.message, **refusal.values))), 409 if isinstance(refusal, Conflict) else 422
    elsewhere = away()
    if kept.before and not elsewhere:
        flash_with_undo(kept.said, request.path, {"value": kept.before, "version": str(kept.version)})
    else:
        flash(kept.said, "success")
    if elsewhere and request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": elsewhere}  # the address changes with the page
    return redirect(elsewhere or back, 303)


def version_seen() -> int:
    """The version that a form was made from; 0, which nothing has, where it says none."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
