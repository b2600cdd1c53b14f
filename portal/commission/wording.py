"""The reasons behind a line in words. A step is a sentence with its values; doors translate it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from models.columns import OPEN_END
from models.values.money import yuan
from models.values.rates import RATE_UNIT, SHARE_WHOLE, decimal_text
from portal.commission import sources
from portal.commission.terms import Terms
from portal.commission.vocabulary import Kind, Reason

if TYPE_CHECKING:
    from portal.commission.explain import Explained, Priced


@dataclass(frozen=True)
class Step:
    """One sentence of an explanation: an English sentence that is also the key of its translation, and its values."""

    message: str
    values: dict[str, Any]

    def shown(self, zone: ZoneInfo) -> dict[str, Any]:
        """The values as a reader sees them: moments in his time zone, to the minute."""
        return {name: value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else value for name, value in self.values.items()}


def N_(message: str) -> str:
    """Mark a sentence for translation."""
    return message


REASONS = {
    Reason.broker_inactive: N_("It pays 0 because the broker was not active on that day (no status row that says active)."),
    Reason.licence_expired: N_("It pays 0 because the broker, a natural person, had no valid licence on that day."),
    Reason.no_agreement: N_("It pays 0 because no introducing agreement covered that day."),
    Reason.no_plan_version: N_("It pays 0 because the agreement's plan has no version that covers that day."),
    Reason.attribution_pending: N_("It pays 0 because the attribution was still pending on that day: the confirmation call was outstanding."),
    Reason.attribution_suspended: N_("It pays 0 because the attribution was suspended on that day."),
    Reason.self_account: N_("It pays 0 because the client is the broker himself (the same ID number)."),
    Reason.related_account: N_("It pays 0 because the client is registered as a relative or insider of the broker on that day."),
    Reason.no_rate: N_("It pays 0 because the plan names no rate per lot for this product."),
    Reason.below_first_tier: N_("It pays 0 because the month's measure is not above 0 or lies below the first step."),
}


def correction(origin: str, today: int, so_far: int, amount: int) -> Step:
    """Why a closed month's line is corrected."""
    message = N_("A correction of %(origin)s, which is closed: by today's knowledge the line is %(today)s, posted so far were %(posted)s, so the difference is %(difference)s.")
    return Step(message, {"origin": origin, "today": yuan(today), "posted": yuan(so_far), "difference": yuan(amount)})


def steps_of(kind: Kind, line: dict[str, Any], explained: Explained, priced: Priced) -> list[Step]:
    """The steps from the file to the amount of a line that the engine gave."""
    steps = _source(kind, explained, priced)
    if kind is Kind.override:
        steps += _upline(line, priced)
    else:
        steps += _attribution(kind, line, priced)
    steps += _agreement(line, priced)
    if line["reason"]:
        return [*steps, *_tier(line, priced), Step(REASONS[Reason(line["reason"])], {})]
    return steps + _formula(kind, line, explained, priced)


def _source(kind: Kind, explained: Explained, priced: Priced) -> list[Step]:
    assert explained.trade_date is not None
    facts = priced.source
    if kind is Kind.equity:
        values = {"file": facts.balance_file, "line": facts.balance_line, "equity": yuan(facts.equity), "day": explained.trade_date}
        return [Step(N_("Closing equity on %(day)s: %(equity)s yuan (%(file)s, line %(line)s)."), values)]
    trade = facts.trade(explained.exchange, explained.product)
    if trade is None:
        return []
    values = {
        "file": trade.file,
        "lines": ", ".join(map(str, trade.lines)),
        "lots": trade.lots,
        "product": f"{explained.exchange}.{explained.product}",
        "fee": yuan(trade.fee),
        "exchange_fee": yuan(trade.exchange_fee),
        "retained": yuan(trade.fee - trade.exchange_fee),
        "turnover": yuan(trade.turnover),
    }
    return [
        Step(
            N_("%(product)s: %(lots)s lots, turnover %(turnover)s, fee %(fee)s − exchange fee %(exchange_fee)s = retained fee %(retained)s yuan (%(file)s, line %(lines)s)."),
            values,
        )
    ]


