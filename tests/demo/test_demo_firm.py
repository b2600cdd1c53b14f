"""The demonstration firm: always the same bytes, exact to the fen, and every story in its place."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from models.identity import Role
from models.values.money import parse_yuan
from models.values.rates import SHARE_WHOLE, parse_share
from portal.demo import DemoFirm, make, stories
from portal.demo.calendar import FIRST_DAY, LAST_DAY, trading_days
from portal.settlement.day import AMOUNTS

DIGEST = "0df3ef99da96458561616820035980dda336b8f0b27cc9802616ababd34064b5"
"""Of every file's name and bytes. It changes only where the firm is meant to change; then put the new one here."""


def frame(path: Path | str) -> pl.DataFrame:
    """A file as text, its amounts as fen."""
    table = pl.read_csv(path, infer_schema=False).with_columns(pl.all().fill_null(""))
    if "valid_from" in table.columns:
        return table
    whole = [pl.col(name).cast(pl.Int64) for name in table.columns if name == "lots"]
    fen = [pl.col(name).str.replace(".", "", literal=True).cast(pl.Int64) for name in table.columns if name in {*AMOUNTS, "turnover", "exchange_fee"}]
    return table.with_columns(*whole, *fen)


@pytest.fixture(scope="module")
def balances(firm: DemoFirm) -> pl.DataFrame:
    return pl.concat([frame(path) for _, path, _ in firm.days])


@pytest.fixture(scope="module")
def trades(firm: DemoFirm) -> pl.DataFrame:
    return pl.concat([frame(path) for _, _, path in firm.days])


def master(firm: DemoFirm, name: str) -> pl.DataFrame:
    return frame(firm.folder / f"{name}.csv")


def test_the_same_bytes_every_time(firm: DemoFirm) -> None:
    total = hashlib.sha256()
    for path in sorted(firm.folder.rglob("*.*")):
        total.update(path.relative_to(firm.folder).as_posix().encode() + b"\0" + path.read_bytes())
    assert total.hexdigest() == DIGEST


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "somebody's.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        make(tmp_path)


def test_sizes(firm: DemoFirm, balances: pl.DataFrame, trades: pl.DataFrame) -> None:
    assert (master(firm, "branches").height, master(firm, "staff").height, master(firm, "brokers").height, master(firm, "accounts").height) == (5, 40, 60, 3000)
    assert [day for day, _, _ in firm.days] == trading_days()
    assert (len(firm.days), trading_days()[0], trading_days()[-1]) == (241, FIRST_DAY, LAST_DAY)
    assert date(2026, 2, 17) not in trading_days()  # spring festival
    assert date(2026, 2, 14) not in trading_days()  # a Saturday on which offices work
    assert 600_000 < balances.height < 750_000
    assert 120_000 < trades.height < 260_000
    assert sum(path.stat().st_size for path in firm.paths) < 120_000_000
    assert trades.select("exchange", "product").unique().height >= 25
    assert set(trades["exchange"]) == {"SHFE", "INE", "DCE", "CZCE", "CFFEX", "GFEX"}


def test_amounts_are_written_in_yuan_with_two_decimals(firm: DemoFirm) -> None:
    _, path, _ = firm.days[100]
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        for amount in line.split(",")[2:]:
            parse_yuan(amount)
            assert amount[-3] == "."


def test_balance_identity_on_every_row(balances: pl.DataFrame) -> None:
    ins = pl.sum_horizontal("previous_balance", "deposit", "other_in", "realized_pnl", "mtm_pnl", "premium")
    outs = pl.sum_horizontal("withdrawal", "other_out", "fee")
    assert balances.filter(pl.col("balance") != ins - outs).is_empty()
    assert balances.filter(pl.col("available") != pl.col("equity") - pl.col("margin")).is_empty()
    assert balances.filter(pl.any_horizontal(pl.col("deposit", "withdrawal", "other_in", "other_out", "margin", "fee") < 0)).is_empty()


