"""The reference firms of the performance budgets, made from one seed each and never stored.

S stands for a middle firm, M for the largest one with everything switched on. 35 % of the accounts trade on a day, 3 products
in the mean; equity is lognormal; one account in twenty is shared by two brokers; two in a hundred change their broker within
the month; brokers stand up to three deep. A day is a function of its number, so days can be made in any order and alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from portal.demo.calendar import trading_days
from portal.demo.noise import below, half_up, lognormal, noise, stream
from portal.settlement.day import AMOUNTS, DayInput
from tests.bench import plans as bench_plans

DAYS = trading_days(date(2026, 3, 2), date(2026, 3, 31))
"""The 22 settled days of the month."""
MONTH = "2026-03"
SINCE = "2025-01-01"


@dataclass(frozen=True)
class Size:
    """How large a reference firm is, and its seed."""

    name: str
    accounts: int
    brokers: int
    branches: int
    staff: int
    seed: int

    def stream(self, name: str) -> int:
        """A stream of chance of this firm's own."""
        return stream(self.seed, name)


SIZES = {
    "S": Size("S", 20_000, 400, 20, 400, 1),
    "M": Size("M", 300_000, 5_000, 100, 4_000, 2),
    "XS": Size("XS", 600, 40, 3, 20, 3),
}
"""XS is for tests of the bench itself."""

_CODES = {
    "SHFE": "rb hc ag au cu al zn ni sn pb ru bu fu sp ss ao br",
    "INE": "sc lu nr bc ec",
    "DCE": "m y p a b c cs i j jm jd l v pp eg eb pg lh",
    "CZCE": "TA MA SR CF OI RM SA FG AP UR PK PF SM SF SH PX",
    "CFFEX": "IF IH T",
    "GFEX": "lc",
}
PRODUCTS = [(exchange, code) for exchange, codes in _CODES.items() for code in codes.split()]
"""60 products. The product at a place costs 2,000 + 137 × place yuan with a multiplier of 10."""
MULTIPLIER = 10


def _price(place: pl.Series) -> pl.Series:
    return place * 137 + 2000


def exchange_rates(place: pl.Series | int) -> tuple[Any, Any]:
    """By money (hundred-millionths) and by lot (fen): every other product is charged by money, the rest by lot."""
    by_lot = (place % 2) * (100 + place * 5)
    return (1 - place % 2) * (2_000 + place * 100), by_lot


def account_numbers(size: Size) -> pl.Series:
    """Account numbers by place: text, some with a leading zero, some of twelve digits."""
    key = pl.int_range(0, size.accounts, dtype=pl.Int64, eager=True)
    plain = (key * 7 + 80_000_000).cast(pl.String)
    start = pl.when(key % 10 == 3).then(pl.lit("0")).when(key % 10 == 7).then(pl.lit("0199")).otherwise(pl.lit(""))
    return pl.select(pl.concat_str(start, plain)).to_series().alias("account_no")


def _keys(size: Size) -> pl.Series:
    return pl.int_range(0, size.accounts, dtype=pl.Int64, eager=True).alias("key")


def _bases(size: Size) -> pl.Series:
    table = pl.Series(lognormal(9_000_000, 1.6), dtype=pl.Int64)
    return table.gather(below(table.len(), size.stream("size"), _keys(size)))


def _balance_after(size: Size, base: pl.Series, index: int) -> pl.Series:
    """Closing balances of a day (of the day before the first where `index` is −1): around the base, and fen by fen different."""
    swing = below(200_001, size.stream("balance"), _keys(size), index + 1) - 100_000
    return base + base // 100_000 * swing // 10 + swing % 100


