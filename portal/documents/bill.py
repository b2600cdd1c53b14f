"""A client's bill (账单) of a day or a month as a paper: what the page shows, the PDF prints and the CSV holds. Pure but for its words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from flask_babel import gettext as _

from portal.clients.own import OwnAccount
from portal.commission.pack import digest_of
from portal.documents.paper import Cell, Column, Fen, Paper, Section, Share, text_of
from portal.settlement.bills import FLOWS, DayFunds, MonthBill, Traded, canonical_bill, day_adds_up, product_sums
from portal.settlement.risk_degree import risk_degree


def labels() -> dict[str, str]:
    """The amounts of a bill in the reader's language."""
    return {
        "previous_balance": _("Balance of the day before"),
        "deposit": _("Deposits"),
        "withdrawal": _("Withdrawals"),
        "other_in": _("Other receipts"),
        "other_out": _("Other payments"),
        "realized_pnl": _("Realized profit or loss"),
        "mtm_pnl": _("Mark-to-market profit or loss"),
        "premium": _("Option premium received − paid"),
        "fee": _("Fees"),
        "balance": _("Closing balance"),
        "beside": _("Pledged and other (equity − balance)"),
        "equity": _("Client equity"),
        "margin": _("Margin in use"),
        "available": _("Available funds"),
        "risk": _("Risk degree"),
    }


def day_bill(account: OwnAccount, day: DayFunds, traded: Sequence[Traded], locale: str, made: datetime) -> Paper:
    """The bill of one settled day."""
    names = labels()
    rows: list[tuple[Cell, ...]] = [(names[name], Fen(getattr(day, name))) for name in ("previous_balance", *FLOWS, "balance")]
    rows += _standing(day, names)
    says = _("The closing balance follows from the amounts above it.") if day_adds_up(day) else _("The closing balance does not follow from the amounts above it: ask the firm.")
    sections = (
        Section(_("Funds"), (Column(_("Item")), Column(_("Amount (yuan)"), True)), tuple(rows), frozenset({9, 11}), (says,)),
        _trades(traded),
    )
    corrected = ((_("Correction"), _("version %(number)s of this day", number=day.version)),) if day.version > 1 else ()
    return _paper(account, "bill", _("Daily bill"), str(day.trade_date), (*_as_of(day.trade_date), *corrected), [day], traded, sections, locale, made)


def month_paper(account: OwnAccount, bill: MonthBill, traded: Sequence[Traded], locale: str, made: datetime) -> Paper:
    """The bill of a month: the sum of its days, and the days themselves."""
    names, last = labels(), bill.days[-1]
    rows: list[tuple[Cell, ...]] = [(_("Balance at the beginning"), Fen(bill.days[0].previous_balance))]
    rows += [(names[name], Fen(bill.sums[name])) for name in FLOWS]
    rows += [(_("Balance at the end"), Fen(last.balance)), *_standing(last, names)]
    head = ((_("Days"), _("%(count)s settled days, %(first)s to %(last)s", count=len(bill.days), first=bill.days[0].trade_date, last=last.trade_date)), *_as_of(last.trade_date))
    sections = (
        Section(_("Funds of the month"), (Column(_("Item")), Column(_("Amount (yuan)"), True)), tuple(rows), frozenset({9, 11}), _says(bill)),
        _days(bill),
        _day_ends(bill),
        _trades(product_sums(traded)),
    )
    return _paper(account, "bill", _("Monthly bill"), str(bill.month), head, bill.days, traded, sections, locale, made)


def _standing(day: DayFunds, names: dict[str, str]) -> list[tuple[Cell, ...]]:
    """What the account held at the end of a day."""
    found: list[tuple[Cell, ...]] = [(names[name], Fen(getattr(day, name))) for name in ("beside", "equity", "margin", "available")]
    return [*found, (names["risk"], risk_cell(day))]


def risk_cell(day: DayFunds) -> Share | None:
    """A day's risk degree as a cell; unknown where the equity is not above 0."""
    found = risk_degree(day.margin, day.equity)
    return None if found is None else Share(found)


