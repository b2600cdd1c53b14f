"""Who leaves takes whom along: each account once, by the path that leads to it on that day, and what is at stake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, select

from models import db
from models.audit import AuditEntry
from models.care import Contact
from models.clients import Account
from models.identity import Role
from models.partners import Staff
from models.risk import RiskModel, RiskRun, RiskScore
from portal.departures import figures
from portal.departures.at_stake import MANY, Stake, stake
from portal.departures.exposure import exposed, persons
from portal.refusals import NotFound, Refusal
from portal.transaction import transaction
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.people import seat, someone

DAY = date(2026, 3, 31)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """The example of the rules: staff S001 serves 3 clients and manages broker B001 with 5, among them one moved from S001 the day before."""
    remembered.begin(app, tmp_path / "files", _settle_in)
    with app.app_context():
        yield app
        db.session.remove()


def _settle_in(app: Flask, folder: Path) -> None:
    draft = Draft()
    draft.add("branches", branch_no="02", name="营业部2")
    draft.add("staff", staff_no="S002", name="员工2", branch_no="02", email="s2@example.com", joined_on="2025-01-01")
    draft.plan("HALF", [{"kind": "retained_fee", "rate": "0.5"}])
    draft.broker("B001")
    draft.broker("B002").update(branch_no="02", manager_staff_no="S002")
    for broker in ("B001", "B002"):
        draft.agree(broker, "HALF")
    for number in ("1", "2", "3"):
        draft.account(number)
        draft.add("servicing", account_no=number, staff_no="S001", role="servicer", valid_from="2025-01-02")
    for number in ("4", "5", "6", "7"):
        draft.account(number)
        draft.attribute(number, "B001", "100")
    draft.account("8")
    draft.add("servicing", account_no="8", staff_no="S001", role="servicer", valid_from="2025-01-02", valid_to="2026-03-30")
    draft.attribute("8", "B001", "100", valid_from="2026-03-30", confirmed_on="2026-03-30")
    draft.account("9").update(branch_no="02")
    draft.attribute("9", "B002", "100")
    draft.add("servicing", account_no="1", staff_no="S002", role="servicer", valid_from="2026-01-05")
    everybody = [str(number) for number in range(1, 10)]
    draft.day("2026-03-02", [trade("1", "SHFE.rb", 10_000, 4_000)], everybody)
    draft.day("2026-03-31", [trade("4", "SHFE.rb", 20_000, 4_000)], everybody, {"2": {"withdrawal": 4_000_000}})
    product.people(app)
    product.import_folder(app, str(draft.write(folder)))


def hit(*who: str, on: date = DAY) -> dict[str, tuple[str, str, str]]:
    numbers = dict(db.session.execute(select(Account.id, Account.account_no)).all())
    return {numbers[key]: tuple(path) for key, path in sorted(exposed(persons(who), on).items(), key=lambda one: numbers[one[0]])}


def test_the_example_of_the_rules(firm: Flask) -> None:
    """A leaves: 8; X leaves: 5; the client moved from A to X the day before is X's, and the day before that he was A's."""
    by_staff = dict.fromkeys("123", ("S001", "serves", "")) | dict.fromkeys("45678", ("S001", "manages", "B001"))
    assert hit("staff-S001") == by_staff
    assert hit("broker-B001") == dict.fromkeys("45678", ("B001", "introduced", ""))
    assert hit("staff-S001", on=date(2026, 3, 29))["8"] == ("S001", "serves", "")
    assert "8" not in hit("broker-B001", on=date(2026, 3, 29))


def test_several_at_once_count_each_account_once(firm: Flask) -> None:
    """1 is served by both S001 and S002: the path of who was named first; 9 hangs on S002 by the broker whom he manages."""
    both = hit("staff-S001", "staff-S002")
    assert (len(both), both["1"], both["9"]) == (9, ("S001", "serves", ""), ("S002", "manages", "B002"))
    assert hit("staff-S002", "staff-S001")["1"] == ("S002", "serves", "")


@pytest.mark.parametrize(("text", "refusal"), [("S001", Refusal), ("client-1", Refusal), ("staff-", Refusal), ("staff-S999", NotFound), ("broker-S001", NotFound)])
def test_who_is_named_must_be_there(firm: Flask, text: str, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        persons([text])


def table(*who: str, on: date = DAY) -> dict[str, dict[str, Any]]:
    leaving = persons(who)
    rows = figures.table(exposed(leaving, on), leaving, on, figures.settled_up_to(on))
    return {row["account_no"]: row for row in rows.rows(named=True)}


def test_what_is_known_of_each(firm: Flask) -> None:
    """1 traded on the 2nd and paid 60.00 of retained fee; 2 took 40,000.00 out; 4 traded on the last day. 1 has a second contact in S002."""
    with transaction():
        account = db.session.execute(select(Account.id).where(Account.account_no == "3")).scalar_one()
        staff = db.session.execute(select(Staff.id).where(Staff.staff_no == "S001")).scalar_one()
        for day, outcome in ((10, "reached"), (20, "no_answer")):
            at = datetime(2026, 3, day, 2, tzinfo=UTC)
            db.session.add(Contact(account_id=account, staff_id=staff, at=at, channel="call", outcome=outcome, note="", recorded_at=at))
    rows = table("staff-S001")
    kept = ("equity", "average", "flow_90", "fee", "traded_on", "contact_on", "contact_by", "others")
    assert {number: tuple(rows[number][name] for name in kept) for number in ("1", "2", "3", "4")} == {
        "1": (9_990_000, 9_990_000, 0, 6_000, date(2026, 3, 2), None, None, 1),
        "2": (6_000_000, 8_000_000, -4_000_000, None, None, None, None, 0),
        "3": (10_000_000, 10_000_000, 0, None, None, date(2026, 3, 10), "S001", 0),
        "4": (9_980_000, 9_990_000, 0, 16_000, date(2026, 3, 31), None, None, 0),
    }


def test_without_a_score_a_chance_is_stated_and_with_one_it_is_taken(firm: Flask) -> None:
    """Of the newest scoring up to the day, never of a later one."""
    assert [table("staff-S001")[number]["chance"] for number in ("1", "4")] == [200_000, 150_000]
    account = db.session.execute(select(Account.id).where(Account.account_no == "1")).scalar_one()
    with transaction():
        model = RiskModel(version="t", method="priors", made_at=datetime(2026, 3, 1, tzinfo=UTC), seen=0, weights={})
        db.session.add(model)
        db.session.flush()
        for day, follow in ((date(2026, 3, 1), 111_111), (date(2026, 3, 31), 654_321), (date(2026, 4, 1), 999_999)):
            run = RiskRun(on_day=day, model_id=model.id, made_at=datetime(2026, 3, 1, tzinfo=UTC), accounts=1)
            db.session.add(run)
            db.session.flush()
            db.session.add(RiskScore(run_id=run.id, account_id=account, probability=1, follow=follow, expected_loss=0, cause="own_will", drivers=[]))
    row = table("staff-S001")["1"]
    assert (row["chance"], row["scored"], row["expected"]) == (654_321, True, 9_990_000 * 654_321 // 1_000_000)


def test_the_number_of_questions_does_not_grow_with_accounts(firm: Flask) -> None:
    table("broker-B002")  # the first look opens the connection
    counts = []
    for who, accounts in (("broker-B002", 1), ("broker-B001", 5)):
        asked: list[str] = []

        def hear(*args: Any, asked: list[str] = asked) -> None:
            asked.append(args[2])

        event.listen(db.engine, "before_cursor_execute", hear)
        assert len(table(who)) == accounts
        event.remove(db.engine, "before_cursor_execute", hear)
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0


def test_what_is_at_stake_and_between_which_amounts() -> None:
    """One account of 100.00 with even chances: all or nothing. Many alike: the drawn interval and the normal one agree at the seam."""
    assert stake([10_000], [500_000]) == Stake(10_000, 5_000, 0, 10_000)
    assert stake([], []).expected == 0
    few, many = stake([1_000] * (MANY - 1), [300_000] * (MANY - 1)), stake([1_000] * MANY, [300_000] * MANY)
    assert few.low <= few.expected <= few.high
    assert abs(few.low - many.low) < 4_000
    assert abs(few.high - many.high) < 4_000


def test_the_interval_holds_eight_times_of_ten() -> None:
    """Firms of 60 clients with skewed equity, 400 departures each: what really went lies inside about as often as it says."""
    draws = np.random.default_rng(5)
    equities = [int(one) for one in draws.lognormal(13, 1.4, 60)]
    chances = [int(one) for one in draws.uniform(20_000, 700_000, 60)]
    said = stake(equities, chances)
    went = ((draws.random((4_000, 60)) < np.array(chances) / 1e6) @ np.array(equities, dtype=float)).tolist()
    inside = sum(said.low <= one <= said.high for one in went) / len(went)
    assert 0.76 < inside < 0.84, inside


def test_the_page_says_it_and_writes_down_who_looked(app: Flask, tmp_path: Path) -> None:
    """A branch sees its own people and accounts; a staff member, a broker and a client see none of it."""
    draft = Draft()
    draft.account("1")
    draft.add("servicing", account_no="1", staff_no="S001", role="servicer", valid_from="2025-01-02")
    draft.day("2026-03-31", [], ["1"])
    product.people(app)
    product.import_folder(app, str(draft.write(tmp_path / "files")))
    address = "/departures/exposure?person=staff-S001&on=2026-03-31"
    page = seat(app, someone(app, Role.AUDITOR)).get(address)
    assert page.status_code == 200
    assert "100,000.00" in page.text
    assert seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="01")).get(address).status_code == 200
    assert seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="99")).get(address).status_code == 404
    for role, numbers in ((Role.STAFF, {"staff_no": "S001"}), (Role.BROKER, {"broker_no": "B001"}), (Role.CLIENT, {"client_no": "C1"})):
        assert seat(app, someone(app, role, **numbers)).get(address).status_code == 403
    admin = seat(app, someone(app, Role.ADMIN))
    assert admin.get("/departures/exposure?person=S001").status_code == 422
    assert admin.get("/departures/exposure?person=staff-S001&on=soon").status_code == 422
    with app.app_context():
        said = db.session.execute(select(AuditEntry.subject_key).where(AuditEntry.action == "exposure.looked")).scalars().all()
        db.session.remove()
    assert said == ["staff-S001"] * 2


def test_a_question_that_one_asked_is_asked_again_by_a_click(app: Flask, tmp_path: Path) -> None:
    """One's own questions alone stand below the form, each once; another's are nobody's to read there."""
    draft = Draft()
    draft.account("1")
    draft.add("servicing", account_no="1", staff_no="S001", role="servicer", valid_from="2025-01-02")
    draft.day("2026-03-31", [], ["1"])
    product.people(app)
    product.import_folder(app, str(draft.write(tmp_path / "files")))
    admin, auditor = seat(app, someone(app, Role.ADMIN)), seat(app, someone(app, Role.AUDITOR))
    for on in ("2026-03-31", "2026-04-30", "2026-03-31"):
        assert admin.get(f"/departures/exposure?person=staff-S001&on={on}").status_code == 200
    links = [str(link["href"]) for link in BeautifulSoup(admin.get("/departures/exposure").text, "html.parser").select("[aria-labelledby=h-before] a")]
    assert links == ["/departures/exposure?person=staff-S001&on=2026-03-31", "/departures/exposure?person=staff-S001&on=2026-04-30"]
    assert admin.get(links[1]).status_code == 200
    assert "h-before" not in auditor.get("/departures/exposure").text
    offered = [str(one["value"]) for one in BeautifulSoup(auditor.get("/departures/exposure").text, "html.parser").select("datalist option")]
    assert "staff-S001" in offered
    other = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="99", staff_no="S777"))
    assert "staff-S001" not in other.get("/departures/exposure").text.replace("such as staff-S001", "").replace("如 staff-S001", ""), "another branch's people are not offered"
