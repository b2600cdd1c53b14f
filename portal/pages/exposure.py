"""If somebody leaves: whose money goes along, how much, and whom to call first. Nothing of a question is stored but who asked it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import polars as pl
from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.values.calendar import NotADate, parse_day
from portal import clock
from portal.actors import Actor
from portal.audit import log
from portal.audit.queries import own_lines
from portal.departures import figures, sight
from portal.departures.at_stake import Stake, stake
from portal.departures.exposure import Person, Way, exposed, persons
from portal.local_day import today, zone
from portal.pages.departures_words import KINDS
from portal.pages.handover_past import taught
from portal.pages.risk_words import chance_text
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.refusals import Refusal
from portal.risk.facts import evening
from portal.transaction import transaction
from portal.web.downloads import wants_file
from portal.web.exports import amount
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("exposure", __name__, url_prefix="/departures/exposure")

LARGEST = 3
"""So many clients of the only path are named in the picture; of several paths each names one, so that a phone can show it."""
OFFERED = 500
"""So many of the staff and of the brokers are offered while one types; any number may be typed."""
LOOKED = "exposure.looked"
LOOKED_BACK, KEPT = 200, 12
"""So many of one's own lines of the log are read for the questions that one asked before, and so many questions are named."""
WAYS = {Way.SERVES: _l("looks after him"), Way.INTRODUCED: _l("introduced him"), Way.MANAGES: _l("manages his broker")}
COLUMNS = columns(
    Column("account_no", _l("Account"), sort=True),
    Column("client", _l("Client"), sort=True),
    Column("path", _l("Path")),
    Column("equity", _l("Equity"), sort=True, number=True, money=True),
    Column("chance", _l("Chance to go along"), sort=True, number=True),
    Column("expected", _l("Expected loss"), sort=True, number=True, money=True),
    Column("average", _l("90-day average"), sort=True, number=True, money=True),
    Column("fee", _l("Retained fee, 12 months"), sort=True, number=True, money=True),
    Column("flow_30", _l("Net deposits, 30 days"), sort=True, number=True, money=True),
    Column("traded_on", _l("Last trade"), sort=True),
    Column("contact_on", _l("Last contact"), sort=True),
    Column("ties", _l("Other ties")),
)
LISTING = Listing(
    tiebreak="row",
    sorts={
        name: name for name in ("account_no", "client", "equity", "average", "fee", "flow_30", "traded_on", "contact_on", "chance", "expected")
    },
    default="-expected",
    filters=(
        Filter("q", _l("Name or account"), lambda text: pl.col("client").str.contains(text, literal=True) | pl.col("account_no").str.contains(text, literal=True), personal=True),
        Filter("way", _l("Path"), lambda text: pl.col("way") == text, choices=tuple((way.value, label) for way, label in WAYS.items())),
        Filter("branch", _l("Branch"), lambda text: pl.col("branch") == text),
        Filter(
            "contact",
            _l("Second contact"),
            lambda text: (pl.col("others") > 0) == (text == "yes"),
            choices=(("yes", _l("somebody else looks after him too")), ("no", _l("nobody else does"))),
        ),
    ),
)  # fmt: skip


class Question(NamedTuple):
    """Who leaves, and on which day."""

    leaving: list[Person]
    day: date


def question(args: Any) -> Question:
    """What an address asks. Raises Refusal, NotFound."""
    text = args.get("on", "").strip()
    try:
        day = parse_day(text) if text else today()
    except NotADate as error:
        raise Refusal("%(text)s is no day: give one as 2026-04-01", text=text[:40]) from error
    return Question(persons(args.getlist("person")), day)


def answered(asked: Asked) -> pl.DataFrame:
    """The rows of the address of somebody's list: a file or a later page of it."""
    return answer(question(asked.args), asked.actor)


def answer(asked: Question, actor: Actor) -> pl.DataFrame:
    """The exposed accounts whom the reader may see."""
    leaving, day = asked
    sight.check(actor, leaving)
    return figures.table(exposed(leaving, day), leaving, day, figures.settled_up_to(day), sight.narrowed(actor)).with_row_index("row")


def path_text(row: Mapping[str, Any]) -> str:
    """A path in words: S001 manages his broker B003."""
    return " ".join(part for part in (row["person"], str(WAYS[Way(row["way"])]), row["through"]) if part)


