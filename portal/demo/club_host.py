"""Around the demonstration firm's events: who does what, what is handed out, a firm on a badge."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from models import db
from models.club import Booking, ClubEvent, ClubSession
from models.club_duties import ClubDuty, DutyKind
from models.partners import Staff, StaffVersion
from portal.club import badges, materials, rota
from portal.club.materials import Given
from portal.club.rota import Turn
from portal.demo.club import CLIENT
from portal.demo.club_past import PAST
from portal.demo.signed_in import acting
from portal.documents.badges import Badge, badges_of
from portal.pages.qr import picture
from portal.partners.here import is_here
from portal.transaction import transaction
from portal.versions import current

NIGHT, MORNING = "copper-night", "basis-morning"
BEFORE = timedelta(minutes=45)


def add_host(moment: datetime) -> int:
    """Give duties at the two next events, and hand something out, where that was not done yet. Returns how many duties there are."""
    if db.session.execute(select(ClubDuty.id).limit(1)).first():
        return 0
    admin = acting("admin@example.com")
    times = {
        row.key: row
        for row in db.session.execute(select(ClubEvent.key, ClubEvent.id, ClubSession.starts_at, ClubSession.ends_at).join(ClubSession, ClubSession.event_id == ClubEvent.id))
    }
    own = acting("staff@example.com").staff_no or ""
    here = current(StaffVersion).where(is_here(times[NIGHT].starts_at.date())).subquery()
    others = list(db.session.execute(select(Staff.staff_no).join(here, here.c.staff_id == Staff.id).where(Staff.staff_no != own).order_by(Staff.staff_no).limit(2)).scalars())
    db.session.rollback()
    kinds = (DutyKind.HOST, DutyKind.DOOR, DutyKind.SPEAKER)
    given = [(NIGHT, staff_no, what) for staff_no, what in zip((own, *others), kinds, strict=False)] + [(MORNING, own, DutyKind.SPEAKER)]
    with transaction():
        for key, staff_no, what in given:
            turn = Turn(what, times[key].starts_at - BEFORE, times[key].ends_at, "提前到场布置" if what is DutyKind.HOST else "")
            rota.give(times[key].id, staff_no, turn, confirmed=False, actor=admin, moment=moment)
    with transaction():
        materials.add(times[MORNING].id, Given("豆粕基差图（晨会前阅读）", "booked", "https://meet.example.com/basis/charts"), actor=admin, moment=moment)
        if PAST in times:
            materials.add(times[PAST].id, Given("春季套保沙龙：课件", "came", file_name="slides.pdf", content=_slides(moment)), actor=admin, moment=moment)
    _badge(times[MORNING].id, moment)
    return len(given)


def _slides(moment: datetime) -> bytes:
    """A small PDF that is one: a sheet as the portal prints it."""
    return badges_of("春季套保沙龙", "", [Badge("套期保值三步法", "先锁利润，再谈行情", "课件", "01", picture("https://example.com", size=4))], moment, "zh")


def _badge(event_id: int, moment: datetime) -> None:
    """The client of the printed sign-ins has his firm on the badge."""
    client = acting(CLIENT)
    found = db.session.execute(select(Booking.public_id).where(Booking.event_id == event_id, Booking.user_id == client.user_id)).scalar()
    db.session.rollback()
    if found is not None:
        with transaction():
            badges.say(found, 0, "华东铜业 · 采购部", actor=client, moment=moment)
