"""The association's monthly report: who is over the limits and not at them, who counts, until when it is due, who may read it."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from models import db
from models.concentration import AssociationSending
from models.identity import Role
from models.notices import Notice
from models.values.calendar import Month
from portal import clock
from portal.actors import TERMINAL
from portal.departures import association, association_sent
from portal.transaction import transaction
from tests import make, remembered
from tests.people import hidden_in, post, seat, someone
from tests.rooms.lists.test_lists import queries

MARCH = Month.parse("2026-03")
LAST = "2026-03-31"


def firm(folder: Path, equities: dict[str, str], attributions: list[str], **more: str) -> Path:
    """Accounts with their equity (yuan) on the last settled day of March; attributions as lines of the file."""
    make.firm(folder, equities, ("B001", "B002", "B003"))
    make.write(folder, "attributions", attributions)
    for number, client in more.items():
        make.edit(folder / "accounts.csv", f"{number[1:]},C{number[1:]},", f"{number[1:]},{client},")
    make.day(folder, LAST, {number: (equity, "0.00") for number, equity in equities.items()})
    make.accepted(folder)
    return folder


def span(account: str, broker: str, share: str = "100", state: str = "confirmed", end: str = "") -> str:
    return f"{account},{broker},{share},{state},2025-01-02,{end},{'2025-01-02' if state == 'confirmed' else ''}"


def told() -> list[tuple[str, int, int]]:
    found = association.report(MARCH)
    assert found is not None
    return [(row["broker_no"], row["clients"], row["equity"]) for row in found.rows.to_dicts()]


def test_over_the_limits_and_not_at_them(app: Flask, tmp_path: Path) -> None:
    """B001 has 21 clients with 100.00 each; B002 20 clients with 100,000.00 each, which is 2,000,000.00: at both limits; B003 one client with
    2,000,000.01."""
    many = {str(10_000 + place): "100.00" for place in range(21)} | {str(20_000 + place): "100000.00" for place in range(20)} | {"30000": "2000000.01"}
    owner = {"1": "B001", "2": "B002", "3": "B003"}
    with app.app_context():
        firm(tmp_path / "files", many, [span(number, owner[number[0]]) for number in many])
        assert told() == [("B003", 1, 200_000_001), ("B001", 21, 210_000)]
        found = association.report(MARCH)
        assert found is not None
        assert (found.settled, found.due_on) == (date(2026, 3, 31), date(2026, 4, 22))  # 6 April is Qingming: no trading day
        assert association.report(Month.parse("2026-02")) is None
        db.session.remove()


def test_who_counts(app: Flask, tmp_path: Path) -> None:
    """A shared client counts whole for both; one client with two accounts is one; a pending attribution, one that ended, and a client who is gone do not count."""
    rich = dict.fromkeys(("10001", "10002", "10003", "10004", "10005"), "1500000.00")
    spans = [span("10001", "B001", "60"), span("10001", "B002", "40"), span("10002", "B001"), span("10003", "B002", state="pending")]
    spans += [span("10004", "B003", end="2026-03-31"), span("10005", "B003")]
    with app.app_context():
        firm(tmp_path / "files", rich, spans, n10002="C10001")
        assert told() == [("B001", 1, 300_000_000)]
        db.session.remove()


@pytest.fixture
def small(app: Flask, tmp_path: Path) -> Flask:
    remembered.begin(app, tmp_path / "files", _small)
    return app


def _small(app: Flask, folder: Path) -> None:
    with app.app_context():
        firm(folder, {"10001": "3000000.00", "10002": "10.00"}, [span("10001", "B001"), span("10002", "B002")])
        db.session.remove()


def test_the_page_and_its_file(small: Flask) -> None:
    page = seat(small, someone(small, Role.COMPLIANCE)).get("/association?month=2026-03")
    assert page.status_code == 200
    for words in ("2026-04-22", "Broker B001", "3,000,000.00", "natural person", "overdue"):
        assert words in page.text, words
    assert "Broker B002" not in page.text
    lines = seat(small, someone(small, Role.AUDITOR, email="b@firm.example")).get("/association?month=2026-03&format=csv").text.lstrip("\ufeff").splitlines()
    assert lines[0] == "Broker,Name,Kind,Licence,Branch,Clients,Clients’ equity"
    assert lines[1] == "B001,Broker B001,natural person,FB001,01,1,3000000.00"


@pytest.mark.parametrize(("month", "status"), [("2026-13", 422), ("yesterday", 422), ("2019-01", 404), ("", 200)])
def test_odd_months_are_answered(small: Flask, month: str, status: int) -> None:
    assert seat(small, someone(small, Role.ADMIN)).get(f"/association?month={month}").status_code in ({status} if status != 422 else {400, 422})


@pytest.mark.parametrize(("role", "numbers"), [(Role.BROKER, {"broker_no": "B001"}), (Role.CLIENT, {"client_no": "C10001"}), (Role.STAFF, {"staff_no": "S001", "branch_no": "01"})])
def test_it_is_not_for_everybody(small: Flask, role: Role, numbers: dict[str, str]) -> None:
    assert seat(small, someone(small, role, **numbers)).get("/association").status_code == 403


def test_before_the_first_day_it_says_so(app: Flask) -> None:
    assert "No day is settled yet" in seat(app, someone(app, Role.ADMIN)).get("/association").text


AT = "/association/sent"
SENT = {"month": "2026-03", "sent_on": "2026-04-10", "through": "reporting system", "receipt_no": "R-77"}


def digest(client: FlaskClient, month: str = "2026-03") -> str:
    return hidden_in(client.get(f"{AT}/new?month={month}").text, "digest")


def recorded(app: Flask) -> list[tuple[str, int, str, str, str]]:
    with app.app_context():
        query = select(AssociationSending.period, AssociationSending.place, AssociationSending.through, AssociationSending.receipt_no, AssociationSending.recorded_label)
        found = [tuple(row) for row in db.session.execute(query.order_by(AssociationSending.id))]
        db.session.remove()
    return found


def test_what_was_sent_is_kept_and_its_corrections_are_shown(small: Flask, tmp_path: Path) -> None:
    """The file as sent has the digest that is recorded; when the books change afterwards the page says where, and a correction is another sending."""
    desk = seat(small, someone(small, Role.COMPLIANCE, email="desk@firm.example"))
    assert "Nothing is recorded as sent" in desk.get("/association?month=2026-03").text
    was = digest(desk)
    assert hashlib.sha256(desk.get(f"{AT}/file?month=2026-03").data).hexdigest() == was
    assert post(desk, f"{AT}/new", "/me", **SENT, digest="0" * 64).status_code == 409, "not what was looked at"
    assert post(desk, f"{AT}/new", "/me", **SENT, digest=was).status_code == 303
    assert post(desk, f"{AT}/new", "/me", **SENT, digest=was).status_code == 409, "nothing is to be corrected"
    page = desk.get("/association?month=2026-03").text
    for words in ("R-77", "reporting system", was[:16], "The books say the same"):
        assert words in page, words
    with small.app_context():
        folder = make.firm(tmp_path / "again", {"10001": "", "10002": ""}, ("B001", "B002", "B003"))
        make.day(folder, LAST, {"10001": ("3000000.00", "1.00"), "10002": ("2000000.01", "0.00")})
        make.accepted(*sorted(folder.glob("*2026*")))
        db.session.remove()
    page = desk.get("/association?month=2026-03").text
    for words in ("the books changed in 2 lines", "3000000.00", "3000001.00", "new in the report", "Record a correction as sent"):
        assert words in page, words
    again = digest(desk)
    assert again != was
    assert post(desk, f"{AT}/new", "/me", **{**SENT, "receipt_no": "R-78"}, digest=again).status_code == 303
    assert recorded(small) == [("2026-03", place, "reporting system", receipt, "desk@firm.example") for place, receipt in ((1, "R-77"), (2, "R-78"))]
    with small.app_context():
        first = db.session.execute(select(AssociationSending).order_by(AssociationSending.id)).scalars().first()
        key, content = first.id, first.content
        assert hashlib.sha256(content).hexdigest() == first.digest == was
        db.session.remove()
    assert desk.get(f"{AT}/{key}/file").data == content == b"broker_no,name,kind,licence_no,branch_no,clients,equity_yuan\nB001,Broker B001,person,FB001,01,1,3000000.00\n"
    assert desk.get(f"{AT}/987654/file").status_code == 404
    listed = desk.get(f"{AT}?format=csv").text.lstrip("\ufeff").splitlines()
    assert listed[1] == f"2026-03,2026-04-22,sent,2026-04-10,reporting system,R-77,{was},desk@firm.example,1"


def test_what_was_recorded_is_not_edited(small: Flask) -> None:
    desk = seat(small, someone(small, Role.ADMIN))
    post(desk, f"{AT}/new", "/me", **SENT, digest=digest(desk))
    with small.app_context():
        with pytest.raises(DBAPIError), transaction():
            db.session.execute(update(AssociationSending).values(receipt_no="R-1"))
        db.session.remove()
    assert recorded(small)[0][3] == "R-77"


@pytest.mark.parametrize(
    "wrong", [{"sent_on": "2026-03-31"}, {"sent_on": "2999-01-01"}, {"sent_on": "soon"}, {"through": ""}, {"receipt_no": " "}, {"receipt_no": "x" * 121}, {"month": "2026-13"}]
)
def test_what_cannot_be_so_is_refused(small: Flask, wrong: dict[str, str]) -> None:
    desk = seat(small, someone(small, Role.ADMIN))
    assert post(desk, f"{AT}/new", "/me", **{**SENT, **wrong}, digest=digest(desk)).status_code == 422
    assert recorded(small) == []


def test_a_month_that_is_not_over_is_not_sent(small: Flask) -> None:
    with time_machine.travel(datetime(2026, 3, 31, 12, tzinfo=UTC), tick=False):  # 20:00 in Shanghai: its last day
        desk = seat(small, someone(small, Role.ADMIN))
        assert post(desk, f"{AT}/new", "/me", **{**SENT, "sent_on": "2026-03-31"}, digest=digest_of(small)).status_code == 422
        assert "month not over" in desk.get(AT).text
    assert recorded(small) == []


def digest_of(app: Flask) -> str:
    with app.app_context():
        found = association.report(MARCH)
        assert found is not None
        told_as = association_sent.digest_of(association_sent.file_of(found))
        db.session.remove()
    return told_as


def reminded(app: Flask, on: date) -> tuple[int, list[str]]:
    """Remind on a day: of how many reports, and the kinds of all notices so far."""
    with app.app_context():
        with transaction():
            count = association_sent.remind(on, TERMINAL, clock.now())
        kinds = list(db.session.execute(select(Notice.kind).order_by(Notice.id)).scalars())
        db.session.remove()
    return count, kinds


def test_it_is_reminded_once_before_and_once_after_the_day(small: Flask) -> None:
    """Due on 22 April: nobody is told on the 16th, on the 17th everybody who may send is, and again on the 23rd; on the 22nd it is not overdue."""
    someone(small, Role.COMPLIANCE)
    someone(small, Role.AUDITOR)
    days = [(16, 0, []), (17, 1, ["association.due"]), (18, 0, ["association.due"]), (22, 0, ["association.due"]), (23, 1, ["association.due", "association.overdue"])]
    for day, count, kinds in days:
        assert reminded(small, date(2026, 4, day)) == (count, kinds), day
    assert reminded(small, date(2026, 4, 24))[0] == 0
    admin = seat(small, someone(small, Role.ADMIN))
    assert "overdue" in admin.get("/association?month=2026-03").text
    post(admin, f"{AT}/new", "/me", **SENT, digest=digest(admin))
    assert "sent" in admin.get(AT).text


def test_who_has_sent_is_not_reminded(small: Flask) -> None:
    admin = seat(small, someone(small, Role.ADMIN))
    post(admin, f"{AT}/new", "/me", **{**SENT, "sent_on": "2026-04-23"}, digest=digest(admin))
    assert reminded(small, date(2026, 4, 23)) == (0, [])
    assert "sent late" in admin.get(AT).text
    assert queries(small, admin, AT) <= 12


@pytest.mark.parametrize(("role", "reads", "sends"), [(Role.AUDITOR, 200, 403), (Role.FINANCE, 403, 403), (Role.BRANCH_MANAGER, 403, 403), (Role.BROKER, 403, 403)])
def test_who_reads_and_who_sends(small: Flask, role: Role, reads: int, sends: int) -> None:
    client = seat(small, someone(small, role))
    assert [client.get(path).status_code for path in (AT, f"{AT}/file?month=2026-03", f"{AT}/new?month=2026-03")] == [reads, reads, sends]
    assert post(client, f"{AT}/new", "/me", **SENT, digest="0" * 64).status_code == 403
