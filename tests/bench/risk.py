"""What the room of risk costs: `python -m tests.bench.risk --size S [--database URL] [--days 5] [--past 0]`.

A reference firm with some settled days, four contacts for each account and a night's scores; then the list of clients at risk as an administrator and a
branch manager see it, client segments by each condition, and, with a past, learning. The past are earlier settled days in columns alone, which is what
scoring and learning read: the same days over again, in which one client in seven takes his money out and is gone. Prints seconds by the clock and by the
processor (without a database's own), and the peak of memory after scoring and learning.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import resource
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import polars as pl
from flask.testing import FlaskClient
from sqlalchemy import event, select, true

from models import db
from models.identity import Role
from models.partners import Branch
from models.settlement import DaySegment, SegmentKind, SettlementDay
from portal import clock
from portal.actors import TERMINAL
from portal.clients.segment_keeping import counted
from portal.clients.segments import AsOf, Conditions
from portal.demo.calendar import trading_days
from portal.demo.noise import below, stream
from portal.jobs.refresh import renew_windows
from portal.local_day import zone
from portal.risk import fitting, scoring
from portal.settlement import windows
from portal.transaction import transaction
from tests.bench import product
from tests.bench.__main__ import versions
from tests.bench.caller import add_contacts
from tests.bench.make_firm import DAYS
from tests.bench.sizes import SIZES
from tests.bench.stopwatch import stopwatch
from tests.people import seat, someone

ONE_IN = 7
SEGMENTS = {
    "equity of 1,000,000 or more": Conditions(equity_from=100_000_000),
    "equity of 10,000 at most": Conditions(equity_to=1_000_000),
    "institutions": Conditions(kind="institution"),
    "open for 12 months at most": Conditions(age_to=12),
    "retained fee of a year of 1,000 or more": Conditions(fee_from=100_000),
    "retained fee of a year of 100 at most": Conditions(fee_to=10_000),
    "no trade for 5 days": Conditions(no_trade_for=5),
    "traded within 10 days": Conditions(traded_within=10),
    "not spoken with for 60 days": Conditions(no_contact_for=60),
    "spoken with within 100 days": Conditions(contacted_within=100),
    "three evenings or more": Conditions(events_from=3),
    "all kinds together": Conditions(equity_from=10_000_000, age_from=3, fee_from=10_000, traded_within=30, no_contact_for=30),
}


def quietly(step: str, done: int, total: int) -> None:
    """Nobody asks how far it is."""


def add_past(firm: product.Product, days: int) -> None:
    """So many earlier settled days in columns alone. Each client who leaves does so on a day of his own, somewhere in the past."""
    before = [day for day in trading_days(DAYS[0] - timedelta(days=days * 2), DAYS[0]) if day < DAYS[0]][-days:]
    with firm.app.app_context():
        first = db.session.execute(select(SettlementDay).order_by(SettlementDay.trade_date, SettlementDay.version).limit(1)).scalar_one()
        payloads = dict(db.session.execute(select(DaySegment.kind, DaySegment.payload).where(DaySegment.day_id == first.id)).all())
        frames = {kind: pl.read_parquet(io.BytesIO(payloads[kind.value])) for kind in (SegmentKind.BALANCES, SegmentKind.TRADES)}
        same = {name: getattr(first, name) for name in ("recording_id", "accounts", "trades", "equity", "fee", "retained_fee", "deposit", "withdrawal")}
        for place, day in enumerate(before):
            with transaction():
                row = SettlementDay(trade_date=day, version=1, **same)
                db.session.add(row)
                db.session.flush()
                for kind, frame in frames.items():
                    db.session.add(_segment(row.id, kind, lived(frame, kind, place, len(before))))
        db.session.remove()


def lived(frame: pl.DataFrame, kind: SegmentKind, place: int, days: int) -> pl.DataFrame:
    """A day's rows as they were in a past of so many days: some trade, some move money, who leaves on it takes all out, who has left has nothing."""
    account = frame["account_id"]
    goes = pl.Series(below(ONE_IN, stream(5, "goes"), account)) == 0
    when = pl.Series(below(days, stream(5, "when"), account))
    gone = goes & (when < place)
    if kind is SegmentKind.TRADES:
        return frame.filter(~gone & (pl.Series(below(3, stream(5, "trades"), account, place)) > 0))
    leaves, nothing = goes & (when == place), gone | (goes & (when == place))
    moved = below(200, stream(5, "moved"), account, place)
    money = [pl.when(pl.Series(nothing)).then(0).otherwise(pl.col(name)).alias(name) for name in ("equity", "margin", "balance", "available")]
    out = pl.when(pl.Series(leaves)).then(pl.col("equity").clip(0)).when(pl.Series(gone)).then(0).otherwise(pl.col("equity") // 20 * (pl.Series(moved) == 0))
    into = pl.when(pl.Series(nothing)).then(0).otherwise(pl.col("equity") // 20 * (pl.Series(moved) == 1))
    return frame.with_columns(out.cast(pl.Int64).alias("withdrawal"), into.cast(pl.Int64).alias("deposit"), *money)


def _segment(day_id: int, kind: SegmentKind, frame: pl.DataFrame) -> DaySegment:
    target = io.BytesIO()
    frame.write_parquet(target)
    content = target.getvalue()
    return DaySegment(day_id=day_id, kind=kind.value, rows=frame.height, digest=hashlib.sha256(content).hexdigest(), payload=content)


def told(name: str, work: Callable[[], Any], more: Callable[[Any], str] = lambda found: "") -> None:
    """Do it once and print what it took."""
    with stopwatch() as taken:
        found = work()
    print(f"{name:60} {taken[0].wall:8.3f} s  {taken[0].cpu:8.3f} s CPU  {more(found)}", flush=True)


def peak() -> str:
    """The most memory that the process ever held."""
    return f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"


def score(firm: product.Product) -> str:
    """A night's scores, kept."""
    with firm.app.app_context():
        version, rows = scoring.scores(DAYS[-1], zone(), quietly)
        with transaction():
            scoring.keep(DAYS[-1], version, rows, actor=TERMINAL, moment=clock.now())
        db.session.remove()
    return f"{rows.height} accounts, {version}, {peak()}"


def learn(firm: product.Product, first: date) -> str:
    """What the firm's own past teaches."""
    with firm.app.app_context():
        weights, seen = fitting.learned(first, DAYS[-1], zone(), quietly)
        db.session.remove()
    return f"{seen} losses, {'learned' if weights else 'too few'}, {peak()}"


def pages(firm: product.Product) -> None:
    """The list of clients at risk."""
    with firm.app.app_context():
        branch = db.session.execute(select(Branch.branch_no).order_by(Branch.branch_no).limit(1)).scalar_one()
        db.session.remove()
    for who, client in (("admin", seat(firm.app, someone(firm.app, Role.ADMIN))), ("branch manager", seat(firm.app, someone(firm.app, Role.BRANCH_MANAGER, branch_no=branch)))):
        client.get("/me")
        looked_at(firm, client, who)


def looked_at(firm: product.Product, client: FlaskClient, who: str) -> None:
    """The list as one person sees it."""
    told(f"{who}: /risk, the first time in a process", lambda: shown(client, "/risk"), lambda text: f"{asked_of(firm, client, '/risk')} questions")
    told(f"{who}: /risk again", lambda: shown(client, "/risk"))
    further = shown(client, "/risk").split('rel="next" href="')[-1].split('"')[0].replace("&amp;", "&")
    told(f"{who}: the next page", lambda: shown(client, further), lambda text: further[:60])
    for name in ("sort=account_no", "sort=client", "sort=-equity", "sort=-probability", "sort=cause", "cause=poached", "q=11"):
        told(f"{who}: {name}", partial(shown, client, f"/risk?{name}"))


def shown(client: FlaskClient, address: str) -> str:
    """A page's text. Raises AssertionError where it is refused."""
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.text[:300])
    return answer.text


def asked_of(firm: product.Product, client: FlaskClient, address: str) -> int:
    """How many questions a page puts to the database."""
    heard: list[str] = []

    def hear(*args: Any) -> None:
        heard.append(args[2])

    with firm.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", hear)
    shown(client, address)
    event.remove(engine, "before_cursor_execute", hear)
    return len(heard)


def segments(firm: product.Product) -> None:
    """Client segments, counted over the whole firm."""
    with firm.app.app_context():
        told("what every account came to, kept (a job)", renew_windows)
        plain = AsOf(DAYS[-1], clock.now(), DAYS[-1])
        for name, wanted in SEGMENTS.items():
            asked = plain._replace(kept=lambda: windows.of_all(DAYS[-1], ("account", "fee", "traded_on")))
            told(f"segment: {name}", partial(counted, wanted, true(), asked), lambda found: f"{found.accounts} accounts")
            if any(name.startswith(("fee", "no_trade", "traded")) for name in wanted.kept()):
                told("  the same where that is not kept", partial(counted, wanted, true(), plain), lambda found: f"{found.accounts} accounts")
        db.session.remove()


def measure(firm: product.Product, past: int) -> None:
    """Everything, in its order."""
    told("a night's scores", lambda: score(firm), str)
    pages(firm)
    segments(firm)
    if past:
        told("learning", lambda: learn(firm, DAYS[0] - timedelta(days=past * 7 // 5)), str)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.risk", description=__doc__)
    options.add_argument("--size", choices=sorted(SIZES), default="S")
    options.add_argument("--database", default="")
    options.add_argument("--days", type=int, default=5, help="How many settled days are imported, the last ones of the month.")
    options.add_argument("--past", type=int, default=0, help="How many settled days lie before them, in columns alone.")
    given = options.parse_args()
    with product.opened(given.size, given.database) as firm:
        filled(firm, given.days, given.past)
        print("\n".join(versions(given.database)))
        print(f"firm {given.size} on {'PostgreSQL' if given.database else 'SQLite'}, {given.days} settled days, {given.past} before them in columns", flush=True)
        measure(firm, given.past)


def filled(firm: product.Product, days: int, past: int) -> None:
    """Bring in the days, the contacts and the past."""
    for index in range(len(DAYS) - days, len(DAYS)):
        firm.import_paths(firm.day_files(index))
    add_contacts(firm)
    if past:
        add_past(firm, past)


if __name__ == "__main__":
    main()
