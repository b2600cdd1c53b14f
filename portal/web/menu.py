"""The frame around a page. It is the same for many readers, so it is drawn once, with holes for what is one reader's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, request
from flask_babel import gettext, ngettext
from flask_wtf.csrf import generate_csrf
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from portal.i18n import spoken
from portal.web.holes import cut, filled, hole
from portal.web.navigation import Link, grouped, href
from portal.web.remembered import remembered
from portal.web.requests import here

TABS = 4
"""So many entries stand below the page on a phone."""
SHARED = ("is_demo", "wipe_href", "html_lang", "theme", "timezone", "home_href", "search_href", "notices_href", "settings_href", "sign_out_href")
"""What the frame shows that is no person's own: each may make another frame."""


@pass_context
def top(context: Context) -> Markup:
    """What stands above a page: the banner, the menu at the side, the bar."""
    links, person, unread, helps = context["navigation"], context["person"], context["unread"], context["help_href"]
    own: dict[str, object] = {"rail": _rail(links), "help": helps, "back": here(), "token": generate_csrf()}
    if person:
        own |= {"name": person["name"], "roles": gettext(", ").join(map(str, person["roles"]))}
        own["unread"] = ngettext("%(num)s unread notice", "%(num)s unread notices", unread) if unread else gettext("Notices")
        own["count"] = unread if unread < 100 else "99+"
    return filled(_kept("layout/top.html", context, own, {"asks_help": bool(helps), "person": bool(person), "is_unread": bool(unread)}), own)


@pass_context
def foot(context: Context) -> Markup:
    """What stands below a page: the foot, the first entries as a phone shows them, the command menu and the list of shortcuts."""
    links = context["navigation"]
    own = {"tabs": _tabs(links)}
    return filled(_kept("layout/foot.html", context, own, {"has_tabs": bool(links)}), own)


@pass_context
def ways(context: Context) -> Markup:
    """Where the keyboard's short ways lead, for the head of a page."""
    home, clients, notices, settings, helps = context["home_href"], href("clients.index"), context["notices_href"], context["settings_href"], href("help.index")
    named = (("home", home), ("clients", clients), ("notices", notices), ("settings", settings), ("help", helps))
    return filled(_drawn("layout/ways.html", named, {"ways": named}), {})


def _kept(template: str, context: Context, own: Mapping[str, object], kind: dict[str, bool]) -> tuple[str, ...]:
    """A part of the frame, cut at its holes. `kind`: which holes it has, in truth or not."""
    shared = {name: context[name] for name in SHARED}
    as_of = context["data_as_of"]
    key = (request.script_root, *shared.values(), *kind.values(), as_of and (as_of.day, as_of.stale))
    return _drawn(template, key, {**shared, **kind, "data_as_of": as_of, **{f"{name}_hole": hole(name) for name in own}})


def _rail(links: Sequence[Link]) -> Markup:
    """The menu at the side, in its parts."""
    return _marked(_drawn("layout/rail.html", tuple(link.href for link in links), {"parts": grouped(links)}), links)


def _tabs(links: Sequence[Link]) -> Markup:
    """The first entries as they stand below the page on a phone."""
    return _marked(_drawn("layout/tabs.html", tuple(link.href for link in links), {"entries": links[:TABS]}), links)


def _drawn(template: str, key: tuple[Any, ...], values: dict[str, object]) -> tuple[str, ...]:
    """A part of the frame, rendered by what it is given alone: nothing of the page around it is looked up."""
    draw = current_app.jinja_env.get_template(template).render
    return remembered((template, spoken(), *key), lambda: cut(draw(values)))


def _marked(pieces: tuple[str, ...], links: Sequence[Link]) -> Markup:
    """A menu whose entry for the reader's place says so."""
    menu = "".join(pieces)
    place = next((f'href="{escape(link.href)}"' for link in links if link.here), None)
    return Markup(menu if place is None else menu.replace(place, f'{place} aria-current="page"', 1))  # noqa: S704 - only the mark is added