def day(size: str, index: int) -> DayInput:
    """One settled day (0 to 21) of a reference firm, as the import hands it on."""
    firm = SIZES[size]
    trades = traded(firm, index)
    numbers = account_numbers(firm)
    balances = _balances(firm, index, trades).with_columns(numbers)
    rows = trades.with_columns(numbers.gather(trades["key"]), pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line"))
    return DayInput(
        trade_date=DAYS[index],
        balances=balances.with_columns(pl.int_range(2, pl.len() + 2, dtype=pl.UInt32).alias("line")).select("account_no", *AMOUNTS, "line"),
        trades=rows.select("account_no", "exchange", "product", "lots", "turnover", "fee", "exchange_fee", pl.concat_list("line").alias("lines")),
        balance_file=f"balances-{DAYS[index]}.csv",
        trade_file=f"trades-{DAYS[index]}.csv",
        files=[f"balances-{DAYS[index]}.csv", f"trades-{DAYS[index]}.csv"],
    )


def traded(firm: Size, index: int) -> pl.DataFrame:
    """The day's trades by the account's place: one row per account and product."""
    key = _keys(firm)
    active = key.filter(below(1000, firm.stream("active"), key, index) < 350)
    many = below(5, firm.stream("many"), active, index) + 1
    parts = [pl.DataFrame({"key": active.filter(many > choice)}).with_columns(choice=pl.lit(choice)) for choice in range(5)]
    rows = pl.concat(parts).sort("key", "choice")
    place = (below(len(PRODUCTS), firm.stream("taste"), rows["key"]) + rows["choice"] * 7) % len(PRODUCTS)
    word = noise(firm.stream("fill"), rows["key"], rows["choice"], index)
    lots = (word % 10).cast(pl.Int64) + 1
    price = _price(place) + (word // 1024 % 64).cast(pl.Int64) - 32
    turnover = lots * price * MULTIPLIER * 100
    by_money, by_lot = exchange_rates(place)
    names = pl.DataFrame(PRODUCTS, schema=["exchange", "product"], orient="row")
    frame = rows.with_columns(lots.alias("lots"), price.alias("price"), turnover.alias("turnover"), by_money.alias("by_money"), by_lot.alias("by_lot"))
    frame = frame.with_columns(names["exchange"].gather(place), names["product"].gather(place), (40 + below(200, firm.stream("markup"), rows["key"])).alias("markup"))
    frame = frame.with_columns((half_up(pl.col("turnover") * pl.col("by_money"), 10**8) + pl.col("lots") * pl.col("by_lot")).alias("exchange_fee"))
    gain = pl.when(pl.col("choice") == 0).then((below(4001, firm.stream("gain"), rows["key"], index) - 2000) * 100).otherwise(0)
    return frame.with_columns((pl.col("exchange_fee") + half_up(pl.col("exchange_fee") * pl.col("markup"), 100)).alias("fee"), gain.alias("realized_pnl"))


def _balances(firm: Size, index: int, trades: pl.DataFrame) -> pl.DataFrame:
    key, base = _keys(firm), _bases(firm)
    before, after = _balance_after(firm, base, index - 1), _balance_after(firm, base, index)
    moved, word = below(100, firm.stream("moved"), key, index), below(60, firm.stream("margin"), key, index)
    sums = trades.group_by("key").agg(pl.col("fee", "realized_pnl").sum())
    zero = pl.lit(0, dtype=pl.Int64)
    part = base // 10 // 10_000 * 10_000
    frame = pl.DataFrame({"key": key, "previous_balance": before, "balance": after}).with_columns(
        pl.when(moved == 0).then(part).otherwise(0).alias("deposit"),
        pl.when(moved == 1).then(part).otherwise(0).alias("withdrawal"),
        *(zero.alias(name) for name in ("other_in", "other_out", "premium")),
        pl.col("balance").alias("equity"),
        (pl.col("balance").clip(0) * word // 100).alias("margin"),
    )
    frame = frame.join(sums, on="key", how="left", maintain_order="left").with_columns(pl.col("fee", "realized_pnl").fill_null(0))
    rest = pl.col("balance") - pl.col("previous_balance") - pl.col("deposit") + pl.col("withdrawal") - pl.col("realized_pnl") + pl.col("fee")
    return frame.with_columns(rest.alias("mtm_pnl"), (pl.col("equity") - pl.col("margin")).alias("available"))


def masters(size: str) -> dict[str, pl.DataFrame]:
    """The master files of a reference firm, as text columns, in the order of import. Plans are `tests.bench.plans.PLANS`."""
    firm = SIZES[size]
    return {
        "branches": _numbered(firm.branches, "branch_no", "{:03d}").select("branch_no", pl.concat_str(pl.lit("营业部"), "branch_no").alias("name")),
        "staff": _staff(firm),
        "brokers": _brokers(firm),
        "broker_statuses": _of_brokers(firm, status="active"),
        "licences": _of_brokers(firm).select("broker_no", pl.concat_str(pl.lit("F"), "broker_no").alias("licence_no"), "valid_from", "valid_to"),
        "uplines": _uplines(firm),
        "agreements": _agreements(firm),
        "accounts": _accounts(firm),
        "attributions": _attributions(firm),
        "servicing": _servicing(firm),
        "exchange_fees": _exchange_fees(),
    }


def broker_numbers(firm: Size) -> pl.Series:
    """Broker numbers by place; their order as text is their order."""
    return _numbered(firm.brokers, "broker_no", "B{:05d}")["broker_no"]


def _numbered(count: int, column: str, form: str) -> pl.DataFrame:
    return pl.DataFrame({column: [form.format(place + 1) for place in range(count)]})


def _span(frame: pl.DataFrame, since: str = SINCE) -> pl.DataFrame:
    return frame.with_columns(pl.lit(since).alias("valid_from"), pl.lit("").alias("valid_to"))


def _of_brokers(firm: Size, **more: str) -> pl.DataFrame:
    return _span(pl.DataFrame({"broker_no": broker_numbers(firm)}).with_columns(pl.lit(value).alias(name) for name, value in more.items()))


def _staff(firm: Size) -> pl.DataFrame:
    place = pl.int_range(0, pl.len())
    return _numbered(firm.staff, "staff_no", "S{:05d}").select(
        "staff_no",
        pl.concat_str(pl.lit("员工"), "staff_no").alias("name"),
        (place % firm.branches + 1).cast(pl.String).str.zfill(3).alias("branch_no"),
        pl.concat_str("staff_no", pl.lit("@example.com")).str.to_lowercase().alias("email"),
        pl.concat_str(pl.lit("1990"), place.cast(pl.String).str.zfill(7)).alias("phone"),
        pl.lit("2020-01-01").alias("joined_on"),
        pl.lit("").alias("left_on"),
    )


def _person_id(place: pl.Expr, born: int) -> pl.Expr:
    day = (pl.lit(date(born, 1, 1)) + pl.duration(days=place // 1000)).dt.strftime("%Y%m%d")
    return pl.concat_str(pl.lit("990000"), day, (place % 1000).cast(pl.String).str.zfill(3), pl.lit("0"))


def _brokers(firm: Size) -> pl.DataFrame:
    place = pl.int_range(0, pl.len())
    return pl.DataFrame({"broker_no": broker_numbers(firm)}).select(
        "broker_no",
        pl.concat_str(pl.lit("居间人"), "broker_no").alias("name"),
        pl.lit("person").alias("kind"),
        _person_id(place, 1950).alias("id_no"),
        pl.concat_str(pl.lit("1991"), place.cast(pl.String).str.zfill(7)).alias("phone"),
        pl.concat_str("broker_no", pl.lit("@example.com")).str.to_lowercase().alias("email"),
        (place % firm.branches + 1).cast(pl.String).str.zfill(3).alias("branch_no"),
        pl.concat_str(pl.lit("S"), (place % firm.staff + 1).cast(pl.String).str.zfill(5)).alias("manager_staff_no"),
    )


def upline_places(firm: Size) -> pl.DataFrame:
    """place and upline: of twenty brokers five have none above them, five one, five two and five three."""
    place = pl.int_range(0, firm.brokers, dtype=pl.Int64, eager=True)
    team = below(firm.brokers // 20, firm.stream("team"), place) * 20
    seat = below(5, firm.stream("seat"), place)
    depth = place % 20 // 5
    return pl.DataFrame({"place": place, "upline": team + (depth - 1) * 5 + seat, "depth": depth}).filter(pl.col("depth") > 0)


def _uplines(firm: Size) -> pl.DataFrame:
    pairs, numbers = upline_places(firm), broker_numbers(firm)
    return _span(pl.DataFrame({"broker_no": numbers.gather(pairs["place"]), "upline_no": numbers.gather(pairs["upline"])}))


def _agreements(firm: Size) -> pl.DataFrame:
    codes = [bench_plans.PLANS[place % len(bench_plans.PLANS)]["code"] for place in range(firm.brokers)]
    return _span(pl.DataFrame({"broker_no": broker_numbers(firm), "plan_code": codes}))


def _accounts(firm: Size) -> pl.DataFrame:
    key = pl.int_range(0, pl.len(), dtype=pl.Int64)
    client = pl.concat_str(pl.lit("C"), key.cast(pl.String).str.zfill(7))
    return pl.DataFrame({"account_no": account_numbers(firm)}).select(
        "account_no",
        client.alias("client_no"),
        pl.concat_str(pl.lit("客户"), key.cast(pl.String)).alias("name"),
        pl.lit("person").alias("kind"),
        _person_id(key, 1960).alias("id_no"),
        pl.concat_str(pl.lit("1992"), key.cast(pl.String).str.zfill(7)).alias("phone"),
        pl.concat_str(client.str.to_lowercase(), pl.lit("@example.com")).alias("email"),
        (key % firm.branches + 1).cast(pl.String).str.zfill(3).alias("branch_no"),
        pl.lit(SINCE).alias("opened_on"),
        pl.lit("").alias("closed_on"),
        pl.lit("C4").alias("risk_grade"),
        pl.lit("1980-01-01").alias("birthday"),
    )


def attribution_places(firm: Size) -> pl.DataFrame:
    """key, place (of the broker), share (parts per million), valid_from and valid_to (text), by account."""
    key = _keys(firm)
    luck = below(65_536, firm.stream("owner"), key)
    first = luck * luck // 65_536 * firm.brokers // 65_536  # the lower the place, the larger the book
    second = (first + 1 + below(firm.brokers - 1, firm.stream("second"), key)) % firm.brokers
    kind, when = below(100, firm.stream("kind"), key), below(len(DAYS) - 1, firm.stream("when"), key) + 1
    moved = pl.Series([str(day) for day in DAYS]).gather(when)
    frame = pl.DataFrame({"key": key, "first": first, "second": second, "kind": kind, "moved": moved})
    shared = frame.filter(pl.col("kind") < 5)
    thirds = pl.when(pl.col("key") % 2 == 0).then(pl.lit(333_333)).otherwise(pl.lit(600_000)).cast(pl.Int64)
    rest = pl.when(pl.col("key") % 2 == 0).then(pl.lit(333_333)).otherwise(pl.lit(302_500)).cast(pl.Int64)
    movers = frame.filter(pl.col("kind").is_in([5, 6]))
    whole, open_end = pl.lit(1_000_000, dtype=pl.Int64), pl.lit("")

    def rows(part: pl.DataFrame, place: str, share: pl.Expr, since: pl.Expr, until: pl.Expr) -> pl.DataFrame:
        return part.select("key", pl.col(place).alias("place"), share.alias("share"), since.alias("valid_from"), until.alias("valid_to"))

    return pl.concat(
        [
            rows(shared, "first", thirds, pl.lit(SINCE), open_end),
            rows(shared, "second", rest, pl.lit(SINCE), open_end),
            rows(movers, "first", whole, pl.lit(SINCE), pl.col("moved")),
            rows(movers, "second", whole, pl.col("moved"), open_end),
            rows(frame.filter(pl.col("kind") > 6), "first", whole, pl.lit(SINCE), open_end),
        ]
    ).sort("key", "valid_from", "place")


def _attributions(firm: Size) -> pl.DataFrame:
    rows = attribution_places(firm)
    fraction = (pl.col("share") % 10_000).cast(pl.String).str.zfill(4)
    percent = pl.concat_str((pl.col("share") // 10_000).cast(pl.String), pl.lit("."), fraction)
    return rows.with_columns(account_numbers(firm).gather(rows["key"]), broker_numbers(firm).gather(rows["place"])).select(
        "account_no",
        "broker_no",
        percent.alias("share"),
        pl.lit("confirmed").alias("state"),
        "valid_from",
        "valid_to",
        pl.col("valid_from").alias("confirmed_on"),
    )


def _servicing(firm: Size) -> pl.DataFrame:
    key = pl.int_range(0, pl.len(), dtype=pl.Int64)
    staff = pl.concat_str(pl.lit("S"), (key * 13 % firm.staff + 1).cast(pl.String).str.zfill(5))
    return _span(pl.DataFrame({"account_no": account_numbers(firm)}).select("account_no", staff.alias("staff_no"), pl.lit("servicer").alias("role")))


def _exchange_fees() -> pl.DataFrame:
    rows = []
    for place, (exchange, code) in enumerate(PRODUCTS):
        by_money, by_lot = exchange_rates(place)
        rates = (f"0.{by_money:08d}", f"{by_lot // 100}.{by_lot % 100:02d}") * 3
        rows.append((exchange, code, SINCE, "", *rates))
    columns = ("open_by_money", "open_by_lot", "close_by_money", "close_by_lot", "close_today_by_money", "close_today_by_lot")
    return pl.DataFrame(rows, schema=["exchange", "product", "valid_from", "valid_to", *columns], orient="row")


def write_masters(size: str, folder: Path) -> list[Path]:
    """The master files and plans.json, in the order of import."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, frame in masters(size).items():
        if name == "agreements":
            paths.append(folder / "plans.json")
            paths[-1].write_text(json.dumps(bench_plans.PLANS, ensure_ascii=False, indent=1), encoding="utf-8")
        paths.append(folder / f"{name}.csv")
        frame.write_csv(paths[-1])
    return paths
