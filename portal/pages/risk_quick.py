"""The list of clients at risk as it is asked most: by what would be lost, of all clients or of those whom one sees. The scores of one night stand beside
each other and never change, so the next page, the sums and the matrix are read from them alone; names and next steps are looked up for the page's rows."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select

from models import db
from models.clients import Account, AccountVersion
from models.risk import CauseCorrection, RiskRun, RiskScore
from portal.actors import Actor
from portal.bulk import among, read_frame
from portal.clients.queries import newest_version, visible_to
from portal.local_day import today
from portal.pages.settled import last_day
from portal.permissions import Can, Scope
from portal.risk.classes import SIZES, STEPS, Parts, Sums, parts_from
from portal.risk.queries import CAUSE
from portal.web.list_pages import COUNT, Asked, Quick
from portal.web.once import once
from portal.web.remembered import remembered
from portal.web.wanted import Bound, Wanted

MONEY = func.coalesce(RiskScore.equity, 0)
SIZE = case(*((to > MONEY, place) for place, (_from, to) in enumerate(SIZES) if to), else_=len(SIZES) - 1)
STEP = case(*((RiskScore.probability < to, place) for place, (_from, to) in enumerate(STEPS[:-1])), else_=len(STEPS) - 1)
SCORED = {
    "equity": MONEY,
    "probability": RiskScore.probability,
    "contacted": func.coalesce(RiskScore.contacted, -1),
    "expected": RiskScore.expected_loss,
}
"""What the list is sorted by that stands with the score itself."""
NAMED = 20_000
"""So many accounts are named in a question at most."""
SEEN = dict.fromkeys(("account_id", "size", "step", "money", *SCORED), pl.Int64)


def newest() -> RiskRun | None:
    """The newest scoring; asked once a request."""
    return once("newest scoring", lambda: db.session.execute(select(RiskRun).order_by(RiskRun.on_day.desc(), RiskRun.id.desc()).limit(1)).scalar())


def sees_all(actor: Actor) -> bool:
    """Whether somebody sees the scores of all clients."""
    return actor.scope(Can.ACCOUNT_SEE) is Scope.ALL


def quick(asked: Asked, wanted: Wanted) -> Quick | None:
    """The short ways: of all clients, by cause at most, from what a night adds up to; else from the scores of those whom one sees and asks for."""
    run, used = newest(), {bound.filter.name: bound for bound in wanted.filters if bound.value is not None}
    if run is None:
        return None
    cause = used["cause"].value if "cause" in used else None
    if sees_all(asked.actor) and "q" not in used:
        sums = _sum(part for (_size, _step, why), part in _parts(run.id).items() if cause in (None, why))
        return Quick(_counted(sums), _keys(run.id, cause, None, wanted), whole=True)
    rows = _seen(asked.actor, run.id, cause, used.get("q"))
    return Quick(_counted(Sums(rows.height, int(rows["money"].sum()), int(rows["expected"].sum()))), _keys_among(rows, run.id, wanted), whole=True)


def _counted(sums: Sums) -> dict[str, int | None]:
    """As a list keeps its sums."""
    return {COUNT: sums.clients, "equity": sums.equity, "expected": sums.expected}


def _sum(parts: Any) -> Sums:
    return Sums(*(sum(column) for column in zip(*parts, strict=True))) if (parts := list(parts)) else Sums()


def _parts(run_id: int) -> Parts:
    """All clients of a scoring by class of equity, class of probability, and cause; told anew after a word on a cause."""
    words = db.session.execute(select(func.max(CauseCorrection.id)).where(CauseCorrection.run_id == run_id)).scalar()
    return remembered(("clients at risk", run_id, words), lambda: _moved(run_id) or _added(run_id))


def _moved(run_id: int) -> Parts:
    """What the night kept, with those of whom somebody said why since moved to that cause. Nothing where the night kept nothing."""
    kept = db.session.execute(select(RiskRun.sums).where(RiskRun.id == run_id)).scalar()
    found: defaultdict[tuple[int, int, str], Sums] = defaultdict(Sums, parts_from(kept or []))
    if kept:
        spoken = select(CauseCorrection.account_id).where(CauseCorrection.run_id == run_id)
        query = select(SIZE, STEP, RiskScore.cause, CAUSE, MONEY, RiskScore.expected_loss).where(RiskScore.run_id == run_id, RiskScore.account_id.in_(spoken))
        for size, step, proposed, said, money, expected in db.session.execute(query):
            one = Sums(1, int(money), int(expected))
            found[size, step, proposed] = found[size, step, proposed].plus(one, -1)
            found[size, step, said] = found[size, step, said].plus(one)
    return dict(found)


def _added(run_id: int) -> Parts:
    keys = (SIZE.label("size"), STEP.label("step"), CAUSE.label("why"))
    sums = (func.count(), func.coalesce(func.sum(MONEY), 0), func.coalesce(func.sum(RiskScore.expected_loss), 0))
    rows = db.session.execute(select(*keys, *sums).where(RiskScore.run_id == run_id).group_by("size", "step", "why"))
    return {(row[0], row[1], row[2]): Sums(*map(int, row[3:])) for row in rows}


def _keys(run_id: int, cause: str | None, these: list[int] | None, wanted: Wanted) -> list[int]:
    """The accounts of a page and the one after it, in their order; `these` are the only ones that are asked about."""
    sort, down = wanted.sort.removeprefix("-"), wanted.sort.startswith("-")
    column: Any = {**SCORED, "cause": CAUSE, "account_no": Account.account_no, "client": AccountVersion.name}[sort]
    key = {"account_no": Account.id, "client": AccountVersion.account_id}.get(sort, RiskScore.account_id)
    query = select(key) if these is None else select(key).where(among(key, these))
    if sort in ("account_no", "client"):  # walked in the order of their index, each row asked whether it has a score
        counts = [RiskScore.run_id == run_id, RiskScore.account_id == key, *_because(cause)]
        query = query.where(exists().where(*counts), *([newest_version()] if sort == "client" else []))
    else:
        query = query.where(RiskScore.run_id == run_id, *_because(cause))
    if wanted.after is not None:
        value, last = wanted.after
        further = (column < value, key < last) if down else (column > value, key > last)
        query = query.where(or_(further[0], and_(column == value, further[1])))
    order = (column.desc(), key.desc()) if down else (column, key)
    return list(db.session.execute(query.order_by(*order).limit(wanted.per_page + 1)).scalars())


def _because(cause: str | None) -> list[ColumnElement[bool]]:
    return [] if cause is None else [CAUSE.in_([cause])]


def _seen(actor: Actor, run_id: int, cause: str | None = None, named: Bound | None = None) -> pl.DataFrame:
    """The scores of the clients whom somebody sees and asks for (SEEN; `money` is the equity); each is asked once a request."""

    def read() -> pl.DataFrame:
        seen: Any = select(Account.id).join(AccountVersion, AccountVersion.account_id == Account.id)
        seen = seen.where(newest_version(), visible_to(actor, last_day() or today()), *([] if named is None else [named.filter.narrow(named.value)]))
        if named is not None and sees_all(actor):
            seen = _named(named.value)
        query = select(RiskScore.account_id, SIZE, STEP, MONEY, *SCORED.values())
        return read_frame(query.where(RiskScore.run_id == run_id, RiskScore.account_id.in_(seen), *_because(cause)), SEEN)

    return once(("scores that are seen", cause, named and named.text), read)


def _named(text: str) -> Any:
    """The accounts whose number or whose client's name holds some text: each table is read by itself. Both in one condition would be joined whole first."""
    by_number = select(Account.id).where(Account.account_no.contains(text, autoescape=True))
    return by_number.union(select(AccountVersion.account_id).where(AccountVersion.name.contains(text, autoescape=True), newest_version()))


