"""Master files: read with every fault named, asserted as versions, received once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.audit import Approval
from models.clients import Account, AccountVersion
from models.columns import FIRST_DAY, OPEN_END
from models.commission import Adjustment, PlanVersion
from models.identity import Role
from models.partners import Broker, BrokerVersion, Relative
from models.settlement import ImportRun
from portal.actors import Actor
from portal.audit import approvals
from portal.audit.recordings import last_recording_id
from portal.clock import now
from portal.keys import keyring
from portal.transaction import transaction
from portal.versions import current
from tests import make
from tests.rooms.audit.people import person

pytestmark = pytest.mark.usefixtures("database")


def second_person() -> Actor:
    return person("finance", Role.FINANCE)


def count(model: type) -> int:
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def test_a_firm_goes_in_and_the_same_bytes_again_change_nothing(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.accepted(folder)
    assert count(Account) == count(AccountVersion) == 2
    known = last_recording_id()
    again = make.accepted(folder)
    assert len(again.summary["same_bytes"]) == 12 - 2  # uplines and relatives hold no rows, so their bytes say nothing
    assert last_recording_id() - known == 2
    assert count(AccountVersion) == 2


def test_superseded_bytes_stay_received(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.accepted(folder)
    old = (folder / "branches.csv").read_text(encoding="utf-8")
    make.accepted(make.edit(folder / "branches.csv", "Head office", "Main office"))
    (folder / "branches.csv").write_text(old, encoding="utf-8")
    assert make.accepted(folder / "branches.csv").summary["same_bytes"] == ["branches.csv"]


def test_a_changed_row_supersedes_and_the_old_one_stays_readable(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.accepted(folder)
    known = last_recording_id()
    outcome = make.accepted(make.edit(folder / "attributions.csv", "10001,B001,100", "10001,B001,70"))
    assert outcome.summary["kinds"]["attributions.csv"]["changed"] == 1
    shares = {row.share for row in db.session.scalars(current(Attribution))}
    before = {row.share for row in db.session.scalars(current(Attribution, known))}
    keyed = list(db.session.scalars(current(Attribution, None, Attribution.account_id == 1)))
    assert (shares, before, len(keyed)) == ({700_000, 1_000_000}, {1_000_000}, 1)


def test_phone_and_id_numbers_are_sealed_and_found_by_index(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.edit(folder / "accounts.csv", "990000197010001", " 99000019 7010001x")
    make.accepted(folder)
    version = db.session.scalars(select(AccountVersion).join(Account).where(Account.account_no == "10001")).one()
    assert version.id_no_index == keyring().blind_index("990000197010001X")
    assert keyring().open(version.id_no_sealed, "account_version.id_no_sealed:10001") == " 99000019 7010001x"
    assert version.phone_index == keyring().blind_index("+8619920000001")
    make.edit(folder / "accounts.csv", " 99000019 7010001x", "990000197010001X")
    assert make.accepted(folder / "accounts.csv").summary["kinds"]["accounts.csv"]["changed"] == 1


def test_a_relative_without_beginning(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.write(folder, "relatives", ["B001,9900001 970,spouse,,"])
    make.accepted(folder)
    row = db.session.scalars(current(Relative)).one()
    assert (row.valid_from, row.valid_to) == (FIRST_DAY, OPEN_END)


def test_a_row_that_vanished_is_refused_unless_a_second_person_replaces(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.accepted(folder)
    path = make.write(folder, "licences", ["B001,FB001,2025-01-01,"])
    refused = make.found(make.imported(path), "silent_deletion")
    assert (refused.file, refused.found) == ("licences.csv", "B002 · FB002 · 2025-01-01 – ")
    waiting = make.accepted(path, replace=True)
    assert waiting.summary["waiting"] == ["licences.csv"]
    assert make.accepted(path, replace=True).summary["waiting"] == ["licences.csv"]
    approval = db.session.scalars(select(Approval)).one()
    approver = second_person()
    with transaction():
        approvals.approve(approval.id, approver, now(), digest=approval.digest)
    assert make.accepted(path, replace=True).summary["same_bytes"] == ["licences.csv"]
    make.write(folder, "licences", ["B002,FB002,2025-01-01,"])
    assert make.accepted(path, replace=True, approver=approver).summary["kinds"]["licences.csv"]["vanished"] == 1


def test_a_replacement_waits_sealed(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.write(folder, "relatives", ["B001,990000197012345678,spouse,2025-01-01,", "B002,990000197012345679,spouse,2025-01-01,"])
    make.accepted(folder)
    make.accepted(make.write(folder, "relatives", ["B001,990000197012345678,spouse,2025-01-01,"]), replace=True)
    approval = db.session.scalars(select(Approval)).one()
    assert "990000197" not in str(approval.payload) + str(approval.preview)


FAULTS = [
    ("branches", ["01,A", "01,B"], "key_twice", 3, "branch_no", "once; it stands on line 2 too"),
    ("branches", [" 01,A"], "blank_padded", 2, "branch_no", "a value without blanks around it"),
    ("branches", [",A"], "missing_value", 2, "branch_no", "a value"),
    ("branches", ["01"], "wrong_columns", 2, "", "2"),
    ("branches", ['01,"A'], "bad_csv", 2, "", "fields between commas, quotes in pairs"),
    ("branches", ["01," + "x" * 121], "too_long", 2, "name", "at most 120 characters"),
    ("brokers", ["B9,A,robot,,,,01,"], "unknown_word", 2, "kind", "person / institution"),
    ("brokers", ["B9,A,person,,,,99,"], "unknown_branch", 2, "branch_no", "import branches.csv first"),
    ("brokers", ["B9,A,person,,,,01,S9"], "unknown_staff", 2, "manager_staff_no", "import staff.csv first"),
    ("broker_statuses", ["B001,active,2025-01-01,2025-01-01"], "empty_span", 2, "valid_to", "valid_to later than valid_from"),
    ("broker_statuses", ["B001,active,,"], "missing_value", 2, "valid_from", "a date such as 2026-03-31"),
    ("broker_statuses", ["B001,active,2025-02-30,"], "bad_date", 2, "valid_from", "a date that exists, such as 2026-03-31"),
    ("broker_statuses", ["B001,active,2025-01-01,", "B001,ended,2026-01-01,"], "spans_overlap", 3, "valid_from", "line 2: 2025-01-01 – "),
    ("uplines", ["B001,B001,2025-01-01,"], "own_upline", 2, "upline_no", "another broker"),
    ("uplines", ["B001,B002,2025-01-01,", "B002,B001,2025-06-01,"], "upline_loop", 3, "upline_no", "no loop on any day"),
    ("agreements", ["B001,NONE,2025-01-01,"], "unknown_plan", 2, "plan_code", "import plans.json first"),
    ("attributions", ["99999,B001,100,confirmed,2025-01-01,,"], "unknown_account", 2, "account_no", "import accounts.csv first"),
    ("attributions", ["10001,B009,100,confirmed,2025-01-01,,"], "unknown_broker", 2, "broker_no", "import brokers.csv first"),
    ("attributions", ["10001,B001,70.00001,confirmed,2025-01-01,,"], "bad_number", 2, "share", "at most 4 decimals"),
    ("attributions", ["10001,B001,60,confirmed,2025-01-01,,", "10001,B002,40.0001,pending,2026-01-01,,"], "shares_over_whole", 3, "share", "on no day above 100 %"),
    ("attributions", ["10001,B001,6,confirmed,2025-01-01,2026-01-01,", "10001,B001,4,pending,2025-12-31,,"], "spans_overlap", 3, "valid_from", "line 2: 2025-01-01 – 2026-01-01"),
    ("exchange_fees", ["XXX,rb,2025-01-01,,0,0,0,0,0,0"], "unknown_word", 2, "exchange", "SHFE / CZCE / DCE / CFFEX / INE / GFEX"),
    ("adjustments", ["B001,2026-13,1.00,goodwill,"], "bad_date", 2, "period", "a month such as 2026-03"),
    ("adjustments", ["B001,2026-01,1.005,goodwill,"], "bad_amount", 2, "amount", "at most 2 decimals (a third must be 0)"),
]


@pytest.mark.parametrize(("name", "rows", "code", "line", "field", "expected"), FAULTS, ids=[f"{row[0]}-{row[2]}" for row in FAULTS])
def test_a_fault_is_refused_by_line_field_and_what_was_expected(tmp_path: Path, name: str, rows: list[str], code: str, line: int, field: str, expected: str) -> None:
    make.accepted(make.firm(tmp_path / "firm"))
    known = last_recording_id()
    refused = make.found(make.imported(make.write(tmp_path / "bad", name, rows), replace=True), code)
    assert (refused.file, refused.line, refused.field, refused.expected) == (f"{name}.csv", line, field, expected)
    assert last_recording_id() == known


def test_all_faults_are_named_not_the_first(tmp_path: Path) -> None:
    make.accepted(make.firm(tmp_path / "firm"))
    path = make.write(
        tmp_path / "bad",
        "attributions",
        ["10001,B009,100,confirmed,2025-01-01,,", "9,B001,x,maybe,2025-13-01,,no", "10002,B001,60,pending,2025-01-01,,", "10002,B002,50,pending,2025-01-01,,"],
    )
    assert sorted(make.codes(make.imported(path))) == ["bad_date", "bad_date", "bad_number", "shares_over_whole", "unknown_broker", "unknown_word"]


def test_columns_are_known_by_name(tmp_path: Path) -> None:
    make.accepted(make.write(tmp_path, "branches", ["Head office,01"], "name,branch_no"))
    outcome = make.imported(make.write(tmp_path, "branches", ["01,A,1"], "branch_no,nam,extra"))
    assert sorted((item.code, item.field) for item in outcome.findings.listed) == [("missing_column", "name"), ("unknown_column", "extra"), ("unknown_column", "nam")]


def test_encodings(tmp_path: Path) -> None:
    text = "branch_no,name\r\n01,上海营业部\r\n"
    for number, data in enumerate((text.encode(), b"\xef\xbb\xbf" + text.encode() + b"02,x\r\n", (text + "03,y").encode("gb18030"))):
        (tmp_path / str(number)).mkdir()
        path = tmp_path / str(number) / "branches.csv"
        path.write_bytes(data)
        make.accepted(path)
    for data, code, line in (
        (b"branch_no,name\n01,\xff\xff\n", "bad_encoding", 2),
        (text.encode("utf-16"), "utf16", 1),
        (b"branch_no,name\n01,\0\n", "nul_byte", 2),
        (b"", "empty_file", 1),
    ):
        path.write_bytes(data)
        refused = make.found(make.imported(path), code)
        assert refused.line == line


def test_the_order_of_the_paths_does_not_matter(tmp_path: Path) -> None:
    folder = make.firm(tmp_path / "firm")
    make.accepted(*sorted(folder.iterdir(), reverse=True))
    assert count(Attribution) == 2


def test_a_dry_run_keeps_nothing_but_its_findings(tmp_path: Path) -> None:
    outcome = make.accepted(make.firm(tmp_path / "firm"), dry_run=True)
    assert outcome.summary["kinds"]["accounts.csv"]["new"] == 2
    assert count(Account) == count(Broker) == count(BrokerVersion) == last_recording_id() == 0
    assert db.session.get_one(ImportRun, outcome.import_id).dry_run


def test_an_import_can_be_cancelled_between_two_files(tmp_path: Path) -> None:
    outcome = make.imported(make.firm(tmp_path / "firm"), cancelled=lambda: count(Broker) > 0)
    assert (outcome.state, count(Broker), count(Account)) == ("cancelled", 2, 0)


def test_plans_keep_their_terms_and_overrides_need_the_rule_set(tmp_path: Path) -> None:
    plan = {**make.PLAN, "versions": [{**make.PLAN["versions"][0], "overrides": [{"level": 1, "rate": "0.02"}]}]}
    path = make.plans(tmp_path, [plan])
    assert make.found(make.imported(path), "overrides_not_allowed").field == "plans[0] HALF versions[0].overrides"
    make.accepted(path, overrides_allowed=True)
    assert db.session.scalars(select(PlanVersion)).one().terms == {"components": [{"kind": "retained_fee", "rate": "0.5"}], "overrides": [{"level": 1, "rate": "0.02"}]}


def test_adjustments_wait_for_a_second_person_and_are_booked_once(tmp_path: Path) -> None:
    make.accepted(make.firm(tmp_path / "firm"))
    path = make.write(tmp_path, "adjustments", ["B001,2026-01,-12.50,complaint,", "B001,2026-01,-12.50,complaint,", "B002,2026-01,3.00,other,"])
    waiting = make.accepted(path)
    assert sorted(make.codes(waiting)) == ["other_without_note", "unknown_reason", "unknown_reason"]
    assert (waiting.summary["waiting"], count(Adjustment)) == (["adjustments.csv"], 0)
    approver = second_person()
    make.accepted(path, approver=approver)
    assert count(Adjustment) == 3
    assert make.accepted(path, approver=approver).summary["same_bytes"] == ["adjustments.csv"]
    more = make.accepted(make.edit(path, "B002,2026-01,3.00", "B002,2026-01,4.00"), approver=approver)
    assert (count(Adjustment), more.summary["kinds"]["adjustments.csv"]["same"]) == (4, 2)
    assert make.codes(make.imported(make.write(tmp_path, "adjustments", ["B009,2026-01,1.00,goodwill,"]))) == ["unknown_broker"]
