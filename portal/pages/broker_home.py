"""A broker's first page: what is his today, what he earned and will earn, what changed, whom to call, what lapses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from flask_babel import gettext as _

from models import db
from models.commission import CommissionRun
from models.partners import Broker
from models.values.calendar import Month
from portal.actors import Actor
from portal.audit.recordings import last_recording_id
from portal.clients.queries import seen_by_broker
from portal.commission import book, payout_balances, queries
from portal.commission.changes import Changes, changes
from portal.commission.fading import BOOK_DAY, DAYS, Fading, fading
from portal.commission.lapses import Lapse, Standing, lapses, standing_of
from portal.commission.outlook import Outlook, outlook
from portal.commission.vocabulary import Kind
from portal.pages import words
from portal.pages.broker_words import lapse_text, outlook_text, signed, why_call
from portal.refusals import Refusal
from portal.settlement.calendar import trading_days
from portal.web.formats import yuan_text
from portal.web.remembered import remembered

YEAR = timedelta(days=366)
NO_LINES: dict[str, Any] = {"unpaid": [], "corrections": [], "overrides": None}


@dataclass(frozen=True)
class Client:
    """How a client is called on screen."""

    account_no: str
    name: str


def overview(actor: Actor, day: date) -> dict[str, Any]:
    """Everything that the page shows of the signed-in broker."""
    broker = queries.broker_for(actor, actor.broker_no or "")
    standing = standing_of(broker)
    months = db.session.execute(payout_balances.with_payments(queries.statements(actor)).where(Broker.id == broker.id).order_by(CommissionRun.period.desc()).limit(6)).all()
    here = next((row for row in months if row.CommissionRun.period == str(Month.of(day))), None)
    days = queries.broker_days(broker.id, day - YEAR)
    last, previous = _last_two(day)
    estimate = expected(days, here.RunStatement.earned if here else None, day)
    return {
        "states": words.STATES,
        "why_call": why_call,
        "lapse_text": lapse_text,
        "last_day": lambda first_without: first_without - timedelta(days=1),
        "as_of": last,
        "previous": previous,
        "broker": broker,
        "standing": standing,
        "days": days,
        "today": _of_day(days, last),
        "equity_trend": _trend(_of_day(days, previous), _of_day(days, last)),
        "earned_trend": _against_last_month(days, last),
        "months": months,
        "here": here,
        "outlook": estimate,
        "outlook_said": outlook_text(estimate) if estimate else "",
        "figure_of": equity_figure(days, plan_changes(standing)),
        "columns": words.COLUMNS,
        "next_payout": payout_balances.next_payout(broker.id),
        **remembered(("book", broker.id, day, last_recording_id()), lambda: _of_book(broker, standing, last, previous)),
        **(remembered(("lines", broker.id, here.CommissionRun.id), lambda: _of_lines(here.CommissionRun, broker)) if here else NO_LINES),
    }


def _last_two(day: date) -> tuple[date, date | None]:
    days = book.last_days(day, 2)
    return days[-1], days[0] if len(days) > 1 else None


def _of_day(days: list[tuple[date, int, int, int, int]], day: date | None) -> tuple[date, int, int, int, int] | None:
    return next((row for row in reversed(days) if row[0] == day), None)


def _trend(before: tuple[date, int, int, int, int] | None, now: tuple[date, int, int, int, int] | None) -> dict[str, str] | None:
    """How the equity moved since the day before: an arrow that says which way, without a colour that judges a market's move."""
    if before is None or now is None:
        return None
    return _moved(now[2] - before[2], str(_("%(change)s since %(day)s", change=_whole(now[2] - before[2]), day=before[0])))


def _whole(change: int) -> str:
    """A change with its sign, which no line may end between."""
    return signed(change).replace("¥", "\N{WORD JOINER}¥")


def _moved(change: int, text: str) -> dict[str, str]:
    return {"text": text, "direction": "up" if change > 0 else "down" if change < 0 else "flat", "tone": "neutral"}


def _against_last_month(days: list[tuple[date, int, int, int, int]], day: date) -> dict[str, str] | None:
    """What the month earned so far against as many settled days of the month before."""
    month = Month.of(day)
    now = [row[4] for row in days if month.first <= row[0] <= day]
    then = [row[4] for row in days if Month.of(row[0]) == month.plus(-1)][: len(now)]
    if not now or len(then) < len(now):
        return None
    change = sum(now) - sum(then)
    return _moved(change, str(_("%(change)s against the first %(days)s days of last month", change=_whole(change), days=len(now))))


def _of_book(broker: Broker, standing: Standing, day: date, previous: date | None) -> dict[str, Any]:
    """What the attributed accounts say: how many, what changed, whom to call, what lapses; and how the clients are called."""
    spans, rows = _book(broker, day)
    clients = clients_of(broker)
    # How much was his on the day stays; of clients who were handed over since, nothing is told by name.
    seen = rows.filter(pl.col("account").is_in(list(db.session.execute(seen_by_broker(broker.broker_no, day)).scalars())))
    return {
        "accounts": rows.filter(pl.col("day") == day).height,
        "changes": _changes(seen, day, previous),
        "calls": calls(seen),
        "lapses": lapses_of(broker, standing, spans, clients, day),
        "clients": clients,
    }


