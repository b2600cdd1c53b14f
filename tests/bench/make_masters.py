"""The master files of the reference firms, as text columns."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl

from portal.demo.noise import below
from tests.bench import plans as bench_plans
from tests.bench.sizes import DAYS, PRODUCTS, SINCE, SIZES, Size, account_numbers, broker_numbers, exchange_rates, keys, numbered


def masters(size: str) -> dict[str, pl.DataFrame]:
    """The master files of a reference firm, as text columns, in the order of import. Plans are `tests.bench.plans.PLANS`."""
    firm = SIZES[size]
    return {
        "branches": numbered(firm.branches, "branch_no", "{:03d}").select("branch_no", pl.concat_str(pl.lit("营业部"), "branch_no").alias("name")),
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


def _span(frame: pl.DataFrame, since: str = SINCE) -> pl.DataFrame:
    return frame.with_columns(pl.lit(since).alias("valid_from"), pl.lit("").alias("valid_to"))


def _of_brokers(firm: Size, **more: str) -> pl.DataFrame:
    return _span(pl.DataFrame({"broker_no": broker_numbers(firm)}).with_columns(pl.lit(value).alias(name) for name, value in more.items()))


def _staff(firm: Size) -> pl.DataFrame:
    place = pl.int_range(0, pl.len())
    return numbered(firm.staff, "staff_no", "S{:05d}").select(
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
    """Clients open their accounts at their broker's branch, every tenth elsewhere."""
    key = pl.int_range(0, pl.len(), dtype=pl.Int64)
    places = _first_owners(firm)
    branch = pl.when(key % 10 == 0).then(key % firm.branches).otherwise(places % firm.branches)
    client = pl.concat_str(pl.lit("C"), key.cast(pl.String).str.zfill(7))
    return pl.DataFrame({"account_no": account_numbers(firm)}).select(
        "account_no",
        client.alias("client_no"),
        pl.concat_str(pl.lit("客户"), key.cast(pl.String)).alias("name"),
        pl.lit("person").alias("kind"),
        _person_id(key, 1960).alias("id_no"),
        pl.concat_str(pl.lit("1992"), key.cast(pl.String).str.zfill(7)).alias("phone"),
        pl.concat_str(client.str.to_lowercase(), pl.lit("@example.com")).alias("email"),
        (branch + 1).cast(pl.String).str.zfill(3).alias("branch_no"),
        pl.lit(SINCE).alias("opened_on"),
        pl.lit("").alias("closed_on"),
        pl.lit("C4").alias("risk_grade"),
        pl.lit("1980-01-01").alias("birthday"),
    )


def _first_owners(firm: Size) -> pl.Series:
    """The place of each account's first broker: the lower the place, the larger the book."""
    luck = below(65_536, firm.stream("owner"), keys(firm))
    return luck * luck // 65_536 * firm.brokers // 65_536


def attribution_places(firm: Size) -> pl.DataFrame:
    """key, place (of the broker), share (parts per million), valid_from and valid_to (text), by account."""
    key = keys(firm)
    first = _first_owners(firm)
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
