"""Channels on screen: what each way of winning clients cost and brought, the list behind every number, and the costs."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select

from models import db
from models.channels import LeadChannel
from models.settlement import SettlementDay
from models.values.calendar import Month, NotADate
from models.values.money import half_up
from portal import clock
from portal.actors import Actor
from portal.channels.claims import By
from portal.channels.costs import costs_of
from portal.channels.economics import ENOUGH, Held, Sums, by_channel, published, together
from portal.channels.people import people_of
from portal.commission.overview import Cut, branches, cut_for
from portal.local_day import day_of
from portal.pages.channels_behind import ALL, CHANNELS, MOST_MONTHS, RULES, Behind, paid
from portal.pages.taken_out import taken_out
from portal.permissions import Can, Scope
from portal.refusals import Refusal
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.formats import number_text, yuan_text
from portal.web.guard import current_actor, requires

bp = Blueprint("channels", __name__, url_prefix="/channels")

NUMBERS = ("leads", "qualified", "opened", "active", "equity", "retained_fee", "commission", "net", "cost", "each", "payback")
"""The numbers of a channel, in the order of the headers."""
CLAIMED = {
    "cheaper": (_l("Cost of an opened account: referral against the others"), _l("5 times cheaper")),
    "faster": (_l("Days from registration to opening: referral against the others"), _l("10 times faster")),
    "qualified": (_l("Leads of referrals that were qualified"), _l("over 90 %")),
}


class Period:
    """The months and the part of the firm that an address asks for, and the rule of attribution."""

    def __init__(self, actor: Actor, args: Any, moment: datetime) -> None:
        actor.need(Can.CHANNEL_SEE)
        now = Month.of(day_of(moment))
        self.first, self.last = _month(args.get("from"), now.plus(-11)), _month(args.get("to"), now)
        if self.last < self.first or self.first.plus(MOST_MONTHS - 1) < self.last:
            raise Refusal("a period has 1 to %(most)s months, the first before the last", most=MOST_MONTHS)
        self.by = By(args["by"]) if args.get("by") in set(By) else By.SPLIT
        self.cut: Cut = cut_for(actor, args.get("branch", ""))

    @property
    def query(self) -> dict[str, Any]:
        """The same as parts of an address."""
        found: dict[str, Any] = {"from": str(self.first), "to": str(self.last), "by": self.by.value}
        return found | ({"branch": self.cut.branch_no} if self.cut.branch_no else {})

    @cached_property
    def settled(self) -> date | None:
        """The last settled day of the period: that of the equity that is shown."""
        return db.session.execute(select(func.max(SettlementDay.trade_date)).where(SettlementDay.trade_date <= self.last.last)).scalar()

    def behind(self, name: str, channel: str, by: By) -> str:
        """The list behind a number of a channel (or all): leads, accounts, costs, or the persons with their parts where an amount is theirs."""
        only: dict[str, Any] = {} if channel == ALL else {"channel": channel}
        if name in ("leads", "qualified"):
            return url_for("leads.index", won=str(self._counted(name, channel, by)))
        if name in ("opened", "active", "equity"):
            what = "opened" if name == "equity" else name
            on: dict[str, Any] = {"day": str(self.settled)} if self.settled else {}
            return url_for("clients.index", won=str(self._counted(what, channel, by)), **on)
        if name == "cost":
            return url_for("channels_costs.index", **(only | {"from": str(self.first), "to": str(self.last)}))
        return url_for("channels_people.index", what="opened", **(only | self.query | {"by": by.value}))

    def _counted(self, what: str, channel: str, by: By) -> Behind:
        return Behind(self.first, self.last, by, channel, what, self.cut.branch_no or "")


@bp.get("")
@requires(Can.CHANNEL_SEE)
def index() -> ResponseReturnValue:
    """Every channel's economics, three rules of attribution side by side, and what was claimed in 2009 beside the firm's own figures."""
    actor = current_actor()
    period = Period(actor, request.args, clock.now())
    found = by_channel((one.won for one in people_of(period.first, period.last, period.cut.branch_id, paid)), costs_of(period.first, period.last, period.cut.branch_id))
    sums = found[period.by]
    if wants_file():
        return taken_out(wants_file(), f"channels-{period.first}-{period.last}", [str(label) for label in _headers()], [_plain(channel, sums[channel]) for channel in LeadChannel])
    whole = together(sums.values())
    return render_template(
        "channels/index.html",
        period=period,
        channels=CHANNELS,
        rules=RULES,
        rows=[(channel.value, _shown(sums[channel])) for channel in LeadChannel],
        total=_shown(whole),
        headers=_headers(),
        behind={channel: {name: period.behind(name, channel, period.by) for name in NUMBERS} for channel in (*CHANNELS, ALL)},
        beside=[(channel.value, _beside(period, channel, found)) for channel in LeadChannel],
        claims=[_claimed(held) for held in published(sums)],
        picture=_picture(sums),
        figure_rows=[(CHANNELS[channel.value], yuan_text(_fen(sums[channel].net)), yuan_text(sums[channel].cost)) for channel in LeadChannel],
        sentence=_sentence(sums, whole),
        branch_choices=sorted(branches().values()) if actor.scope(Can.CHANNEL_SEE) is Scope.ALL else [],
        enough=ENOUGH,
        csv_href=url_for("channels.index", format="csv", **period.query),
        may_edit=actor.may(Can.CHANNEL_EDIT),
    )


def _beside(period: Period, channel: LeadChannel, found: dict[By, dict[LeadChannel, Sums]]) -> list[tuple[str, str, str, str]]:
    """A channel's opened accounts and net contribution under each rule, each with the list behind it."""
    links = {by: [period.behind(name, channel.value, by) for name in ("opened", "net")] for by in By}
    return [(_count(found[by][channel].opened), links[by][0], yuan_text(_fen(found[by][channel].net)), links[by][1]) for by in By]


