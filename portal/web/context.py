"""What every template may speak of: who reads, in which language and look, how far the data reach, where the menu leads."""

from __future__ import annotations

from typing import Any

from flask import Flask, has_request_context, request, session
from flask_login import current_user

from portal.actors import Actor
from portal.i18n import spoken
from portal.identity.wording import ROLES
from portal.permissions import Can
from portal.settings import Settings
from portal.web import formats, menu, navigation
from portal.web.guard import current_actor
from portal.web.help_topics import topic_of, topics_of
from portal.web.reach import reach_of
from portal.web.requests import here

THEMES = ("auto", "light", "dark")


def install(app: Flask, settings: Settings) -> None:
    """Give every template what the layouts ask for."""
    formats.install(app, settings)
    app.jinja_env.globals.update(frame_top=menu.top, frame_foot=menu.foot, frame_ways=menu.ways)
    app.jinja_env.globals["href"] = navigation.href

    @app.context_processor
    def of_the_page() -> dict[str, Any]:
        tag = spoken().replace("_", "-")
        shared = {"html_lang": tag, "updown": "cn" if tag.startswith("zh") else "intl", "is_demo": settings.demo, "timezone": settings.timezone, "theme": "auto"}
        return shared | _of_the_reader() if has_request_context() else shared


def _of_the_reader() -> dict[str, Any]:
    actor = current_actor()
    signed_in, visits = actor.user_id is not None, bool(actor.lent)
    return {
        "theme": theme(),
        **_rises(),
        "here": here(),
        "navigation": navigation.links(actor) if signed_in else [],
        "visits": visits,
        "frame": "layout/page.html" if signed_in and not visits else "club/open.html",
        "home_href": navigation.href("club_events.index" if visits else "home.overview") or "/",
        "settings_href": navigation.href("identity.me"),
        "sign_out_href": navigation.href("identity.sign_out"),
        "person": {"name": current_user.name or current_user.email, "roles": [ROLES[role] for role in actor.roles]} if signed_in else None,
        "help_href": _help_href(topic_of(request.endpoint), actor) if signed_in else "",
        "search_href": navigation.href("search.page") if signed_in else "",
        "wipe_href": navigation.href("demo_wipe.index") if actor.may(Can.USER_MANAGE) else "",
        "notices_href": navigation.href("notices.inbox"),
        **reach_of(current_user.asked if signed_in else ()),
    }


def _help_href(topic: str, actor: Actor) -> str:
    return navigation.href("help.topic", topic=topic) if topic in topics_of(actor.may) else navigation.href("help.index")


def theme() -> str:
    """The reader's choice of theme: of this session, else of the user, else what the device says."""
    chosen = session.get("theme") or getattr(current_user, "theme", "")
    return chosen if chosen in THEMES else "auto"


def _rises() -> dict[str, str]:
    """The reader's own colours of rising and falling; nothing where he leaves it to the language."""
    known = {"red": "cn", "green": "intl"}.get(getattr(current_user, "rises", ""))
    return {"updown": known} if known else {}
