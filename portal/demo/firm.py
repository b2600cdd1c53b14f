"""Makes the demonstration firm's files."""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from models.identity import Role
from models.values.calendar import Month
from portal.demo import book, clients, files, later, partners, stories
from portal.demo.calendar import LAST_DAY, MONTHS_TO_CLOSE, OPEN_MONTHS, trading_days
from portal.demo.partners import Row
from portal.demo.products import settlement_prices

SEED = 20261030


@dataclass(frozen=True)
class SignIn:
    """A user of the demonstration: a role and what the person is bound to."""

    role: Role
    email: str
    name: str
    broker_no: str | None = None
    client_no: str | None = None
    staff_no: str | None = None
    branch_no: str | None = None


@dataclass(frozen=True)
class DemoFirm:
    """What was made: the files in the order of import, those to import after closing, the months, the people."""

    folder: Path
    masters: tuple[Path, ...]
    days: tuple[tuple[date, Path, Path], ...]
    """Per settled day: the date, its balances, its trades."""
    later: tuple[Path, ...]
    months_to_close: tuple[Month, ...]
    open_months: tuple[Month, ...]
    last_settled_day: date
    sign_ins: tuple[SignIn, ...]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file to import at first: masters, then day by day."""
        return (*self.masters, *(path for _, balances, trades in self.days for path in (balances, trades)))


def make(folder: Path) -> DemoFirm:
    """Write the firm's files into `folder` (made where missing); the same bytes every time.

    Raises FileExistsError where the folder holds something already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    rows = masters()
    balances, trades = days(rows)
    written = [files.write_rows(folder / f"{name}.csv", content) for name, content in rows.items()]
    written.insert(_PLANS_AT, files.write_plans(folder / "plans.json"))
    pairs = zip(files.write_days(folder, "balances", balances), files.write_days(folder, "trades", trades), strict=True)
    corrections = folder / "later"
    corrections.mkdir()
    return DemoFirm(
        folder=folder,
        masters=tuple(written),
        days=tuple((day, *pair) for day, pair in zip(trading_days(), pairs, strict=True)),
        later=tuple(later.write(corrections, rows, trades)),
        months_to_close=MONTHS_TO_CLOSE,
        open_months=OPEN_MONTHS,
        last_settled_day=LAST_DAY,
        sign_ins=sign_ins(rows),
    )


_PLANS_AT = 4
"""Plans come before the agreements that name them."""


def masters() -> dict[str, list[Row]]:
    """The rows of every master file but the plans, in the order of import."""
    accounts = clients.accounts(_chance("accounts"))
    serving = clients.servicing(_chance("servicing"), accounts)
    going = clients.gone_along(accounts, serving)
    for row in accounts:
        row["closed_on"] = str(going.get(row["account_no"], row["closed_on"]))
    return {
        "branches": partners.branches(),
        "staff": partners.staff(_chance("staff")),
        "brokers": partners.brokers(_chance("brokers")),
        "broker_statuses": partners.statuses(),
        "licences": partners.licences(),
        "uplines": partners.uplines(),
        "agreements": partners.agreements(),
        "accounts": accounts,
        "relatives": clients.relatives(accounts),
        "attributions": clients.attributions(_chance("attributions"), accounts),
        "servicing": serving,
        "exchange_fees": files.exchange_fees(),
        "adjustments": partners.adjustments(),
    }


def invented_sign_ins() -> tuple[SignIn, ...]:
    """Who signs in, without making the year."""
    return sign_ins(masters())


def _chance(name: str) -> random.Random:
    return random.Random(f"{SEED}:{name}")  # noqa: S311 - a repeatable firm, no secret


def days(rows: dict[str, list[Row]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The year's balances and trades, in the files' columns, amounts in fen, sorted by day and account."""
    people = files.with_dates(rows["accounts"], "opened_on", "closed_on").select("account_no", "kind", "opened_on", "closed_on")
    fading = {row["account_no"] for row in rows["attributions"] if row["broker_no"] == stories.FADING_BROKER}
    going = list(clients.gone_along(rows["accounts"], rows["servicing"]))
    settled = trading_days()
    people = people.with_row_index("key").with_columns(
        (pl.col("key") < clients.OLD).alias("old"),
        *_fading(pl.col("account_no").is_in(fading), pl.col("account_no").is_in(going)),
        _last_days(people["closed_on"], settled),
    )
    prices = settlement_prices(_chance("prices"), len(settled))
    balances, trades = [], []
    for day, (balance, trade) in zip(settled, book.year(SEED, people, settled, prices), strict=True):
        dated = pl.lit(day).alias("trade_date")
        balances.append(balance.select(dated, *files.BALANCE_COLUMNS[1:]))
        trades.append(trade.join(people.select("key", "account_no"), on="key", how="left", maintain_order="left").select(dated, *files.TRADE_COLUMNS[1:]))
    return pl.concat(balances), pl.concat(trades)


def _fading(of_the_broker: pl.Expr, goes_along: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """From when on a client draws money out and trades less, and from when on not at all: those of the broker whose clients fade, who goes along with
    the staff member who left, and whoever closes his account. Nobody goes from one day to the next."""
    before = pl.col("closed_on") - stories.SILENT_BEFORE_CLOSING
    fades = pl.when(goes_along).then(pl.lit(stories.GONE_ON)).when(of_the_broker).then(pl.lit(stories.FADING_SINCE)).otherwise(pl.col("closed_on") - stories.FADES_BEFORE_CLOSING)
    silent = pl.when(of_the_broker).then(pl.min_horizontal(pl.lit(stories.FADING_SILENT), before)).otherwise(before)
    return fades.alias("fades_on"), silent.alias("silent_on")


def _last_days(closed: pl.Series, settled: list[date]) -> pl.Series:
    """The last settled day before each account is closed: what is left is paid out on it."""
    places = [0 if day is None else bisect_left(settled, day) for day in closed]
    return pl.Series("empties_on", [settled[place - 1] if place else None for place in places], dtype=pl.Date)


def sign_ins(rows: dict[str, list[Row]]) -> tuple[SignIn, ...]:
    """One person per role, and a second one in finance: whoever prepares a month does not approve it."""
    broker = next(row for row in rows["brokers"] if row["broker_no"] == stories.DISPUTE_BROKERS[0])
    client = rows["accounts"][stories.DISPUTED]
    serving, leading = rows["staff"][6], rows["staff"][1]
    return (
        SignIn(Role.ADMIN, "admin@example.com", "系统管理员"),
        SignIn(Role.FINANCE, "finance@example.com", "财务甲"),
        SignIn(Role.FINANCE, "finance2@example.com", "财务乙"),
        SignIn(Role.COMPLIANCE, "compliance@example.com", "合规专员"),
        SignIn(Role.AUDITOR, "auditor@example.com", "审计员"),
        SignIn(Role.BRANCH_MANAGER, "manager@example.com", leading["name"], staff_no=leading["staff_no"], branch_no=leading["branch_no"]),
        SignIn(Role.STAFF, "staff@example.com", serving["name"], staff_no=serving["staff_no"], branch_no=serving["branch_no"]),
        SignIn(Role.BROKER, "broker@example.com", broker["name"], broker_no=broker["broker_no"]),
        SignIn(Role.CLIENT, "client@example.com", client["name"], client_no=client["client_no"]),
    )
