"""The form of an event: one evening, up to three kinds of tickets, up to three brackets of the cancellation policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange
from wtforms.validators import Optional as Empty
from wtforms.widgets import CheckboxInput, ListWidget

from models.club import ClubEvent, ClubSession, TicketKind
from models.club_membership import ClubTier
from models.values.money import parse_yuan, yuan
from portal.club.events import GRADES, Draft, Kind, When
from portal.club.policy import zones
from portal.pages import club_member_words, club_words
from portal.refusals import Refusal

ROWS = (1, 2, 3)
_NEEDED = DataRequired(_l("Please fill this in."))
_NUMBER = InputRequired(_l("Please fill this in."))


class EventForm(FlaskForm):  # type: ignore[misc]
    """Everything that is said of an event."""

    version = HiddenField()
    title = StringField(_l("Title"), validators=[_NEEDED, Length(max=120)])
    title_en = StringField(_l("Title in English"), validators=[Length(max=120)])
    about = TextAreaField(_l("What it is about"), validators=[_NEEDED, Length(max=4000)])
    about_en = TextAreaField(_l("What it is about, in English"), validators=[Length(max=4000)])
    host = StringField(_l("Host"), validators=[Length(max=120)])
    day = DateField(_l("Day"), validators=[_NEEDED])
    begins = TimeField(_l("Begins"), validators=[_NUMBER])
    ends = TimeField(_l("Ends"), validators=[_NUMBER])
    zone = StringField(_l("Time zone"), default="Asia/Shanghai", validators=[_NEEDED, Length(max=40)])
    venue = StringField(_l("Place"), validators=[Length(max=120)])
    address = StringField(_l("Address"), validators=[Length(max=300)])
    online_url = StringField(_l("Online address"), validators=[Length(max=400)])
    capacity = IntegerField(_l("Seats"), validators=[_NUMBER, NumberRange(0, 5_000)])
    party_most = IntegerField(_l("Most seats of one person"), default=2, validators=[_NUMBER, NumberRange(1, 20)])
    hold_minutes = IntegerField(_l("Minutes to pay"), default=30, validators=[_NUMBER, NumberRange(1, 1_440)])
    sales_day = DateField(_l("Signing up ends on"), validators=[_NEEDED])
    sales_time = TimeField(_l("Signing up ends at"), validators=[_NUMBER])
    tiers = SelectMultipleField(_l("Only for members of"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    admitted = SelectMultipleField(_l("Who may come"), widget=ListWidget(prefix_label=False), option_widget=CheckboxInput())
    grade_least = SelectField(_l("Least suitability grade"), default="")
    education_only = BooleanField(_l("Education only: nobody is asked to open an account"))
    kind_1 = StringField(_l("Ticket"), validators=[_NEEDED, Length(max=80)])
    kind_1_en = StringField(_l("In English"), validators=[Length(max=80)])
    price_1 = StringField(_l("Price (yuan)"), validators=[_NEEDED, Length(max=20)])
    kind_2 = StringField(_l("Second ticket"), validators=[Length(max=80)])
    kind_2_en = StringField(_l("In English"), validators=[Length(max=80)])
    price_2 = StringField(_l("Price (yuan)"), validators=[Length(max=20)])
    kind_3 = StringField(_l("Third ticket"), validators=[Length(max=80)])
    kind_3_en = StringField(_l("In English"), validators=[Length(max=80)])
    price_3 = StringField(_l("Price (yuan)"), validators=[Length(max=20)])
    hours_1 = IntegerField(_l("Hours before the start"), default=72, validators=[Empty(), NumberRange(0, 8_784)])
    percent_1 = IntegerField(_l("Comes back, percent"), default=100, validators=[Empty(), NumberRange(0, 100)])
    hours_2 = IntegerField(_l("Hours before the start"), default=24, validators=[Empty(), NumberRange(0, 8_784)])
    percent_2 = IntegerField(_l("Comes back, percent"), default=50, validators=[Empty(), NumberRange(0, 100)])

    def offer(self, tiers: Sequence[ClubTier]) -> EventForm:
        """The form with the kinds of persons, tiers and grades that there are to choose from."""
        self.admitted.choices = [SelectChoice(key, label) for key, label in club_words.ADMITTED.items()]
        self.grade_least.choices = [("", _l("None asked for")), *((grade, grade) for grade in GRADES if grade)]
        self.tiers.choices = [SelectChoice(tier.key, club_member_words.name(tier)) for tier in tiers]
        return self

    def draft(self, kinds: list[TicketKind]) -> Draft:
        """What was typed, with the kinds of tickets that are there already. Raises Refusal where a price or a zone is none."""
        zone = str(self.zone.data).strip()
        if zone not in zones():
            raise Refusal("there is no time zone %(zone)s", zone=zone)
        start, end = (_moment(self.day.data, of.data, zone) for of in (self.begins, self.ends))
        return Draft(
            title=self.title.data.strip(),
            title_en=(self.title_en.data or "").strip(),
            about=self.about.data.strip(),
            about_en=(self.about_en.data or "").strip(),
            host=(self.host.data or "").strip(),
            zone=zone,
            capacity=self.capacity.data,
            party_most=self.party_most.data,
            hold_minutes=self.hold_minutes.data,
            sales_end_at=_moment(self.sales_day.data, self.sales_time.data, zone),
            when=(When(start, end, (self.venue.data or "").strip(), (self.address.data or "").strip(), (self.online_url.data or "").strip()),),
            kinds=tuple(self._kind(place, kinds) for place in ROWS if (self[f"kind_{place}"].data or "").strip()),
            policy=[{"hours": self[f"hours_{n}"].data, "percent": self[f"percent_{n}"].data} for n in (1, 2) if None not in (self[f"hours_{n}"].data, self[f"percent_{n}"].data)],
            education_only=bool(self.education_only.data),
            tiers=tuple(self.tiers.data or ()),
            admitted=tuple(self.admitted.data or ()),
            grade_least=self.grade_least.data or "",
        )

    def _kind(self, place: int, kinds: list[TicketKind]) -> Kind:
        try:
            price = parse_yuan((self[f"price_{place}"].data or "").strip().replace(",", ""))
        except ValueError as error:
            raise Refusal("an amount is written like 1200.00") from error
        old = kinds[place - 1] if place <= len(kinds) else None
        name, name_en = self[f"kind_{place}"].data.strip(), (self[f"kind_{place}_en"].data or "").strip()
        return Kind(name, name_en, price, old.capacity if old else None, old.id if old else None)


def filled(event: ClubEvent, row: ClubSession, kinds: list[TicketKind]) -> dict[str, object]:
    """An event as its form shows it."""
    zone = ZoneInfo(event.zone)
    start, end, sales = (moment.astimezone(zone) for moment in (row.starts_at, row.ends_at, event.sales_end_at))
    plain = ("title", "title_en", "about", "about_en", "host", "zone", "capacity", "party_most", "hold_minutes", "education_only", "tiers", "admitted", "grade_least", "version")
    values: dict[str, object] = {name: getattr(event, name) for name in plain} | {name: getattr(row, name) for name in ("venue", "address", "online_url")}
    values |= {"day": start.date(), "begins": start.time(), "ends": end.time(), "sales_day": sales.date(), "sales_time": sales.time()}
    for place, kind in enumerate(kinds[: len(ROWS)], 1):
        values |= {f"kind_{place}": kind.name, f"kind_{place}_en": kind.name_en, f"price_{place}": yuan(kind.price)}
    brackets = [*event.policy, {"hours": None, "percent": None}, {"hours": None, "percent": None}][:2]
    for place, bracket in enumerate(brackets, 1):
        values |= {f"hours_{place}": bracket["hours"], f"percent_{place}": bracket["percent"]}
    return values


def _moment(day: date, at: time, zone: str) -> datetime:
    """A moment that somebody wrote down by the clock of a place."""
    return datetime.combine(day, at.replace(tzinfo=None), ZoneInfo(zone)).astimezone(UTC)
