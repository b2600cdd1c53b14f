"""One month inside a broker's machine-readable statement: its settled days, the broker's accounts with who shares them, the
trades and balances that are his, what stands below him, and for an earlier month what was posted for it so far. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl
from sqlalchemy import func, select

from models import db
from models.attribution import Attribution
from models.clients import Account
from models.columns import OPEN_END
from models.commission import CommissionRun, MonthClose, Plan, PlanVersion, RunLevel, RunStatement
from models.partners import Broker
from models.values.calendar import Month
from portal.commission import store
from portal.commission.facts import MonthFacts
from portal.commission.load import Part, load_month
from portal.commission.month import attribute_month, chains_wanted
from portal.commission.price import earning_rows, price_overrides
from portal.commission.vocabulary import Kind, Reason
from portal.versions import current

LINE_COLUMNS = ("kind", "account", "day", "exchange", "product", "part", "amount", "reason", "plan", "version", "level", "downline", "origin")
"""A line of the file: `version` is the plan version's first day, `part` and `amount` are fen, what is empty is null."""
TRADE_COLUMNS = ("day", "account", "exchange", "product", "lots", "turnover", "fee", "exchange_fee")
OVERRIDE_COLUMNS = ("day", "account", "exchange", "product", "level", "downline")
STATES = {0: "confirmed", Reason.attribution_pending.value: "pending", Reason.attribution_suspended.value: "suspended"}
AT_ONCE = 10_000
"""So many ids are asked for in one statement."""
OVERRIDE = pl.col("kind") == Kind.override.value


@dataclass
class Names:
    """The firm's numbers and codes behind the database's ids, asked for once."""

    accounts: dict[int, str] = field(default_factory=dict)
    brokers: dict[int, str] = field(default_factory=dict)
    plans: dict[int, str] = field(default_factory=dict)
    versions: dict[int, date] = field(default_factory=dict)

    def plan(self, plan_id: int) -> str:
        """A plan's code."""
        if not self.plans:
            self.plans = {row.id: row.plan_code for row in db.session.execute(select(Plan.id, Plan.plan_code))}
        return self.plans[plan_id]

    def learn(self, accounts: set[int], brokers: set[int], versions: set[int]) -> None:
        """Ask for those that are not known yet, all at once."""
        _learn(self.accounts, accounts, Account.id, Account.account_no)
        _learn(self.brokers, brokers, Broker.id, Broker.broker_no)
        _learn(self.versions, versions, PlanVersion.id, PlanVersion.valid_from)

    def lines(self, lines: pl.DataFrame) -> list[list[Any]]:
        """Stored lines as LINE_COLUMNS, sorted."""
        self.learn(*(set(lines[name].drop_nulls().to_list()) for name in ("account_id", "downline_id", "plan_version_id")))
        found = []
        for row in lines.iter_rows(named=True):
            named = {
                "kind": Kind(row["kind"]).name,
                "account": self.accounts.get(row["account_id"]),
                "day": str(row["trade_date"]) if row["trade_date"] else None,
                "exchange": row["exchange"],
                "product": row["product"],
                "part": row["part"],
                "amount": row["amount"],
                "reason": Reason(row["reason"]).name if row["reason"] else "",
                "plan": self.plan(row["plan_id"]) if row["plan_id"] is not None and row["plan_id"] >= 0 else "",
                "version": str(self.versions[row["plan_version_id"]]) if row["plan_version_id"] in self.versions else "",
                "level": row["level"],
                "downline": self.brokers.get(row["downline_id"]),
                "origin": row["origin"],
            }
            found.append([named[name] for name in LINE_COLUMNS])
        return sorted(found, key=lambda line: [str(value or "") for value in line])


def _learn(held: dict[int, Any], wanted: set[int], key: Any, value: Any) -> None:
    fresh = sorted(wanted - held.keys())
    for start in range(0, len(fresh), AT_ONCE):
        rows = db.session.execute(select(key, value).where(key.in_(fresh[start : start + AT_ONCE])))
        held.update((row[0], row[1]) for row in rows)