def _month(text: str | None, otherwise: Month) -> Month:
    if not text:
        return otherwise
    try:
        return Month.parse(text[:10])
    except NotADate as error:
        raise Refusal("a month is written like 2026-03") from error


def _headers() -> list[Any]:
    return [
        _l("Channel"),
        _l("Leads"),
        _l("Qualified"),
        _l("Accounts opened"),
        _l("Traded"),
        _l("Equity"),
        _l("Retained fee"),
        _l("Commission paid"),
        _l("Net contribution"),
        _l("Cost"),
        _l("Cost per opened"),
        _l("Payback (months)"),
    ]


def _shown(one: Sums) -> dict[str, str]:
    """A channel's figures as a reader sees them, in the order of the headers; what cannot be told is a dash."""
    counts = {name: _count(getattr(one, name)) for name in ("leads", "qualified", "opened", "active")}
    money = {name: yuan_text(_fen(getattr(one, name))) for name in ("equity", "retained_fee", "commission", "net")}
    each = one.cost_per_opened
    rest = {"cost": yuan_text(one.cost), "each": "–" if each is None else yuan_text(each), "payback": _payback(one)}
    return {**counts, **money, **rest}


def _payback(one: Sums) -> str:
    tenths = one.payback
    return "–" if tenths is None else f"{tenths // 10}.{tenths % 10}"


def _plain(channel: LeadChannel, one: Sums) -> list[Any]:
    """The same for a file: amounts as exact numbers of yuan."""
    counts = [_count(getattr(one, name)) for name in ("leads", "qualified", "opened", "active")]
    money = [amount(_fen(getattr(one, name))) for name in ("equity", "retained_fee", "commission", "net")]
    return [str(CHANNELS[channel.value]), *counts, *money, amount(one.cost), amount(one.cost_per_opened), _payback(one)]


def _count(part: Any) -> str:
    """A number of persons, whole or to two places."""
    if part.denominator == 1:
        return number_text(int(part))
    hundredths = half_up(part.numerator * 100, part.denominator)
    return f"{number_text(hundredths // 100)}.{hundredths % 100:02d}"


def _fen(part: Any) -> int:
    return half_up(part.numerator, part.denominator)


def _claimed(held: Held) -> tuple[Any, Any, str, tuple[int, int]]:
    what, said = CLAIMED[held.name]
    if held.own is None:
        return what, said, _("too few to tell"), held.persons
    own = f"{held.own // 100}.{held.own % 100:02d} %" if held.name == "qualified" else _("%(times)s times", times=f"{held.own // 10}.{held.own % 10}")
    return what, said, own, held.persons


def _picture(sums: dict[LeadChannel, Sums]) -> dict[str, Any]:
    names = [str(CHANNELS[channel.value]) for channel in LeadChannel]
    net = {"name": _("Net contribution"), "values": [_fen(sums[channel].net) for channel in LeadChannel]}
    return {"unit": "fen", "x": names, "series": [net, {"name": _("Cost"), "values": [sums[channel].cost for channel in LeadChannel]}]}


def _sentence(sums: dict[LeadChannel, Sums], whole: Sums) -> str:
    best = max(LeadChannel, key=lambda channel: sums[channel].net - sums[channel].cost)
    if not whole.opened:
        return str(_("Nobody opened an account in these months."))
    opened = ngettext("%(num)s account opened", "%(num)s accounts opened", _fen(whole.opened))
    values = {"opened": opened, "channel": str(CHANNELS[best.value]), "net": yuan_text(_fen(sums[best].net) - sums[best].cost)}
    return str(_("%(opened)s; after its cost %(channel)s brought most: %(net)s.", **values))