def test_each_balance_goes_on_from_the_day_before(balances: pl.DataFrame) -> None:
    chained = balances.sort("account_no", "trade_date").with_columns(pl.col("balance").shift(1).over("account_no").alias("yesterday"))
    assert chained.filter(pl.col("yesterday").is_not_null() & (pl.col("yesterday") != pl.col("previous_balance"))).is_empty()


def test_no_day_is_missing_between_an_accounts_first_and_last(balances: pl.DataFrame) -> None:
    day = balances.join(pl.DataFrame({"trade_date": [str(day) for day in trading_days()]}).with_row_index("at"), on="trade_date")
    spans = day.group_by("account_no").agg(pl.len(), (pl.col("at").max() - pl.col("at").min() + 1).alias("days"))
    assert spans.filter(pl.col("len") != pl.col("days")).is_empty()


def test_the_days_fee_is_the_sum_of_its_trades(balances: pl.DataFrame, trades: pl.DataFrame) -> None:
    sums = trades.group_by("trade_date", "account_no").agg(pl.col("fee").sum().alias("traded"))
    joined = balances.join(sums, on=["trade_date", "account_no"], how="full", coalesce=True)
    assert joined.filter(pl.col("fee").is_null() | (pl.col("fee") != pl.col("traded").fill_null(0))).is_empty()


def test_keys_are_unique(balances: pl.DataFrame, trades: pl.DataFrame) -> None:
    assert not balances.select("trade_date", "account_no").is_duplicated().any()
    assert not trades.select("trade_date", "account_no", "exchange", "product").is_duplicated().any()


def test_exchange_fees_are_those_of_the_table(firm: DemoFirm, trades: pl.DataFrame) -> None:
    fees = master(firm, "exchange_fees").with_columns(
        (pl.col("open_by_money").cast(pl.Decimal(18, 8)) * 10**8).cast(pl.Int64).alias("by_money"),
        (pl.col("open_by_lot").cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64).alias("by_lot"),
    )
    valid = (pl.col("valid_from") <= pl.col("trade_date")) & ((pl.col("valid_to") == "") | (pl.col("trade_date") < pl.col("valid_to")))
    rows = trades.join(fees, on=["exchange", "product"]).filter(valid)
    due = (2 * pl.col("turnover") * pl.col("by_money") + 10**8) // (2 * 10**8) + pl.col("lots") * pl.col("by_lot")
    assert rows.height == trades.height
    assert rows.filter(pl.col("exchange_fee") != due).is_empty()
    assert trades.filter((pl.col("lots") < 1) | (pl.col("turnover") < 1) | (pl.col("fee") < pl.col("exchange_fee"))).is_empty()