@dataclass(frozen=True)
class PackMonth:
    """A month and what the file says of it."""

    month: Month
    content: dict[str, Any]


def pack_month(month: Month, run: CommissionRun, broker: Broker, lines: pl.DataFrame, names: Names) -> PackMonth:
    """What the file says of a month: the statement's own, or an earlier one that it corrects."""
    known, own = run.known_recording_id, str(month) == run.period
    here = lines.filter(pl.col("origin") == ("" if own else str(month)))
    mine = _my_accounts(month, known, broker)
    above = set(here.filter(OVERRIDE)["account_id"].drop_nulls().to_list())
    facts = load_month(month, known, Part(sorted(mine | above), None, frozenset({broker.id})))
    me = facts.brokers.filter(pl.col("broker_id") == broker.id)["b"].item()
    names.learn(mine | above, set(facts.brokers["broker_id"]), set())
    overrides = (
        _overrides(month, facts, me, run).filter(pl.col("account").is_in(sorted(above)))
        if above
        else pl.DataFrame(schema={"account": pl.Int32, "day": pl.Date, "pid": pl.Int32, "level": pl.UInt8, "downline": pl.Int32})
    )
    trades, balances = _facts(facts, me, overrides)
    products, numbers = {row[0]: row[1:] for row in facts.products().iter_rows()}, dict(facts.brokers.select("b", "broker_id").iter_rows())
    content: dict[str, Any] = {
        "period": str(month),
        "role": "own" if own else "origin",
        "settled_days": [str(day) for day in facts.days],
        "accounts": _accounts(facts, me, overrides, names),
        "trades": sorted([str(day), names.accounts[account], *products[pid], lots, turnover, fee, exchange_fee] for day, account, pid, lots, turnover, fee, exchange_fee in trades),
        "balances": sorted([str(day), names.accounts[account], equity] for day, account, equity in balances),
        "overrides": sorted(
            [str(row["day"]), names.accounts[row["account"]], *products[row["pid"]], row["level"], names.brokers[numbers[row["downline"]]]]
            for row in overrides.iter_rows(named=True)
        ),
    }
    if not own:
        content |= _posted(month, run, broker, above, names)
    return PackMonth(month, content)


def _my_accounts(month: Month, known: int, broker: Broker) -> set[int]:
    touched = select(Attribution.account_id).where(Attribution.broker_id == broker.id)
    rows = current(Attribution, known, Attribution.account_id.in_(touched)).subquery()
    query = select(rows.c.account_id).where(rows.c.broker_id == broker.id, rows.c.valid_from <= month.last, rows.c.valid_to > month.first)
    return set(db.session.execute(query).scalars())


def _overrides(month: Month, facts: MonthFacts, me: int, run: CommissionRun) -> pl.DataFrame:
    """The engine's override lines of the broker: which rows of those below him earned."""
    attributed = attribute_month(facts)
    tiers = store.read_tiers(run.id, str(month), facts)
    earning = earning_rows(attributed.trades, facts.terms, tiers)
    chains = chains_wanted(facts).filter(pl.col("upline") == me)
    return price_overrides(earning, chains, facts.standing, facts.ties, facts.terms)


