"""Client segments: whoever meets the conditions, beside a second way to find them; saved, shared, and never showing whom one may not see."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, true

from models import db
from models.care import Contact
from models.clients import Account
from models.club import Booking, CheckIn, Seat, TicketKind
from models.identity import Role
from models.partners import Staff
from models.segments import ClientSegment
from models.values.months import months_later
from portal.clients.segment_keeping import counted, members
from portal.clients.segments import AsOf, Conditions
from portal.refusals import Refusal
from portal.settlement import windows
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.club.scene import event_of
from tests.rooms.pages.firm import settle_in

SETTLED = date(2026, 3, 31)
AT = datetime(2026, 4, 1, 4, tzinfo=UTC)
AS_OF = AsOf(date(2026, 4, 1), AT, SETTLED)


@dataclass
class Known:
    """A client as the second way knows him; amounts in fen."""

    kind: str = "person"
    opened: date | None = date(2020, 1, 2)
    equity: int | None = None
    fee: int = 0
    traded: date | None = None
    spoken: date | None = None
    events: int = 0
    trades: list[tuple[date, int]] = field(default_factory=list)


CLIENTS = {
    "10001": Known(opened=date(2026, 3, 1), equity=500_000, trades=[(date(2026, 3, 31), 300)], spoken=date(2026, 3, 30), events=2),
    "10002": Known(kind="institution", equity=900_000_000, trades=[(date(2026, 1, 5), 7_000), (date(2026, 3, 2), 100)], spoken=date(2025, 12, 1)),
    "10003": Known(opened=date(2025, 4, 1), equity=0, trades=[(date(2026, 1, 5), 50)], events=1),
    "10004": Known(equity=-100),
    "10005": Known(opened=None, spoken=date(2026, 1, 15)),
}


def meets(client: Known, wanted: Conditions) -> bool:
    """The second way: one client, one condition after the other."""
    equity, fee = client.equity or 0, sum(paid for day, paid in client.trades if day > SETTLED - timedelta(days=365))
    traded, spoken = max((day for day, _paid in client.trades), default=date.min), client.spoken or date.min
    ago = lambda day: (AS_OF.day - day).days  # noqa: E731
    held = {
        "equity_from": lambda least: equity >= least,
        "equity_to": lambda most: equity <= most,
        "kind": lambda kind: client.kind == kind,
        "age_from": lambda months: client.opened is not None and client.opened <= months_later(AS_OF.day, -months),
        "age_to": lambda months: client.opened is not None and client.opened > months_later(AS_OF.day, -months - 1),
        "fee_from": lambda least: fee >= least,
        "fee_to": lambda most: fee <= most,
        "no_trade_for": lambda days: ago(traded) >= days,
        "traded_within": lambda days: ago(traded) < days,
        "no_contact_for": lambda days: ago(spoken) >= days,
        "contacted_within": lambda days: ago(spoken) < days,
        "events_from": lambda least: client.events >= least,
    }
    return all(held[name](value) for name, value in wanted.kept().items())


EACH = {
    "equity_from": (-100, 0, 1, 500_000, 500_001),
    "equity_to": (-101, -100, -1, 0, 500_000),
    "kind": ("person", "institution"),
    "age_from": (0, 1, 12, 13),
    "age_to": (0, 1, 12),
    "fee_from": (0, 1, 50, 300, 7_100),
    "fee_to": (0, 50, 299, 7_100),
    "no_trade_for": (1, 2, 30, 31, 86, 87),
    "traded_within": (1, 2, 30, 31, 87),
    "no_contact_for": (3, 76, 77, 121, 122),
    "contacted_within": (3, 77, 122),
    "events_from": (0, 1, 2, 3),
}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The five clients, with a corrected day, a contact that was corrected away, and a check-in that was taken back."""
    folder = tmp_path / "files"
    with app.app_context():
        make.firm(folder, CLIENTS)
        rows = [
            f"{no},C{no},Client {no},{one.kind},990000197{no}00,19920000001,,01,{one.opened or ''},,C4,"
            for no, one in CLIENTS.items()
        ]  # fmt: skip
        make.write(folder, "accounts", rows)
        make.write(folder, "attributions", [])
        made = sorted({day for one in CLIENTS.values() for day, _fee in one.trades} | {SETTLED})
        for day in made:
            trades = [(no, "SHFE", "rb", "1", "1000.00", f"{(fee + 100) / 100:.2f}", "1.00") for no, one in CLIENTS.items() for on, fee in one.trades if on == day]
            fees = {row[0]: round(float(row[5]) * 100) for row in trades}
            held = {no: (f"{(one.equity + fees.get(no, 0)) / 100:.2f}", "0.00") for no, one in CLIENTS.items() if one.equity is not None}
            make.day(folder, str(day), held, trades)
        make.accepted(folder)
        staff = db.session.execute(select(Staff.id)).scalar_one()
        ids = {no: key for key, no in db.session.execute(select(Account.id, Account.account_no))}
        with transaction():
            for no, one in CLIENTS.items():
                if one.spoken:
                    db.session.add(_contact(ids[no], staff, one.spoken))
            gone = _contact(ids["10004"], staff, date(2026, 3, 31))
            db.session.add(gone)
            db.session.flush()
            db.session.add(_contact(ids["10004"], staff, date(2026, 3, 31), outcome="no_answer", replaces_id=gone.id))
        _evenings(someone(app, Role.CLIENT, client_no="C10001"))
        db.session.remove()
    return app