def _book(broker: Broker, day: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The broker's spans, and his book with trades over the days that fading looks at."""
    days = book.last_days(day, 2 * DAYS)
    spans = book.spans_of(broker.id)
    balances = book.balances_on(days, book.touched_by(broker.id))
    trades = book.trades_on(days, book.touched_by(broker.id), balances)
    traded = trades.group_by("day", "account").agg(pl.col("lots").sum(), retained=(pl.col("fee") - pl.col("exchange_fee")).sum())
    rows = book.book_of(broker.id, days, spans, balances).join(traded, on=["day", "account"], how="left")
    return spans, rows.with_columns(pl.col("lots", "retained").fill_null(0))


def calls(rows: pl.DataFrame) -> list[Fading]:
    """Whom to call, of a book with trades."""
    return fading(rows.drop_nulls("equity").select(pl.col(name).cast(kind) for name, kind in BOOK_DAY.items()))


def clients_of(broker: Broker) -> dict[int, Client]:
    """Every client that a broker ever had a row on, by account id."""
    rows = book.named(book.touched_by(broker.id))
    return {account: Client(account_no, name) for account, account_no, name, _opened in rows.iter_rows()}


def _changes(rows: pl.DataFrame, day: date, previous: date | None) -> Changes | None:
    return None if previous is None else changes(rows.filter(pl.col("day") == previous), rows.filter(pl.col("day") == day))


def lapses_of(broker: Broker, standing: Standing, spans: pl.DataFrame, clients: dict[int, Client], day: date) -> list[Lapse]:
    """What lapses, attributions named by account number."""
    mine = spans.filter(pl.col("broker") == broker.id)
    return lapses(standing, [(clients[account].account_no, first, end) for account, first, end in mine.select("account", "valid_from", "valid_to").iter_rows()], day)


def expected(days: list[tuple[date, int, int, int, int]], earned: int | None, day: date) -> Outlook | None:
    """What the month of `day` will have earned at its end; None where nobody can say. `earned` is what it earned so far."""
    if earned is None:
        return None
    month = Month.of(day)
    try:
        left = trading_days(day + timedelta(days=1), month.last) if day < month.last else []
    except Refusal:  # the calendar does not know the year
        return None
    return outlook(earned, [row[4] for row in days if row[0] <= day], len(left))


def plan_changes(standing: Standing) -> dict[date, str]:
    """The days from which another agreement or another version of a plan counts, each with what counts from then on."""
    changed: dict[date, str] = {}
    for agreement, code in standing.agreements:
        changed[agreement.valid_from] = str(_("Plan %(code)s", code=code))
        for version in standing.versions:
            if version.plan_id == agreement.plan_id and agreement.valid_from < version.valid_from < agreement.valid_to:
                changed[version.valid_from] = str(_("%(code)s changed", code=code))
    return changed


def equity_figure(days: list[tuple[date, int, int, int, int]], changed: dict[date, str]) -> dict[str, Any]:
    """Attributed equity day by day, as a figure; the days from which the plan is another one are marked in it and in its table."""
    values = [row[2] for row in days]
    if not values:
        return {}
    sentence = _("From %(first)s to %(last)s: from %(before)s to %(after)s.", first=days[0][0], last=days[-1][0], before=yuan_text(values[0]), after=yuan_text(values[-1]))
    notes = {next(row[0] for row in days if row[0] >= first): text for first, text in changed.items() if days[0][0] < first <= days[-1][0]}
    data = {"unit": "fen", "x": [str(row[0]) for row in days], "series": [{"name": _("Attributed equity"), "values": values, "area": True}]}
    data["marks"] = [{"x": str(day), "name": text} for day, text in sorted(notes.items())]
    rows = [(row[0], yuan_text(row[2]), yuan_text(row[4]), row[1], notes.get(row[0], "")) for row in reversed(days)]
    return {"sentence": sentence, "data": data, "rows": rows}


def _of_lines(run: CommissionRun, broker: Broker) -> dict[str, Any]:
    """What the month's lines say beside their sum: why some pay 0, what was corrected, what downlines brought."""
    lines = queries.broker_lines(run, broker)
    counts = lines.filter(pl.col("reason") != "").group_by("reason").len().sort("len", "reason", descending=[True, False])
    corrected = lines.filter(pl.col("origin") != "").group_by("origin").agg(pl.col("amount_fen").sum(), pl.len()).sort("origin")
    overrides = lines.filter((pl.col("kind") == Kind.override.name) & (pl.col("origin") == ""))
    return {
        "unpaid": [(reason, words.REASONS[reason], count) for reason, count in counts.iter_rows()],
        "corrections": corrected.rows(),
        "overrides": int(overrides["amount_fen"].sum()) if overrides.height else None,
    }