def _attribution(kind: Kind, line: dict[str, Any], priced: Priced) -> list[Step]:
    rows = (priced.equity if kind is Kind.equity else priced.trades.filter(pl.col("pid") == line["pid"])).sort("b")
    numbers = dict(priced.facts.brokers.select("b", "broker_no").iter_rows())
    mine = rows.filter(pl.col("b") == priced.me).row(0, named=True)
    row = sources.attribution_row(mine["attribution"])
    values: dict[str, Any] = {
        "share": decimal_text(mine["share"], 4),
        "state": row.state,
        "since": row.valid_from,
        "until": _end(row.valid_to),
        "confirmed": row.confirmed_on or "–",
        "recorded": row.recorded_at,
        "row": mine["attribution"],
    }
    steps = [Step(N_("Attribution row %(row)s: %(share)s %%, %(state)s, valid from %(since)s to %(until)s, confirmed on %(confirmed)s, recorded %(recorded)s."), values)]
    if kind in (Kind.retained_fee, Kind.none, Kind.equity) and priced.alone:
        steps.append(Step(N_("The share's part, split by largest remainder with whoever else has one, is %(part)s yuan."), {"part": yuan(mine["part"])}))
    elif kind in (Kind.retained_fee, Kind.none, Kind.equity):
        parts = ", ".join(f"{numbers[item['b']]} {decimal_text(item['share'], 4)} % → {yuan(item['part'])}" for item in rows.iter_rows(named=True))
        steps.append(
            Step(N_("Split by largest remainder: %(parts)s; the rest stays with the house. The broker's part is %(part)s yuan."), {"parts": parts, "part": yuan(mine["part"])})
        )
    return steps


def _upline(line: dict[str, Any], priced: Priced) -> list[Step]:
    numbers = dict(priced.facts.brokers.select("b", "broker_no").iter_rows())
    values = {"level": line["level"], "downline": numbers[line["downline"]], "part": yuan(line["part"])}
    return [Step(N_("Override: the broker stood %(level)s level(s) above %(downline)s on that day, whose part of the retained fee is %(part)s yuan."), values)]


def _agreement(line: dict[str, Any], priced: Priced) -> list[Step]:
    if line["plan"] is None or line["plan"] < 0:
        return []
    values: dict[str, Any] = {"plan": sources.plan_code(line["plan"])}
    if line["version"] is None or line["version"] < 0:
        return [Step(N_("The agreement of that day names plan %(plan)s."), values)]
    version = sources.plan_version(line["version"])
    values |= {"name": version.name, "since": version.valid_from, "until": _end(version.valid_to)}
    return [Step(N_("The agreement of that day names plan %(plan)s (%(name)s); its version valid from %(since)s to %(until)s counts."), values)]


def _end(day: date) -> str:
    return "…" if day == OPEN_END else str(day)


def _tier(line: dict[str, Any], priced: Priced) -> list[Step]:
    term = priced.facts.terms.get(line["version"])
    tier = priced.tiers.get((priced.me, line["version"]))
    if term is None or term.tiers is None or tier is None:
        return []
    steps = "; ".join(f"{decimal_text(threshold, 8)} → {percent(rate)}" for threshold, rate in term.tiers.steps)
    values = {"measure": term.tiers.measure, "amount": decimal_text(tier.measure, 8), "steps": steps, "days": tier.days}
    message = N_("The month's measure (%(measure)s) is %(amount)s over %(days)s settled days; the steps are %(steps)s.")
    return [Step(message, values)]


def percent(rate: int) -> str:
    """A rate of hundred-millionths in percent: 0.0672 is 6.72 %."""
    return f"{decimal_text(rate, 6)} %"