def _contact(account: int, staff: int, day: date, **more: object) -> Contact:
    at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
    told = {"outcome": "reached", "channel": "call", "note": "", "recorded_at": at, **more}
    return Contact(account_id=account, staff_id=staff, at=at, **told)


def _evenings(user_id: int) -> None:
    """10001 came to two evenings, 10003 to one; his second check-in was taken back, and a guest of 10002 came without him."""
    for name, came in (("one", ("10001", "10003")), ("two", ("10001", "-10003", "+10002"))):
        evening = event_of(name)
        with transaction():
            kind = db.session.execute(select(TicketKind.id).where(TicketKind.event_id == evening)).scalars().first()
            for whom in came:
                number = whom.lstrip("+-")
                told = {"event_id": evening, "ticket_kind_id": kind, "state": "granted", "seats": 1, "price": 0, "amount": 0, "policy": {}, "ended_why": ""}
                booking = Booking(public_id=f"{name}{number}", person=f"client:{number}", user_id=user_id, client_no=f"C{number}", starts_at=AT, created_at=AT, **told)
                db.session.add(booking)
                db.session.flush()
                sat = Seat(booking_id=booking.id, event_id=evening, position=int(whom[0] == "+"), name="x", code=f"{name}{number}", consent_edition="")
                db.session.add(sat)
                db.session.flush()
                for place, undo in enumerate((False, True) if whom[0] == "-" else (False,)):
                    at = AT - timedelta(days=9) + timedelta(minutes=place)
                    told = {"at": at, "recorded_at": at, "desk": "", "actor_label": "", "scan_key": f"{name}{number}{place}"}
                    db.session.add(CheckIn(event_id=evening, seat_id=sat.id, undo=undo, **told))


def found(wanted: Conditions, as_of: AsOf = AS_OF) -> set[str]:
    return {account.account_no for account, _version, _equity in db.session.execute(members(wanted, true(), as_of))}


def test_whoever_meets_the_conditions_is_in(firm: Flask) -> None:
    with firm.app_context():
        tried = 0
        singles = [(name, value) for name, values in EACH.items() for value in values]
        pairs = [pair for pair in itertools.combinations(singles, 2) if pair[0][0] != pair[1][0]]
        for given in [[one] for one in singles] + [list(pair) for pair in pairs[::7]]:
            wanted = Conditions(**dict(given))
            right = {number for number, one in CLIENTS.items() if meets(one, wanted)}
            assert found(wanted) == right, wanted.kept()
            assert counted(wanted, true(), AS_OF) == (len(right), sum(CLIENTS[number].equity or 0 for number in right))
            tried += bool(right) and len(right) < len(CLIENTS)
        assert tried > 60, "most of them tell clients apart"
        db.session.remove()


def test_what_every_account_came_to_gives_the_same_answer(firm: Flask) -> None:
    """With the window that a job keeps: the same clients; and a window that misses somebody would be noticed."""
    with firm.app_context():
        with transaction():
            window = windows.made()
            assert window is not None
            windows.keep(window)
        rows = windows.of_all(SETTLED, ("account", "fee", "traded_on"))
        assert rows is not None
        assert rows.height > 3
        missed = 0
        for name, value in [(one, value) for one in ("fee_from", "fee_to", "no_trade_for", "traded_within") for value in (*EACH[one], 3650)]:
            wanted = Conditions(**{name: value})
            assert found(wanted, AS_OF._replace(kept=lambda: rows)) == found(wanted), (name, value)
            missed += found(wanted, AS_OF._replace(kept=rows.clear)) != found(wanted)
        assert missed > 5
        db.session.remove()


def test_who_asks_about_one_account_gets_the_same_answer(firm: Flask) -> None:
    with firm.app_context():
        for name, value in [(name, value) for name, values in EACH.items() for value in values]:
            wanted, inside = Conditions(**{name: value}), set()
            for number in CLIENTS:
                alone = AS_OF._replace(among=select(Account.id).where(Account.account_no == number))
                mine = members(wanted, Account.account_no == number, alone)
                inside |= {account.account_no for account, _version, _equity in db.session.execute(mine)}
            assert inside == found(wanted), (name, value)
        db.session.remove()


