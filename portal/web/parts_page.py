"""A page for whoever builds screens: every part once, with made-up content. Registered only for development and tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

from flask import Blueprint, Flask, render_template, request
from flask_babel import LazyString
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, DateField, PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from models.identity import User
from portal.settings import Settings
from portal.web.guard import public
from portal.web.in_place import Choice, Place, Typed
from portal.web.navigation import ENTRIES, Link, group_of
from portal.web.paging import Column, Filter, Listing, Page, columns, read
from portal.web.parts_figures import figures
from portal.web.parts_words import said, say

bp = Blueprint("dev", __name__)


def install(app: Flask, settings: Settings) -> None:
    """Register the page where it belongs."""
    if app.debug or settings.testing:
        app.register_blueprint(bp)


class SampleForm(FlaskForm):  # type: ignore[misc]
    """One field of each kind."""

    name = StringField(LazyString(say, "Client name"), validators=[DataRequired(), Length(min=2)])
    phone = StringField(LazyString(say, "Phone"))
    secret = PasswordField(LazyString(say, "Password"), validators=[DataRequired()])
    branch = SelectField(LazyString(say, "Branch"), choices=[SelectChoice("sh", "上海陆家嘴营业部"), SelectChoice("sz", "深圳福田营业部")])
    since = DateField(LazyString(say, "From"), validators=[DataRequired()])
    kind = RadioField(
        LazyString(say, "Kind"),
        choices=[SelectChoice("natural", LazyString(say, "Natural person")), SelectChoice("legal", LazyString(say, "Legal person"))],
        default="natural",
        validators=[DataRequired()],
    )
    agreed = BooleanField(LazyString(say, "The contract has been signed"))


COLUMNS = columns(
    Column("name", LazyString(say, "Client"), sort=True),
    Column("equity", LazyString(say, "Equity (CNY)"), sort=True, number=True),
    Column("gain", LazyString(say, "Today (CNY)"), number=True),
    Column("opened", LazyString(say, "Opened"), sort=True, number=True),
    Column("state", LazyString(say, "State")),
)
CLIENTS = (
    ("刘建国", "880089181", 894_078_500, 16_630_00, date(2025, 4, 9), ("Steady", "good")),
    ("吴秀英", "880005663", 886_016_700, -2_630_45, date(2024, 9, 25), ("At risk", "bad")),
    ("李芳", "880039367", 881_858_705, 0, date(2026, 3, 20), ("Watch", "warn")),
    ("上海海湾贸易有限公司", "880018578", -123_456_789_012, None, date(2026, 4, 19), ("Dormant", "neutral")),
    ("Müller & Söhne Handelsgesellschaft", "880016448", 866_851_100, 9_30, date(2025, 4, 12), ("New", "info")),
)


@bp.get("/dev/parts")
@public
def parts() -> str:
    """Every part once."""
    form = SampleForm(MultiDict({"name": "x", "kind": "legal", "branch": "sh"}), meta={"csrf": False})
    form.validate()
    listing = Listing(
        tiebreak=User.id,
        sorts={"name": User.name, "equity": User.id, "opened": User.created_at},
        default="-equity",
        filters=(
            Filter("q", say("Name or account"), User.name.contains),
            Filter("state", say("State"), lambda text: User.state == text, choices=(("steady", say("Steady")), ("risk", say("At risk")))),
            Filter("from", say("From"), lambda text: User.name == text, input_type="date"),
        ),
    )
    wanted = read(listing, request.args if request.args else MultiDict({"state": "risk", "q": "刘", "sort": "wealth"}), request.path)
    pretend = [Link(f"#{entry.endpoint}", entry.label, entry.short, entry.icon, index == 1, group_of(entry)) for index, entry in enumerate(ENTRIES)]
    return render_template(
        "dev/parts.html",
        form=form,
        page=Page(wanted, said(CLIENTS), 1234),
        say=say,
        lines=_lines(),
        columns=COLUMNS,
        figures=figures(),
        events=_events(),
        places=_places(),
        day_of=date(2026, 11, 20),
        navigation=pretend,
        person={"name": "林晓梅", "roles": [say("Branch manager"), say("Compliance")]},
        data_as_of=SimpleNamespace(day=date(2026, 11, 20), stale="stale" in request.args),
        unread=7,
        notices_href="#notices",
        help_href="#help",
        search_href="#search",
        sign_out_href="#",
        settings_href="#",
        home_href="#",
    )


@bp.get("/dev/progress")
@public
def progress() -> str:
    """The part that asks for itself again, finished."""
    return render_template("dev/progress.html")


def _events() -> list[SimpleNamespace]:
    at = datetime(2026, 11, 20, 10, 5, 7, tzinfo=UTC)
    return [
        SimpleNamespace(at=at, title=say("Attribution moved to 张三居间"), text=say("Confirmed by the client by phone"), actor="林晓梅", tone="info", href="#"),
        SimpleNamespace(at=date(2026, 11, 19), title=say("Margin call"), text=say("Risk degree 104.2 %"), actor="", tone="bad", href=""),
        SimpleNamespace(at=date(2025, 4, 9), title=say("Account opened"), text="", actor="王强", tone="good", href=""),
    ]


def _places() -> list[tuple[str, str, Place]]:
    """A value with its button, one of which a form is open, and one that was refused: its label, what it is now, and how it is changed."""
    people = [Choice("S002", "吴秀英 (S002)"), Choice("S003", say("S003, no room"), closed=True)]
    change, due = say("Change"), say("Due")
    shown = Place("place-shown", "#place-shown", "#", 1, change, say("Client manager"), people)
    opened = Place("place-day", "#place-day", "#", 1, change, due, text="2026-11-24", hint=say("A trading day"), typed=Typed("place-day"))
    refused = Place(
        "place-refused", "#place-refused", "#", 1, change, say("Client manager"), people, typed=Typed("place-refused", "S002", say("Somebody was quicker: look again."))
    )
    return [(say("Client manager"), "刘建国 (S001)", shown), (due, "2026-11-24", opened), (say("Client manager"), "刘建国 (S001)", refused)]


def _lines() -> list[SimpleNamespace]:
    at = datetime(2026, 11, 20, 2, 5, tzinfo=UTC)
    told = (("The close of 2026-10 waits for your decision.", "Second person", "warn", True), ("Your statement of 2026-09 is ready.", "Commission", "good", False))
    return [
        SimpleNamespace(id=number, day="2026-11-20", at=at, text=say(text), group=say(group), tone=tone, unread=unread) for number, (text, group, tone, unread) in enumerate(told)
    ]