def _facts(facts: MonthFacts, me: int, overrides: pl.DataFrame) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The trade and balance rows of the days on which the broker has a row of the account, and the trades below him."""
    mine = list(facts.attributions.filter(pl.col("b") == me).select("account", "valid_from", "valid_to").iter_rows())
    below = set(overrides.select("day", "account", "pid").iter_rows())
    trades, balances = [], []
    for day in facts.days:  # a day of one broker is a handful of rows: looked at one by one they cost less than joining frames
        loaded = facts.load(day, facts.known)
        accounts = {account for account, first, end in mine if first <= day < end}
        for account, pid, *rest in loaded.trades.select("account", "pid", "lots", "turnover", "fee", "exchange_fee").iter_rows():
            if account in accounts or (day, account, pid) in below:
                trades.append((day, account, pid, *rest))
        balances += [(day, account, equity) for account, equity in loaded.equity.select("account", "equity").iter_rows() if account in accounts]
    return trades, balances


def _accounts(facts: MonthFacts, me: int, overrides: pl.DataFrame, names: Names) -> list[dict[str, Any]]:
    """Each account's attribution rows in the order of the split, and what ties the broker to it."""
    below: dict[int, set[int]] = {}
    for account, downline in overrides.select("account", "downline").unique().iter_rows():
        below.setdefault(account, set()).add(downline)
    numbers = dict(facts.brokers.select("b", "broker_id").iter_rows())
    ties: dict[int, list[list[str]]] = {}
    for account, first, end, reason in facts.ties.filter(pl.col("b") == me).select("account", "valid_from", "valid_to", "reason").iter_rows():
        ties.setdefault(account, []).append([Reason(reason).name, str(first), _end(end)])
    found = []
    for (account,), rows in facts.attributions.sort("account", "b", "valid_from").group_by("account", maintain_order=True):
        named = {me, *below.get(int(str(account)), ())}
        seen = rows.filter(pl.col("b").is_in(sorted(named)))
        if seen.height:
            shown = _shares(facts.month, rows, seen, {b: names.brokers[numbers[b]] for b in named})
            found.append({"account": names.accounts[int(str(account))], "rows": shown, "ties": sorted(ties.get(int(str(account)), []))})
    return sorted(found, key=lambda item: item["account"])


def _shares(month: Month, rows: pl.DataFrame, seen: pl.DataFrame, named: dict[int, str]) -> list[list[Any]]:
    """[who, share, state, from, to, confirmed on] in ascending order of the brokers; others only as far as the broker's own days reach."""
    spans = _union(list(seen.select("valid_from", "valid_to").iter_rows()))
    labels: dict[int, str] = {}
    found: list[list[Any]] = []
    for b, share, reason, first, end, confirmed in rows.select("b", "share", "reason", "valid_from", "valid_to", "confirmed_on").iter_rows():
        if b in named:
            found.append([named[b], share, STATES[reason], str(first), _end(end), str(confirmed) if confirmed else ""])
            continue
        label = labels.setdefault(b, f"*{len(labels) + 1}")
        for start, stop in spans:
            since, until = max(first, start, month.first), min(end, stop, month.last + timedelta(days=1))
            if since < until:
                found.append([label, share, "", str(since), str(until), ""])
    return found


def _union(spans: list[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans that overlap as one, so that nobody is counted twice on a day."""
    found: list[tuple[date, date]] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((first, end))
    return found


def _end(day: date) -> str:
    return "" if day == OPEN_END else str(day)


def _posted(month: Month, run: CommissionRun, broker: Broker, above: set[int], names: Names) -> dict[str, Any]:
    """What was posted for an earlier month before this one. Overrides on other accounts than those corrected are one sum."""
    posted = store.posted_for(str(month), before=run.period, brokers={broker.broker_no: broker.id})
    shown = posted.filter(~OVERRIDE | pl.col("account_id").is_in(sorted(above)))
    level = select(RunStatement.cap_or_guarantee).join(MonthClose, MonthClose.run_id == RunStatement.run_id)
    level = level.where(MonthClose.period == str(month), RunStatement.broker_id == broker.id)
    later = select(func.coalesce(func.sum(RunLevel.amount), 0)).join(MonthClose, MonthClose.run_id == RunLevel.run_id)
    later = later.where(RunLevel.origin == str(month), RunLevel.broker_id == broker.id, MonthClose.period < run.period)
    return {
        "posted": names.lines(shown),
        "posted_elsewhere": int(posted["amount"].sum()) - int(shown["amount"].sum()),
        "posted_level": int(db.session.execute(level).scalar() or 0) + int(db.session.execute(later).scalar_one()),
    }
