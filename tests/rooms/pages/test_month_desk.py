"""A month from its days to its brokers, through the pages: two persons, a correction, an adjustment, publication, notices."""

from __future__ import annotations

import html
import re
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from models import db
from models.audit import Approval, AuditEntry
from models.commission import Adjustment, CommissionRun, MonthClose, RunStatement
from models.identity import Role
from models.notices import Notice
from models.publication import StatementPublication, StatementSeen, StatementTold
from models.settlement import ImportRun
from portal.commission import blocks, checks
from portal.commission.month import quiet
from portal.jobs.refresh import refresh
from portal.jobs.worker import Worker
from portal.transaction import transaction
from tests import make, remembered
from tests.people import post, seat, someone
from tests.rooms.pages.test_imports_desk import hand_in, result_of

FEBRUARY, MARCH = "2026-02", "2026-03"
MONTH = f"/commission/months/{MARCH}"


def text_of(page: str) -> str:
    """A page's words, as they are read."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def digest_in(page: str) -> str:
    """The digest that a form of a page sends along."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def approve(client: FlaskClient, number: int) -> int:
    """Open an approval and approve it; returns the status."""
    page = f"/approvals/{number}"
    return post(client, f"{page}/approve", page=page, digest=digest_in(client.get(page).text)).status_code


def waiting(app: Flask) -> int:
    """The newest approval that waits."""
    with app.app_context():
        found = db.session.execute(select(func.max(Approval.id)).where(Approval.state == "waiting")).scalar_one()
        db.session.remove()
    return int(found)


def rows(app: Flask, model: type) -> int:
    with app.app_context():
        found = db.session.execute(select(func.count()).select_from(model)).scalar_one()
        db.session.remove()
    return int(found)


def preview(app: Flask) -> None:
    with app.app_context():
        refresh(quiet)
        db.session.remove()


def close(app: Flask, period: str, first: FlaskClient, second: FlaskClient) -> None:
    """Two persons close a month through the pages, accepting by name what is not mended."""
    page = f"/commission/months/{period}/close"
    shown = first.get(page).text
    accept = re.findall(r'name="accept" value="(\w+)"', shown)
    answer = post(first, f"/commission/months/{period}/prepare", page=page, digest=digest_in(shown), typed=period, accept=accept)
    assert answer.status_code == 303, answer.text
    assert approve(second, waiting(app)) == 303


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Path:
    return prepared(app, tmp_path)


def prepared(app: Flask, tmp_path: Path) -> Path:
    """A firm with a day of February and one of March; both months are previewed. Its files."""
    remembered.begin(app, tmp_path / "firm", _prepare)
    return tmp_path / "firm"


def _prepare(app: Flask, folder: Path) -> None:
    make.firm(folder)
    make.day(folder, "2026-02-27", {"10001": ("0.00", "90000.00"), "10002": ("0.00", "0.00")}, [("10001", "SHFE", "rb", "3", "100000.00", "3000.00", "1000.00")])
    make.day(folder, "2026-03-02", {"10001": ("87000.00", "0.00"), "10002": ("0.00", "0.00")}, [("10001", "SHFE", "rb", "3", "100000.00", "5000.00", "1000.00")])
    with app.app_context():
        make.accepted(folder)
        db.session.remove()
    preview(app)


@pytest.fixture
def one(app: Flask) -> FlaskClient:
    return seat(app, someone(app, Role.FINANCE, email="one@firm.example"))


@pytest.fixture
def two(app: Flask) -> FlaskClient:
    return seat(app, someone(app, Role.FINANCE, email="two@firm.example"))


@pytest.fixture
def broker(app: Flask) -> FlaskClient:
    return seat(app, someone(app, Role.BROKER, broker_no="B001"))


@pytest.mark.usefixtures("firm")
def test_a_month_goes_from_its_days_to_its_brokers(app: Flask, one: FlaskClient, two: FlaskClient, broker: FlaskClient, tmp_path: Path) -> None:
    assert "Close 2026-02 first" in text_of(one.get(MONTH).text)
    close(app, FEBRUARY, one, two)
    correct_february(app, one, tmp_path)
    preview(app)
    corrections = text_of(one.get(f"{MONTH}/corrections").text)
    assert "A settled day was corrected 2026-02-27 · version 2" in corrections
    assert "2026-02 B001 2026-02-27 1 -¥250.00" in corrections
    look_over_and_adjust(app, one, two)
    assert "Final" not in text_of(broker.get(f"/commission/statements/{MARCH}/B001").text)
    close(app, MARCH, one, two)
    provisional = text_of(broker.get(f"/commission/statements/{MARCH}/B001").text)
    assert "Provisional" in provisional
    assert "Closed" not in provisional
    publish_and_tell(app, one, broker)
    assert "Nothing is left to do" in one.get(MONTH).text
    with app.app_context():
        row = db.session.execute(select(RunStatement).join(MonthClose, MonthClose.run_id == RunStatement.run_id).where(MonthClose.period == MARCH)).scalar_one()
        assert (row.earned, row.corrections, row.adjustments, row.payable) == (200_000, -25_000, -10_000, 165_000)
        db.session.remove()