def _keys_among(rows: pl.DataFrame, run_id: int, wanted: Wanted) -> list[int] | None:
    """The same of scores that were read already; None where text orders too many of them."""
    sort, down = wanted.sort.removeprefix("-"), wanted.sort.startswith("-")
    if sort not in SCORED:
        return _keys(run_id, None, rows["account_id"].to_list(), wanted) if rows.height <= NAMED else None
    if wanted.after is not None:
        value, last = wanted.after
        column, key = pl.col(sort), pl.col("account_id")
        rows = rows.filter((column < value) | ((column == value) & (key < last)) if down else (column > value) | ((column == value) & (key > last)))
    return rows.sort(sort, "account_id", descending=down).head(wanted.per_page + 1)["account_id"].to_list()


def matrix(actor: Actor, run_id: int) -> list[list[Sums]]:
    """The clients of a scoring whom somebody sees, by class of equity and of probability."""
    if sees_all(actor):
        parts: list[tuple[int, int, Sums]] = [(size, step, part) for (size, step, _why), part in _parts(run_id).items()]
    else:
        grouped = _seen(actor, run_id).group_by("size", "step").agg(pl.len(), pl.col("money", "expected").sum())
        parts = [(size, step, Sums(clients, money, expected)) for size, step, clients, money, expected in grouped.iter_rows()]
    return [[_sum(part for size, step, part in parts if (size, step) == (one, other)) for other in range(len(STEPS))] for one in range(len(SIZES))]