LIST = declare(
    ListPage(
        "exposure.show",
        _l("Exposure"),
        LISTING,
        COLUMNS,
        source=answered,
        fields=(
            Field("account_no", _l("Account"), lambda row: row["account_no"]),
            Field("client", _l("Client"), lambda row: row["client"]),
            Field("branch", _l("Branch"), lambda row: row["branch"]),
            Field("path", _l("Path"), path_text),
            Field("equity", _l("Equity"), lambda row: amount(row["equity"])),
            Field("average", _l("90-day average"), lambda row: amount(row["average"])),
            Field("fee", _l("Retained fee, 12 months"), lambda row: amount(row["fee"])),
            Field("flow_30", _l("Net deposits, 30 days"), lambda row: amount(row["flow_30"])),
            Field("flow_90", _l("Net deposits, 90 days"), lambda row: amount(row["flow_90"])),
            Field("traded_on", _l("Last trade"), lambda row: row["traded_on"]),
            Field("contact_on", _l("Last contact"), lambda row: row["contact_on"]),
            Field("contact_by", _l("Contact by"), lambda row: row["contact_by"]),
            Field("others", _l("Others who look after him"), lambda row: row["others"]),
            Field("events", _l("Club events"), lambda row: row["events"]),
            Field("guests", _l("Guests brought"), lambda row: row["guests"]),
            Field("chance", _l("Chance to go along (%)"), lambda row: amount(row["chance"] // 100)),
            Field("scored", _l("Scored"), lambda row: _("yes") if row["scored"] else _("no, assumed")),
            Field("expected", _l("Expected loss"), lambda row: amount(row["expected"])),
        ),
        sums={name: pl.col(name).sum() for name in ("equity", "fee", "expected")},
        keep=("person", "on"),
        file_name="exposure",
    )
)


@bp.get("")
@requires(Can.DEPARTURE_SEE)
def show() -> ResponseReturnValue:
    """The form; where somebody is named, the answer."""
    args = request.args
    typed = [text for text in args.getlist("person") if text.strip()]
    if not typed:
        return _ask([], str(today()))
    try:
        asked = question(args)
        frame = answer(asked, current_actor())
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _ask(typed, args.get("on", ""), _(refusal.message, **refusal.values)), refusal.status
    with transaction():  # who looked at whom is written down: it concerns people
        log.write(current_actor(), clock.now(), LOOKED, "exposure", " ".join(one.text for one in asked.leaving), after={"on": str(asked.day), "accounts": frame.height})
    if wants_file() and args.get("part") == "flow":
        headers = [_("Who leaves"), _("Path"), _("Broker"), _("Accounts"), _("Equity")]
        return taken_out(wants_file(), f"exposure-flow-{asked.day}", headers, [[*row[:4], amount(row[4])] for row in _table(frame)])
    return show_list(LIST, "departures/exposure.html", source=frame, asked=asked, path_text=path_text, chance_text=chance_text, **_said(frame, asked))


def _ask(typed: list[str], day: str, fault: str = "") -> str:
    """The form, with what is offered while one types and what one asked before."""
    actor = current_actor()
    return render_template("departures/exposure_ask.html", typed=typed, day=day, fault=fault, before=_asked_before(actor), offered=sight.offered(actor, OFFERED))


def _asked_before(actor: Actor) -> list[dict[str, Any]]:
    """What the reader asked before, each question once, the newest first: his own lines of the log bring the same question back."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for line in own_lines(actor, LOOKED, "exposure", LOOKED_BACK):
        asked = line.after or {}
        found.setdefault((line.subject_key, asked.get("on", "")), {"people": line.subject_key.split(), "on": asked.get("on", ""), "accounts": asked.get("accounts"), "at": line.at})
    return list(found.values())[:KEPT]


def _said(frame: pl.DataFrame, asked: Question) -> dict[str, Any]:
    at_risk: Stake = stake(frame["equity"].to_list(), frame["chance"].to_list())
    single = frame.filter(pl.col("others") == 0)
    return {
        "stake": at_risk,
        "fee": int(frame["fee"].sum() or 0),
        "count": frame.height,
        "unscored": frame.filter(~pl.col("scored")).height,
        "single": single.height,
        "settled": figures.settled_up_to(asked.day),
        "call_first": frame.head(5).rows(named=True),
        "flow": _flow(frame),
        "flow_table": [(*row[:4], yuan_text(row[4])) for row in _table(frame)],
        "flow_csv": request.full_path.rstrip("?&") + "&format=csv&part=flow",
        "moved": [(KINDS[one.kind], one) for one in taught(evening(asked.day, zone())) if one.kind in figures.KIND_OF.values()],
        "prior": {str(WAYS[way]): chance_text(chance) for way, chance in figures.PRIOR.items()},
    }


def _paths(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.group_by("person", "way", "through").agg(accounts=pl.len(), equity=pl.max_horizontal("equity", 0).sum()).sort("person", "way", "through").rows(named=True)


def _table(frame: pl.DataFrame) -> list[tuple[str, str, str, int, int]]:
    """The paths of the picture: who leaves, which way, through which broker, how many accounts and their equity (fen)."""
    return [(row["person"], str(WAYS[Way(row["way"])]), row["through"] or "–", row["accounts"], row["equity"]) for row in _paths(frame)]


def _flow(frame: pl.DataFrame) -> dict[str, Any]:
    """The picture: from the person over the path to the largest clients and the others together."""
    links: list[tuple[str, str, int]] = []
    paths = _paths(frame)
    named = LARGEST if len(paths) == 1 else 1
    for row in paths:
        middle = f"{row['person']} {WAYS[Way(row['way'])]} {row['through']}".strip()
        part = frame.filter((pl.col("person") == row["person"]) & (pl.col("way") == row["way"]) & (pl.col("through") == row["through"])).sort("equity", descending=True)
        ends = [(client["account_no"], max(client["equity"], 0)) for client in part.head(named).rows(named=True)]
        rest = sum(max(equity, 0) for equity in part["equity"][named:])
        ends += [(_("%(count)s others of %(number)s", count=part.height - named, number=row["through"] or row["person"]), rest)] if rest else []
        links += [(row["person"], middle, row["equity"]), *((middle, name, value) for name, value in ends)]
    shown = [link for link in links if link[2] > 0]
    names = dict.fromkeys(name for link in shown for name in link[:2])
    return {"unit": "fen", "nodes": list(names), "links": [{"source": one, "target": other, "value": value} for one, other, value in shown]}