def correct_february(app: Flask, one: FlaskClient, folder: Path) -> None:
    """A higher exchange fee for February: the preview says what it moves before it is brought in."""
    preview(app)
    files = make.write(folder / "again", "trades-2026-02-27", ["2026-02-27,10001,SHFE,rb,3,100000.00,3000.00,1500.00"], make.TRADE)
    shown = result_of(app, one, hand_in(one, files))
    said = text_of(one.get(shown).text)
    assert "What moves in 2026-03 1 broker; payable together -¥250.00" in said
    assert "B001 ¥2,000.00 ¥0.00 -¥250.00 ¥2,000.00 ¥1,750.00" in said
    assert "2026-03,B001,2000.00,2000.00,0.00,-250.00,2000.00,1750.00" in one.get(f"{shown}/moves").get_data(as_text=True)
    work = post(one, f"{shown}/bring-in", page="/imports").headers["Location"]
    result_of(app, one, work)


def look_over_and_adjust(app: Flask, one: FlaskClient, two: FlaskClient) -> None:
    looked = one.get(f"{MONTH}/look").text
    assert "Payable was ¥1,000.00 and is ¥1,750.00." in text_of(looked)
    assert post(one, f"{MONTH}/mark", page=f"{MONTH}/look", step="look", digest=digest_in(looked), note="fine").status_code == 303
    fields = {"broker_no": "B001", "amount": "-100.00", "reason": "penalty", "note": "late papers", "evidence": "case 7"}
    effect = post(one, f"{MONTH}/adjustments", page=f"{MONTH}/adjustments", **fields)
    assert "Payable ¥1,750.00 ¥1,650.00" in text_of(effect.text)
    assert "Net ¥1,560.00 ¥1,480.00" in text_of(effect.text)
    assert rows(app, Adjustment) == 0
    assert post(one, f"{MONTH}/adjustments", page=f"{MONTH}/adjustments", do="prepare", **fields).status_code == 303
    assert "1 thing waits for a second person and could change this month" in text_of(one.get(MONTH).text)
    number = waiting(app)
    assert post(one, f"/approvals/{number}/approve", page=f"/approvals/{number}", digest="0" * 64).status_code == 403
    assert approve(two, number) == 303
    assert rows(app, Adjustment) == 1
    preview(app)


def publish_and_tell(app: Flask, one: FlaskClient, broker: FlaskClient) -> None:
    page = f"{MONTH}/publication"
    digest = digest_in(one.get(page).text)
    assert post(one, f"{MONTH}/publish", page=page, digest="0" * 64).status_code == 409
    assert post(one, f"{MONTH}/notify", page=page).status_code == 409
    assert post(one, f"{MONTH}/publish", page=page, digest=digest).status_code == 303
    assert post(one, f"{MONTH}/publish", page=page, digest=digest).status_code == 409
    assert post(one, f"{MONTH}/notify", page=page).status_code == 303
    assert post(one, f"{MONTH}/notify", page=page).status_code == 409
    assert (rows(app, StatementPublication), rows(app, StatementTold)) == (1, 1)
    with app.app_context():
        told = db.session.scalars(select(Notice).where(Notice.kind == "statement.published")).all()
        assert [(row.link, row.values) for row in told] == [(f"/commission/statements/{MARCH}/B001", {"month": MARCH, "net_fen": 148_000})]
        db.session.remove()
    for _ in range(2):
        assert "Final" in text_of(broker.get(f"/commission/statements/{MARCH}/B001").text)
    one.get(f"/commission/statements/{MARCH}/B001")
    assert rows(app, StatementSeen) == 1
    with app.app_context():
        actions = set(db.session.execute(select(AuditEntry.action)).scalars())
        db.session.remove()
    assert {"month.look", "month.published", "month.told", "statement.seen", "commission.month.close", "adjustments.booked"} <= actions


@pytest.mark.usefixtures("firm")
def test_a_close_is_prepared_only_with_everything_accepted_by_name(app: Flask, one: FlaskClient) -> None:
    page = f"/commission/months/{FEBRUARY}/close"
    digest = digest_in(one.get(page).text)
    target = f"/commission/months/{FEBRUARY}/prepare"
    assert "Settled days are missing" in one.get(page).text
    assert post(one, target, page=page, digest=digest, typed="2026-01", accept="missing_days").status_code == 422
    assert post(one, target, page=page, digest=digest, typed=FEBRUARY).status_code == 422
    assert post(one, target, page=page, digest="0" * 64, typed=FEBRUARY, accept="missing_days").status_code == 422
    assert post(one, target, page=page, digest=digest, typed=FEBRUARY, accept="missing_days").status_code == 303
    assert post(one, f"{MONTH}/prepare", page=page, digest=digest, typed=MARCH, accept="missing_days").status_code == 422, "February is still open"
    assert "Accepted: missing days" in one.get(f"/approvals/{waiting(app)}").text