def _as_of(day: date) -> tuple[tuple[str, str], ...]:
    return ((_("As of"), str(day)),)


def _says(bill: MonthBill) -> tuple[str, ...]:
    """Whether the month is the sum of its days, in words."""
    if bill.adds_up:
        return (_("Checked: the balance at the beginning and the amounts of the %(count)s days give the balance at the end.", count=len(bill.days)),)
    found = [
        _("%(day)s begins %(amount)s away from where the day before ended: days between are missing, or were corrected.", day=day, amount=text_of(Fen(fen)))
        for day, fen in bill.gaps
    ]
    return (*found, _("So the month does not follow from these days alone; it differs by %(amount)s.", amount=text_of(Fen(bill.difference))))


def _days(bill: MonthBill) -> Section:
    columns = (_("Trade date"), _("Opening"), _("In"), _("Out"), _("Realized"), _("Mark-to-market"), _("Premium"), _("Fees"), _("Closing"))
    rows: list[tuple[Cell, ...]] = [
        (
            str(day.trade_date),
            Fen(day.previous_balance),
            Fen(day.deposit + day.other_in),
            Fen(day.withdrawal + day.other_out),
            Fen(day.realized_pnl),
            Fen(day.mtm_pnl),
            Fen(day.premium),
            Fen(day.fee),
            Fen(day.balance),
        )
        for day in bill.days
    ]
    sums = bill.sums
    flows = (sums["deposit"] + sums["other_in"], sums["withdrawal"] + sums["other_out"], *(sums[name] for name in ("realized_pnl", "mtm_pnl", "premium", "fee")))
    rows.append((_("Whole month"), Fen(bill.days[0].previous_balance), *(Fen(fen) for fen in flows), Fen(bill.days[-1].balance)))
    return Section(_("Day by day"), tuple(Column(label, place > 0) for place, label in enumerate(columns)), tuple(rows), frozenset({len(rows) - 1}))


def _day_ends(bill: MonthBill) -> Section:
    columns = (_("Trade date"), _("Client equity"), _("Margin in use"), _("Available funds"), _("Risk degree"))
    rows = tuple((str(day.trade_date), Fen(day.equity), Fen(day.margin), Fen(day.available), risk_cell(day)) for day in bill.days)
    return Section(_("At the end of each day"), tuple(Column(label, place > 0) for place, label in enumerate(columns)), rows)


def _trades(traded: Sequence[Traded]) -> Section:
    columns = (Column(_("Exchange")), Column(_("Product")), Column(_("Lots"), True), Column(_("Turnover (yuan)"), True), Column(_("Fee (yuan)"), True))
    rows: list[tuple[Cell, ...]] = [(row.exchange, row.product, row.lots, Fen(row.turnover), Fen(row.fee)) for row in traded]
    if not rows:
        return Section(_("Trades by product"), columns, notes=(_("No trades."),))
    rows.append((_("Together"), "", sum(row.lots for row in traded), Fen(sum(row.turnover for row in traded)), Fen(sum(row.fee for row in traded))))
    return Section(_("Trades by product"), columns, tuple(rows), frozenset({len(rows) - 1}))


def _paper(
    account: OwnAccount,
    name: str,
    title: str,
    when: str,
    head: tuple[tuple[str, str], ...],
    days: Sequence[DayFunds],
    traded: Sequence[Traded],
    sections: tuple[Section, ...],
    locale: str,
    made: datetime,
) -> Paper:
    return Paper(
        name=f"{name}-{account.account_no}-{when}",
        language="zh" if locale.startswith("zh") else "en",
        title=title,
        number=f"{account.account_no}-{when}",
        digest=digest_of(canonical_bill(account.account_no, days, traded)),
        made=made,
        head=((_("For"), account.name), (_("Account"), account.account_no), (_("Branch"), account.branch or "–"), *head),
        sections=sections,
        closing=(
            _("Amounts are yuan of CNY as settled by the firm. Mark-to-market: profit or loss counts against the settlement price of the day before."),
            _("Single fills, prices, positions and floating profit against the opening price are not kept here: they stand in the statement of the Market Monitoring Center."),
        ),
    )