def _formula(kind: Kind, line: dict[str, Any], explained: Explained, priced: Priced) -> list[Step]:
    term = priced.facts.terms[line["version"]]
    steps = _tier(line, priced) if kind is Kind.retained_fee else []
    if kind is Kind.retained_fee:
        return [*steps, _fee_formula(line, term, priced)]
    if kind is Kind.override:
        rate = dict(term.overrides)[line["level"]]
        return [_product(line["part"], [Fraction(term.kept, RATE_UNIT), Fraction(rate, RATE_UNIT)], line["amount"])]
    if kind is Kind.equity:
        assert term.equity_rate is not None
        message = N_("%(part)s × %(rate)s ÷ %(days)s = %(exact)s, rounded half up to %(amount)s yuan.")
        exact = Fraction(line["part"] * term.equity_rate, term.day_count)
        return [
            Step(
                message,
                {"part": yuan(line["part"]), "rate": percent(term.equity_rate), "days": decimal_text(term.day_count, 8), "exact": _exact(exact), "amount": yuan(line["amount"])},
            )
        ]
    mine = priced.trades.filter((pl.col("b") == priced.me) & (pl.col("pid") == line["pid"])).row(0, named=True)
    share = Fraction(mine["share"], SHARE_WHOLE)
    if kind is Kind.per_lot:
        rate = term.lot_rate(explained.exchange, explained.product) or 0
        values = {"lots": mine["lots"], "share": decimal_text(mine["share"], 4), "rate": decimal_text(rate, 8), "exact": _exact(mine["lots"] * share * Fraction(rate, 10**6))}
        return [Step(N_("%(lots)s lots × %(share)s %% × %(rate)s yuan per lot = %(exact)s, rounded half up to %(amount)s yuan."), values | {"amount": yuan(line["amount"])})]
    assert term.turnover_rate is not None
    values = {"turnover": yuan(mine["turnover"]), "share": decimal_text(mine["share"], 4), "rate": decimal_text(term.turnover_rate, 8)}
    exact = mine["turnover"] * share * Fraction(term.turnover_rate, RATE_UNIT)
    return [
        Step(
            N_("%(turnover)s turnover × %(share)s %% × %(rate)s = %(exact)s, rounded half up to %(amount)s yuan."),
            values | {"exact": _exact(exact), "amount": yuan(line["amount"])},
        )
    ]


def _fee_formula(line: dict[str, Any], term: Terms, priced: Priced) -> Step:
    tier = priced.tiers.get((priced.me, line["version"]))
    if tier is not None and tier.marginal:
        message = N_("The month's total T is %(total)s; this line is %(part)s × T ÷ %(measure)s = %(exact)s, rounded half up to %(amount)s yuan.")
        exact = Fraction(line["part"] * tier.above, tier.below)
        return Step(message, {"total": yuan(tier.total), "part": yuan(line["part"]), "measure": yuan(tier.below), "exact": _exact(exact), "amount": yuan(line["amount"])})
    rate = Fraction(term.fee_rate, RATE_UNIT) if term.fee_rate is not None else Fraction(tier.above * RATE_UNIT, tier.below * term.kept)  # type: ignore[union-attr]
    return _product(line["part"], [Fraction(term.kept, RATE_UNIT), rate], line["amount"])


def _product(part: int, factors: list[Fraction], amount: int) -> Step:
    kept, rate = factors
    exact = part * kept * rate
    values = {"part": yuan(part), "deductions": percent(int((1 - kept) * RATE_UNIT)), "rate": percent(int(rate * RATE_UNIT)), "exact": _exact(exact), "amount": yuan(amount)}
    return Step(N_("%(part)s × (1 − %(deductions)s deductions) × %(rate)s = %(exact)s, rounded half up to %(amount)s yuan."), values)


def _exact(fen: Fraction) -> str:
    """An exact amount of fen in yuan, with as many decimals as it has, at most 12 shown."""
    scaled = fen * 10**10
    whole = int(scaled)
    return decimal_text(whole, 12) + ("" if scaled == whole else "…")