def test_a_correction_of_a_day_counts(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        assert found(Conditions(fee_from=7_000)) == {"10002"}
        held = {
            no: (f"{((one.equity or 0) + (8_100 if no == '10002' else 150 if no == '10003' else 0)) / 100:.2f}", "0.00") for no, one in CLIENTS.items() if one.equity is not None
        }
        trades = [("10002", "SHFE", "rb", "1", "1000.00", "81.00", "80.00"), ("10003", "SHFE", "rb", "1", "1000.00", "1.50", "1.00")]
        make.accepted(make.day(tmp_path / "again", "2026-01-05", held, trades))
        assert found(Conditions(fee_from=7_000)) == set()
        assert found(Conditions(fee_from=200)) == {"10001", "10002"}
        db.session.remove()


def test_one_question_whatever_is_wanted(firm: Flask) -> None:
    asked: list[str] = []
    with firm.app_context():
        watch = lambda *args: asked.append(args[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", watch)
        counted(Conditions(**{name: values[-1] for name, values in EACH.items() if name not in {"equity_to", "fee_to", "age_to"}}), true(), AS_OF)
        event.remove(db.engine, "before_cursor_execute", watch)
        db.session.remove()
    assert [text[:6] for text in asked if text != "BEGIN"] == ["SELECT"]


@pytest.mark.parametrize(
    "given", [{}, {"kind": "pigeon"}, {"age_from": 5, "age_to": 4}, {"equity_from": 2, "equity_to": 1}, {"no_trade_for": -1}, {"no_trade_for": 99999}, {"events_from": 1001}]
)
def test_what_nobody_can_meet_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        Conditions(**given).checked()  # type: ignore[arg-type]


@pytest.fixture
def two(app: Flask, tmp_path: Path) -> Flask:
    settle_in(app, tmp_path / "two")
    return app


def test_looked_at_saved_used_shared_and_removed(two: Flask) -> None:
    mine = seat(two, someone(two, Role.STAFF, staff_no="S001", branch_no="01", email="s1@firm.example"))
    mate = seat(two, someone(two, Role.STAFF, staff_no="S002", branch_no="01"))
    far = seat(two, someone(two, Role.BRANCH_MANAGER, branch_no="02"))
    looked = mine.get("/segments/new?kind=person&no_contact_for=30")
    assert "客户10001" in looked.text
    assert "客户10002" not in looked.text, "a preview shows whom one may see"
    with two.app_context():
        assert db.session.execute(select(ClientSegment.id)).all() == []
        db.session.remove()
    assert mine.get("/segments/new?equity_from=lots").status_code == 422
    assert post(mine, "/segments", "/me", name="Quiet", shared="nobody").status_code == 422
    made = post(mine, "/segments", "/me", name="Quiet", kind="person", no_contact_for="30", shared="nobody").headers["Location"]
    key = made.rsplit("/", 1)[1]
    assert "10001" in mine.get(f"/care/book?segment={key}&format=csv").text
    assert "Quiet" in mine.get(f"/care/book?segment={key}").text
    assert [who.get(made).status_code for who in (mate, far)] == [404, 404]
    assert post(mine, made, "/me", name="Quiet", kind="person", no_contact_for="30", shared="branch").status_code == 303
    assert [who.get(made).status_code for who in (mate, far)] == [200, 404]
    assert post(mate, made, "/me", name="Mine", kind="person", shared="firm").status_code == 422
    assert post(mine, made, "/me", name="Quiet", kind="person", no_contact_for="30", shared="firm").status_code == 303
    assert far.get(made).status_code == 200
    assert "客户10001" not in far.get(made).text, "a shared segment shares conditions, no clients"
    assert "10002" in far.get(f"/care/book?segment={key}&format=csv").text
    assert "no value for" in far.get("/care/book?segment=nothing").text
    assert post(mate, f"{made}/remove", "/me").status_code == 422
    assert post(mine, f"{made}/remove", "/me").status_code == 303
    assert mine.get(made).status_code == 404
    assert seat(two, someone(two, Role.CLIENT, client_no="C10001")).get("/segments").status_code == 403


def test_every_list_of_care_takes_a_segment(two: Flask) -> None:
    admin = seat(two, someone(two, Role.ADMIN))
    key = post(admin, "/segments", "/me", name="Old", age_from="0", shared="nobody").headers["Location"].rsplit("/", 1)[1]
    for address in ("/care/book", "/care", "/care/contacts", "/care/questions"):
        assert admin.get(f"{address}?segment={key}").text.count("Old") >= 2, f"{address}: to choose, and as a chip"