def test_equity_is_skewed_and_hardly_anybody_is_below_zero(balances: pl.DataFrame) -> None:
    last = balances.filter(pl.col("trade_date") == str(LAST_DAY))["equity"].sort(descending=True)
    assert last.head(last.len() // 10).sum() > last.sum() // 2
    assert (balances["equity"] < 0).sum() < balances.height // 1000


def test_shares_never_pass_one_hundred_percent(firm: DemoFirm) -> None:
    rows = master(firm, "attributions").with_columns(pl.col("share").map_elements(parse_share, return_dtype=pl.Int64))
    days = pl.concat([rows["valid_from"], rows["valid_to"]]).unique()
    for day in days.filter(days != "").to_list():
        there = rows.filter((pl.col("valid_from") <= day) & ((pl.col("valid_to") == "") | (day < pl.col("valid_to"))))
        assert there.group_by("account_no").agg(pl.col("share").sum()).filter(pl.col("share") > SHARE_WHOLE).is_empty()
        assert not there.select("account_no", "broker_no").is_duplicated().any()


@pytest.mark.parametrize("name", ["broker_statuses", "licences", "uplines", "agreements", "relatives", "attributions", "servicing", "exchange_fees"])
def test_spans_are_not_empty_and_keys_not_repeated(firm: DemoFirm, name: str) -> None:
    rows = master(firm, name)
    assert rows.filter((pl.col("valid_to") != "") & (pl.col("valid_to") <= pl.col("valid_from"))).is_empty()
    key = [column for column in rows.columns if column not in {"valid_to", "share", "state", "confirmed_on", "status", "plan_code", "upline_no"} and "_by_" not in column]
    assert not rows.select(key).is_duplicated().any()


@pytest.mark.parametrize(
    ("name", "column", "master_name", "key"),
    [
        ("staff", "branch_no", "branches", "branch_no"),
        ("brokers", "branch_no", "branches", "branch_no"),
        ("brokers", "manager_staff_no", "staff", "staff_no"),
        ("licences", "broker_no", "brokers", "broker_no"),
        ("agreements", "broker_no", "brokers", "broker_no"),
        ("accounts", "branch_no", "branches", "branch_no"),
        ("attributions", "account_no", "accounts", "account_no"),
        ("attributions", "broker_no", "brokers", "broker_no"),
        ("servicing", "account_no", "accounts", "account_no"),
        ("servicing", "staff_no", "staff", "staff_no"),
        ("adjustments", "broker_no", "brokers", "broker_no"),
    ],
)
def test_numbers_point_at_something(firm: DemoFirm, name: str, column: str, master_name: str, key: str) -> None:
    known = set(master(firm, master_name)[key])
    assert set(master(firm, name)[column]) <= known


def test_plans_are_the_firms_eight_kinds_and_carry_no_override(firm: DemoFirm) -> None:
    plans = json.loads((firm.folder / "plans.json").read_text(encoding="utf-8"))
    versions = [version for plan in plans for version in plan["versions"]]
    assert {plan["code"] for plan in plans} == set(master(firm, "agreements")["plan_code"])
    assert not any(version["overrides"] for version in versions)
    assert {component["kind"] for version in versions for component in version["components"]} == {"retained_fee", "per_lot", "turnover", "equity"}
    assert {deduction["name"] for version in versions for deduction in version["deductions"]} == {"增值税及附加", "投资者保障基金", "风险准备金"}
    assert any(version["cap"] and version["guarantee"] for version in versions)
    assert any(version["reserve"] for version in versions)


def test_nobody_is_real(firm: DemoFirm) -> None:
    for name in ("staff", "brokers", "accounts"):
        rows = master(firm, name)
        assert rows["email"].str.ends_with("@example.com").all()
        assert rows["phone"].str.starts_with("199").all()
        if "id_no" in rows.columns:
            assert rows["id_no"].str.contains("^(990000|91990000)").all()


def test_people_who_sign_in(firm: DemoFirm) -> None:
    assert {person.role for person in firm.sign_ins} == set(Role)
    assert sum(person.role is Role.FINANCE for person in firm.sign_ins) == 2
    assert len({person.email for person in firm.sign_ins}) == len(firm.sign_ins)


def spans_of(firm: DemoFirm, place: int, name: str = "attributions") -> list[dict[str, str]]:
    return master(firm, name).filter(pl.col("account_no") == stories.account_no(place)).sort("valid_from", "broker_no").to_dicts()


def test_numbers_in_the_stories_are_the_numbers_in_the_files(firm: DemoFirm) -> None:
    told = stories.__doc__ or ""
    for place in stories.STORY_ACCOUNTS:
        assert stories.account_no(place) in told
        assert stories.account_no(place) in set(master(firm, "accounts")["account_no"])


def test_the_fading_brokers_clients_withdraw_and_fall_silent(firm: DemoFirm, balances: pl.DataFrame, trades: pl.DataFrame) -> None:
    his = master(firm, "attributions").filter(pl.col("broker_no") == stories.FADING_BROKER)["account_no"].unique()
    mine = balances.filter(pl.col("account_no").is_in(his.implode()))
    before, after = mine.filter(pl.col("trade_date") < str(stories.FADING_SINCE)), mine.filter(pl.col("trade_date") >= str(stories.FADING_SINCE))
    assert his.len() >= 30
    assert after["withdrawal"].sum() > 3 * after["deposit"].sum() + before["withdrawal"].sum() // 4
    assert mine.filter(pl.col("trade_date") == str(LAST_DAY))["equity"].sum() < mine.filter(pl.col("trade_date") == "2026-07-31")["equity"].sum() * 7 // 10
    assert trades.filter(pl.col("account_no").is_in(his.implode()) & (pl.col("trade_date") >= str(stories.FADING_SILENT))).is_empty()


def test_who_closes_draws_his_money_out_first(firm: DemoFirm, balances: pl.DataFrame, trades: pl.DataFrame) -> None:
    closing = master(firm, "accounts").filter(pl.col("closed_on") != "").select("account_no", pl.col("closed_on").str.to_date())
    days = balances.join(closing, on="account_no").with_columns(left=pl.col("closed_on") - pl.col("trade_date").str.to_date())
    fading = days.filter(pl.col("left") <= stories.FADES_BEFORE_CLOSING)
    assert closing.height > 25
    assert fading["withdrawal"].sum() > 5 * fading["deposit"].sum()
    traded = trades.join(closing, on="account_no").with_columns(left=pl.col("closed_on") - pl.col("trade_date").str.to_date())
    assert traded.filter(pl.col("left") <= stories.SILENT_BEFORE_CLOSING).is_empty()
    assert not traded.filter(pl.col("left") > stories.SILENT_BEFORE_CLOSING).is_empty()


def test_nothing_is_left_in_an_account_on_its_last_day(firm: DemoFirm, balances: pl.DataFrame) -> None:
    closed = master(firm, "accounts").filter(pl.col("closed_on") != "")["account_no"]
    last = balances.filter(pl.col("account_no").is_in(closed.implode())).sort("trade_date").group_by("account_no", maintain_order=True).last()
    assert last.height == closed.len()
    assert last.filter(pl.col("balance") != pl.col("other_in")).is_empty(), "interest of the quarter may come after"
    assert (last["withdrawal"] > 0).sum() > closed.len() * 9 // 10


def test_who_goes_along_with_who_left_is_gone_within_three_months(firm: DemoFirm, balances: pl.DataFrame) -> None:
    serving = master(firm, "servicing").filter(pl.col("role") == "servicer")
    his = serving.filter(pl.col("staff_no") == stories.GONE)
    assert (his["valid_to"] == "").all(), "that he left is recorded in the portal, not in the files"
    assert his.height > 60
    accounts = master(firm, "accounts").filter(pl.col("account_no").is_in(his["account_no"].implode()))
    gone = accounts.filter(pl.col("closed_on").is_between(pl.lit(str(stories.GONE_ON)), pl.lit("2026-07-10")))["account_no"]
    alone = serving.group_by("account_no").len().filter(pl.col("len") == 1)["account_no"]
    assert 10 < gone.len() < his.height // 3
    assert set(gone) <= set(alone), "who has a second contact stays"
    paid = balances.filter(pl.col("account_no").is_in(gone.implode()), pl.col("trade_date") >= str(stories.GONE_ON))
    assert paid["withdrawal"].sum() > 10 * paid["deposit"].sum()


def test_the_leavers_clients_know_nobody_else(firm: DemoFirm) -> None:
    serving = master(firm, "servicing").filter(pl.col("role") == "servicer", pl.col("valid_to") == "")
    contacts = serving.group_by("account_no").len()
    his = serving.filter(pl.col("staff_no") == stories.LEAVER).join(contacts, on="account_no")
    others = serving.filter(pl.col("staff_no") != stories.LEAVER).join(contacts, on="account_no")
    assert his.height > 60
    assert (his["len"] > 1).sum() * 5 < his.height
    assert (others["len"] > 1).sum() * 2 > others.height


def test_the_disputed_client_is_suspended_then_split(firm: DemoFirm) -> None:
    sole, *later = spans_of(firm, stories.DISPUTED)
    assert (sole["state"], sole["share"], sole["valid_to"]) == ("confirmed", "100", str(stories.DISPUTE_FROM))
    assert [(row["state"], row["share"]) for row in later] == [("suspended", "50"), ("suspended", "50"), ("confirmed", "60"), ("confirmed", "40")]


def test_the_transfer_leaves_no_gap(firm: DemoFirm) -> None:
    before, after = spans_of(firm, stories.MOVED)
    assert before["valid_to"] == after["valid_from"] == "2026-07-16"
    assert (before["broker_no"], after["broker_no"]) == stories.MOVED_BROKERS


def test_a_confirmation_is_outstanding_and_one_came_late(firm: DemoFirm) -> None:
    (pending,) = spans_of(firm, stories.PENDING)
    (late,) = spans_of(firm, stories.CONFIRMED_LATE)
    assert (pending["state"], pending["confirmed_on"], pending["broker_no"]) == ("pending", "", stories.PENDING_BROKER)
    assert late["valid_from"] < late["confirmed_on"] == "2026-03-20"


def test_the_licence_has_a_gap(firm: DemoFirm, trades: pl.DataFrame) -> None:
    old, new = master(firm, "licences").filter(pl.col("broker_no") == stories.LAPSED_BROKER).sort("valid_from").to_dicts()
    assert (old["valid_to"], new["valid_from"]) == ("2026-04-10", "2026-05-18")
    his = master(firm, "attributions").filter(pl.col("broker_no") == stories.LAPSED_BROKER)["account_no"]
    between = trades.filter(pl.col("account_no").is_in(his.implode()) & (pl.col("trade_date") >= "2026-04-10") & (pl.col("trade_date") < "2026-05-18"))
    assert between.height > 0


def test_what_is_learnt_later_touches_closed_months_only_where_told(firm: DemoFirm) -> None:
    attributions, day = firm.later
    then, now = master(firm, "attributions"), frame(attributions)
    key = ["account_no", "broker_no", "valid_from"]
    assert then.join(now, on=key, how="anti").is_empty()  # nothing vanishes
    added = now.join(then, on=key, how="anti")
    assert added.select("account_no", "broker_no", "valid_from").rows() == [(stories.account_no(stories.LEARNT_LATE), "B021", "2026-06-15")]
    first = next(path for settled, _, path in firm.days if settled == stories.CORRECTED_DAY)
    changed = frame(day).join(frame(first), on=["trade_date", "account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee"], how="anti")
    assert set(changed["account_no"]) == {stories.account_no(stories.CORRECTED)}
    assert frame(day).height == frame(first).height
    assert str(firm.months_to_close[-1]) == "2026-08"


def test_the_story_accounts_trade_when_it_matters(trades: pl.DataFrame) -> None:
    def traded(place: int, first: str, last: str) -> int:
        return trades.filter(pl.col("account_no") == stories.account_no(place), pl.col("trade_date").is_between(pl.lit(first), pl.lit(last))).height

    assert traded(stories.DISPUTED, "2026-05-12", "2026-06-09")
    assert traded(stories.DISPUTED, "2026-06-10", "2026-06-30")
    assert traded(stories.MOVED, "2026-07-01", "2026-07-15")
    assert traded(stories.MOVED, "2026-07-16", "2026-07-31")
    assert traded(stories.PENDING, "2026-10-13", "2026-10-30")
    assert traded(stories.CONFIRMED_LATE, "2026-03-06", "2026-03-19")
    assert traded(stories.CONFIRMED_LATE, "2026-03-20", "2026-03-31")
    assert traded(stories.RELATED, "2026-05-06", "2026-05-31")
    assert traded(stories.LEARNT_LATE, "2026-06-15", "2026-08-31")
