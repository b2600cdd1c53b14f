"""Handouts of an event: for whom they are, that each is told of once, counted, and gone when removed."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from flask import Flask
from sqlalchemy import func, select

from models import db
from models.club import Seat
from models.club_after import ClubMaterialFile
from models.identity import Role
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL
from portal.club import capacity, door, materials
from portal.club.events import Kind
from portal.club.materials import Counted, Given
from portal.handed_in import LARGEST, kind_of
from portal.refusals import Conflict, NotFound, Refusal
from portal.transaction import transaction
from tests.people import post, seat, someone
from tests.rooms.club.scene import book, booking_of, clients, event_of

FREE = (Kind("免费席", "Free seat", 0),)
PDF = b"%PDF-1.7\nslides\n%%EOF\n"


def packed(*names: str) -> bytes:
    """An archive with such members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (PDF, "application/pdf"),
        (packed("[Content_Types].xml", "ppt/presentation.xml"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"%PDF-1.7 /JavaScript %%EOF", "a script or another file"),
        (packed("ppt/presentation.xml", "ppt/vbaProject.bin"), "without macros"),
        (packed("run.exe"), "none of a whole PDF"),
        (b"%PDF-1.7 cut off", "none of a whole PDF"),
        (b"<html>", "none of a whole PDF"),
        (PDF + b"x" * LARGEST, "larger than"),
    ],
)
def test_a_file_is_known_by_its_bytes(content: bytes, found: str) -> None:
    """What is taken, and why the rest is not."""
    try:
        assert kind_of(content) == found
    except Refusal as refusal:
        assert found in refusal.message  # noqa: PT017 - either answer is one of the table


def add(event_id: int, handed_to: str, **more: str | bytes) -> str:
    with transaction():
        return materials.add(event_id, Given(**{"title": "课件", "handed_to": handed_to, "content": PDF} | more), actor=TERMINAL, moment=clock.now()).public_id


@pytest.mark.usefixtures("database")
def test_what_is_for_those_who_came_only_they_open_and_are_told_of_once(app: Flask) -> None:
    """One came, one did not: the slides are for the first alone, the link for both; one notice each, however often it is asked; opened twice counts two."""
    night, [came, stayed, stranger] = event_of(kinds=FREE), clients(app, 3)
    first, second = book(night, came), book(night, stayed)
    code = db.session.execute(select(Seat.code).where(Seat.booking_id == booking_of(first).id)).scalar_one()
    with transaction():
        door.check_in(capacity.locked(night), code, at=clock.now(), desk="1", scan_key="one", actor=TERMINAL, moment=clock.now())
    slides, link = add(night, "came"), add(night, "booked", content=b"", address="https://example.com/recording")
    seen = {key: [row.public_id for row in materials.of_booking(booking_of(key))] for key in (first, second)}
    assert seen == {first: [slides, link], second: [link]}
    with transaction():
        assert materials.tell(night, actor=TERMINAL, moment=clock.now()) == 2
    with pytest.raises(Conflict, match="told of what is there"), transaction():
        materials.tell(night, actor=TERMINAL, moment=clock.now())
    assert db.session.execute(select(func.count()).where(Notice.kind == "club.materials")).scalar_one() == 2
    for _time in range(2):
        with transaction():
            assert materials.open_(slides, actor=came, moment=clock.now())[1] == PDF
    for who, what in ((stayed, slides), (stranger, link)):
        with pytest.raises(NotFound), transaction():
            materials.open_(what, actor=who, moment=clock.now())
    assert {row.public_id: materials.counts([row])[row.id] for row in materials.of_event(night)} == {slides: Counted(2, 1), link: Counted()}, "also what nobody opened"
    with transaction():
        materials.remove(slides, actor=TERMINAL, moment=clock.now())
    with pytest.raises(NotFound), transaction():
        materials.open_(slides, actor=came, moment=clock.now())
    assert db.session.execute(select(func.count()).select_from(ClubMaterialFile)).scalar_one() == 0
    for wrong in ({"content": b""}, {"address": "https://example.com"}, {"content": b"", "address": "http://example.com"}, {"handed_to": "all"}, {"title": "x"}):
        with pytest.raises(Refusal):
            add(night, **{"handed_to": "came"} | wrong)


def test_slides_are_put_there_and_saved_by_their_pages(app: Flask) -> None:
    """The desk hands a file in; who has a seat finds it beside the ticket and saves it; a look precedes the removal."""
    desk, [client] = someone(app, Role.ADMIN), clients(app, 1)
    with app.app_context():
        mine = book(event_of(kinds=FREE), client)
        db.session.remove()
    keeper, holder, at = seat(app, desk), seat(app, client.user_id or 0), "/club/events/night/materials"
    assert "Nothing is handed out" in keeper.get(at).text
    made = post(keeper, at, at, title="课件", handed_to="booked", file=(io.BytesIO(PDF), "x.exe"))
    assert made.status_code == 303
    assert "课件" in keeper.get(at).text, "there is something that nobody has opened yet"
    told = post(keeper, f"{at}/tell", at)
    assert told.status_code == 303
    [address] = re.findall(r'href="(/club/materials/[\w-]+)"', holder.get(f"/club/bookings/{mine}").text)
    saved = holder.get(address)
    assert (saved.data, saved.mimetype, saved.headers["Content-Disposition"][:16]) == (PDF, "application/pdf", "attachment; file")
    look = keeper.get(f"{address}/remove").text
    assert "deleted for good" in look
    assert post(keeper, f"{address}/remove", f"{address}/remove").status_code == 303
    assert holder.get(address).status_code == 404
    assert post(keeper, at, at, title="课件", handed_to="booked", address="ftp://x").status_code == 422