@pytest.mark.usefixtures("firm")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"broker_no": "B999"}, "there is no broker B999"),
        ({"amount": "0"}, "other than 0"),
        ({"amount": "ten"}, "other than 0"),
        ({"reason": "mood"}, "coded reasons"),
        ({"reason": "other", "note": " "}, "needs a note"),
    ],
)
def test_an_adjustment_that_cannot_be_is_answered(one: FlaskClient, fields: dict[str, str], said: str) -> None:
    given = {"broker_no": "B001", "amount": "1.00", "reason": "goodwill", "note": "", "evidence": ""} | fields
    answer = post(one, f"{MONTH}/adjustments", page=f"{MONTH}/adjustments", **given)
    assert answer.status_code in {404, 422}
    assert said in text_of(answer.text)


@pytest.mark.usefixtures("firm")
def test_a_refused_day_stands_before_the_close_until_a_later_import_solves_it(app: Flask, one: FlaskClient, tmp_path: Path) -> None:
    bad = make.day(tmp_path / "bad", "2026-03-03", {"10001": ("1.00", "0.00"), "10002": ("0.00", "0.00")})
    with app.app_context():
        make.imported(bad)
        assert set(map(str, blocks.open_refusals(date(2026, 3, 1), date(2026, 3, 31)))) == {"2026-03-03"}
        db.session.remove()
    assert "Files of these days were refused and nothing solved it since: 2026-03-03." in text_of(one.get(MONTH).text)
    assert "previous balance" in text_of(one.get("/imports/refusals?state=open&severity=refusal").text)
    good = make.day(tmp_path / "good", "2026-03-03", {"10001": ("82000.00", "0.00"), "10002": ("0.00", "0.00")})
    with app.app_context():
        make.accepted(good)
        assert blocks.open_refusals(date(2026, 3, 1), date(2026, 3, 31)) == {}
        db.session.remove()
    assert "were refused" not in one.get(MONTH).text
    assert "2026-03-03" in text_of(one.get("/imports/refusals?state=solved&day=2026-03-03").text)
    assert "No refusal or warning matches" in one.get("/imports/refusals?state=open&severity=refusal&day=2026-03-03").text


@pytest.mark.usefixtures("firm", "database")
def test_control_sums_that_do_not_agree_are_found() -> None:
    run = db.session.execute(select(CommissionRun).where(CommissionRun.period == MARCH)).scalar_one()
    assert (checks.broken_sums(run), checks.broken_statements(run)) == ([], 0)
    with transaction():
        row = db.session.execute(select(RunStatement).where(RunStatement.run_id == run.id)).scalar_one()
        row.earned += 1
    assert [one.what for one in checks.broken_sums(run)] == ["lines"]
    assert checks.broken_statements(run) == 1


@pytest.mark.usefixtures("firm")
def test_the_days_of_a_month_and_what_a_version_changed(app: Flask, one: FlaskClient, tmp_path: Path) -> None:
    shown = text_of(one.get("/imports/calendar?month=2026-03").text)
    assert "2026-03-01 No trading" in shown
    assert "2026-03-02 Posted 1 2 1 ¥82,000.00" in shown
    assert "2026-03-03 Missing" in shown
    assert one.get("/imports/calendar?month=2026-13").status_code == 404
    files = make.write(tmp_path / "again", "trades-2026-03-02", ["2026-03-02,10001,SHFE,rb,4,100000.00,5000.00,1500.00"], make.TRADE)
    with app.app_context():
        make.accepted(files)
        db.session.remove()
    page = text_of(one.get("/imports/days/2026-03-02").text)
    assert "From version 1 to 2" in page
    assert "10001 SHFE.rb Exchange fee of the product ¥1,000.00 ¥1,500.00 ¥500.00" in page
    assert "10001 SHFE.rb Lots 3 4 1" in page
    listed = one.get("/imports/days/2026-03-02?format=csv").get_data(as_text=True).splitlines()
    assert listed[1:-3] == ["10001,SHFE,rb,trade_exchange_fee,1000.00,1500.00,500.00", "10001,SHFE,rb,trade_lots,3,4,1"]
    assert "Nothing is posted for this day" in one.get("/imports/days/2026-03-04").text
    assert one.get("/imports/days/2026-02-30").status_code == 404


@pytest.mark.usefixtures("firm")
def test_a_preview_of_a_stale_month_does_not_say_what_it_cannot_know(app: Flask, one: FlaskClient, tmp_path: Path) -> None:
    with app.app_context():
        make.accepted(make.day(tmp_path / "more", "2026-03-03", {"10001": ("82000.00", "0.00"), "10002": ("0.00", "0.00")}))
        db.session.remove()
    files = make.write(tmp_path / "again", "trades-2026-03-02", ["2026-03-02,10001,SHFE,rb,3,100000.00,5000.00,1500.00"], make.TRADE)
    assert "was out of date" in text_of(one.get(result_of(app, one, hand_in(one, files))).text)
    assert rows(app, ImportRun) == 3
    assert Worker(app).drain() == 0
