"""What every template may speak of: who reads, in which language and look, how far the data reach, where the menu leads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Flask, g, has_request_context, request, session
from flask_babel import get_locale
from flask_login import current_user
from sqlalchemy import func, select

from models import db
from models.settlement import CalendarDay, SettlementDay
from portal import clock
from portal.identity.wording import ROLES
from portal.settings import Settings
from portal.web import formats, navigation
from portal.web.guard import current_actor

THEMES = ("auto", "light", "dark")


@dataclass(frozen=True)
class DataAsOf:
    """The last settled day; stale where a trading day after it has already passed."""

    day: date
    stale: bool


def install(app: Flask, settings: Settings) -> None:
    """Give every template what the layouts ask for."""
    formats.install(app, settings)
    app.jinja_env.globals["href"] = navigation.href
    zone = ZoneInfo(settings.timezone)

    @app.context_processor
    def of_the_page() -> dict[str, Any]:
        locale = get_locale()
        tag = "en" if locale is None else str(locale).replace("_", "-")
        shared = {"html_lang": tag, "updown": "cn" if tag.startswith("zh") else "intl", "is_demo": settings.demo, "timezone": settings.timezone, "theme": "auto"}
        return shared | _of_the_reader(zone) if has_request_context() else shared


def _of_the_reader(zone: ZoneInfo) -> dict[str, Any]:
    actor = current_actor()
    signed_in = actor.user_id is not None
    return {
        "theme": theme(),
        "here": _here(),
        "navigation": navigation.links(actor) if signed_in else [],
        "home_href": navigation.href("home.overview") or "/",
        "settings_href": navigation.href("identity.me"),
        "sign_out_href": navigation.href("identity.sign_out"),
        "person": {"name": current_user.name or current_user.email, "roles": [ROLES[role] for role in actor.roles]} if signed_in else None,
        "data_as_of": data_as_of(zone) if signed_in else None,
    }


def theme() -> str:
    """The reader's choice of theme: of this session, else of the user, else what the device says."""
    chosen = session.get("theme") or getattr(current_user, "theme", "")
    return chosen if chosen in THEMES else "auto"


def data_as_of(zone: ZoneInfo) -> DataAsOf | None:
    """How far settled days reach; asked once a request."""
    if "data_as_of" not in g:
        today = clock.now().astimezone(zone).date()
        settled = select(func.max(SettlementDay.trade_date)).scalar_subquery()
        due = select(func.max(CalendarDay.day)).where(CalendarDay.trading, CalendarDay.day < today).scalar_subquery()
        last, expected = db.session.execute(select(settled, due)).one()
        g.data_as_of = DataAsOf(last, expected is not None and last < expected) if last else None
    found: DataAsOf | None = g.data_as_of
    return found


def _here() -> str:
    """The present address without `lang`, for the way back after a change of language or look."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return request.path + (f"?{urlencode(pairs)}" if pairs else "")
