"""The portal itself under the bench: a portal of its own on a fresh database, filled with a reference firm.

An entry whose `run` is None is measured by nobody yet. To plug one in, write a function from `Product` to the time taken and put it in.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import flask_migrate
import polars as pl
import psycopg
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from models import db
from models.attribution import Attribution
from models.commission import RunStatement
from models.identity import Role
from models.partners import Broker
from models.values.calendar import Month
from models.values.rates import SHARE_WHOLE
from portal import create_app
from portal.actors import TERMINAL, Actor, actor_of
from portal.audit import approvals
from portal.clock import now
from portal.commission import queries, runs
from portal.commission.again import Change
from portal.commission.close import prepare_close
from portal.commission.explain import Question, explain
from portal.identity import verbs
from portal.identity.queries import user_by_email
from portal.imports.receive import receive
from portal.imports.recognise import recognise
from portal.imports.run import Options, run_import
from portal.jobs.refresh import renew_windows
from portal.keys import keyring
from portal.pages.commission_lists import LINES
from portal.refusals import Findings
from portal.settings import Settings
from portal.transaction import lock_months, transaction
from portal.web.frames import page_of_frame
from portal.web.paging import read
from tests.bench.make_firm import DAYS, SIZES, traded, write_masters
from tests.bench.make_masters import attribution_places
from tests.bench.sizes import MONTH, account_numbers, broker_numbers
from tests.bench.stopwatch import Taken, median, stopwatch
from tests.bench.write_files import write_day
from tests.people import seat, someone

PERIOD = Month.parse(MONTH)
PEOPLE = ("one@example.com", "two@example.com")


@dataclass
class Product:
    """A running portal, the firm in it and a folder for its files."""

    app: Flask
    size: str
    folder: Path
    masters_memory: int
    """The peak of the process that imported the masters, in MB."""
    apart: Executor | None = None
    """Where files are made, so that neither their time nor their memory is the product's."""

    def day_files(self, index: int) -> list[Path]:
        """The files of a day; made where missing."""
        paths = [self.folder / f"{kind}-{DAYS[index]}.csv" for kind in ("balances", "trades")]
        if paths[0].exists():
            return paths
        return self.apart.submit(write_day, self.size, index, self.folder).result() if self.apart else write_day(self.size, index, self.folder)

    def import_paths(self, paths: list[Path]) -> Taken:
        """The time for an import. Raises AssertionError where something is refused."""
        findings = Findings()
        with stopwatch() as taken:
            handed = receive(paths, lambda file: recognise(file) is not None, findings)
            outcome = run_import(handed, actor=TERMINAL, options=Options(keyring=keyring(), overrides_allowed=True), findings=findings)
        assert not outcome.findings.refused, outcome.findings.listed[:3]
        return taken[0]


def bring_masters(settings: Settings, size: str, folder: Path) -> int:
    """Import the masters of a firm, in a process of its own, so that the memory of the days is seen alone. Its peak, in MB."""
    app = create_app(settings)
    with app.app_context():
        Product(app, size, folder, 0).import_paths(write_masters(size, folder))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@contextmanager
def opened(size: str, database: str) -> Iterator[Product]:
    """A portal on a new SQLite file, or on a new database of the PostgreSQL server that `database` names; masters are in."""
    name = f"juyuan_bench_{uuid.uuid4().hex[:8]}"
    server = database.rsplit("/", 1)[0] + "/" if database.startswith("postgres") else ""
    with tempfile.TemporaryDirectory() as folder:
        if server:
            with psycopg.connect(server + "postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
        settings = Settings(instance=folder, database_url=server + name if server else "", allow_overrides=True, password_cost="quick", testing=True)
        app = create_app(settings)
        try:
            with app.app_context():
                flask_migrate.upgrade()
                with transaction():
                    for email in PEOPLE:
                        verbs.add_user(email=email, name=email, roles=[Role.FINANCE], actor=TERMINAL, moment=now(), demo_password_hash="none")
                files = Path(folder) / "files"
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
                    yield Product(app, size, files, apart.submit(bring_masters, settings, size, files).result(), apart)
                db.session.remove()
                db.engine.dispose()
        finally:
            if server:
                with psycopg.connect(server + "postgres", autocommit=True) as connection:
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def preview(product: Product) -> tuple[Taken, int, int]:
    """The time for computing and keeping the month; how many lines, and what was earned in all (fen)."""
    with stopwatch() as taken:
        computed = runs.compute_whole(PERIOD)
        with transaction():
            lock_months()
            lines = runs.store_run(computed, now(), overrides_allowed=True).lines
    return taken[0], lines, sum(row.amounts[0] for row in computed.statements.values())


def correct(product: Product, accounts: int = 100) -> tuple[Taken, Taken]:
    """The times for reading a past day's files again, in which some accounts were charged one yuan more, and for bringing the
    preview up to date with them."""
    paths = corrected_day(product, accounts)
    posted = product.import_paths(paths)
    with stopwatch() as taken:
        computed = runs.compute_now(PERIOD)
        assert isinstance(computed, Change)
        with transaction():
            lock_months()
            runs.store_run(computed, now(), overrides_allowed=True)
    return posted, taken[0]


def corrected_day(product: Product, accounts: int, index: int = 10) -> list[Path]:
    """The files of a day with one more yuan of fee on the first trade of some accounts, evenly spread; their balances stand."""
    old_balances, old_trades = (pl.read_csv(path, infer_schema=False) for path in product.day_files(index))
    numbers = old_trades["account_no"].unique(maintain_order=True)
    chosen = numbers.gather_every(max(1, numbers.len() // accounts)).head(accounts)

    def more(column: str, rows: pl.Expr) -> pl.Expr:
        return pl.when(rows).then((pl.col(column).cast(pl.Decimal(18, 2)) + 1).cast(pl.String)).otherwise(pl.col(column)).alias(column)

    charged = pl.col("account_no").is_in(chosen.implode())
    trades = old_trades.with_columns(more("fee", charged & pl.col("account_no").is_first_distinct()))
    balances = old_balances.with_columns(more("fee", charged), more("realized_pnl", charged))
    folder = product.folder / "corrected"
    folder.mkdir(exist_ok=True)
    paths = [folder / path.name for path in product.day_files(index)]
    balances.write_csv(paths[0])
    trades.write_csv(paths[1])
    return paths


def close(product: Product) -> Taken:
    """The time for preparing and approving the close of the month that was previewed."""
    one, two = (person(email) for email in PEOPLE)
    with stopwatch() as taken, transaction():
        lock_months()
        run = runs.fresh_run(PERIOD)
        assert run is not None
        approval = prepare_close(run, one, now(), accept_missing=True)
        approvals.approve(approval.id, two, now(), digest=approval.digest)
    return taken[0]


def explain_one(product: Product) -> Taken:
    """The median time for explaining the first line of the broker with the largest book, after it was asked once."""
    firm = SIZES[product.size]
    owners = attribution_places(firm).filter(pl.col("share") == SHARE_WHOLE, pl.col("valid_to") == "")
    fill = traded(firm, 3).join(owners, on="key").sort("place").row(0, named=True)
    question = Question(broker_numbers(firm)[fill["place"]], account_numbers(firm)[fill["key"]], DAYS[3], fill["exchange"], fill["product"])
    run = runs.fresh_run(PERIOD)
    assert run is not None
    return repeated(lambda: bool(explain(run, question)))


def broker_page(product: Product) -> Taken:
    """The median time for the first page of the lines of the broker who has the most, after it was opened once."""
    run = runs.fresh_run(PERIOD)
    assert run is not None
    most = db.select(RunStatement.broker_id).where(RunStatement.run_id == run.id).order_by(RunStatement.lines.desc()).limit(1)
    broker = db.session.get(Broker, db.session.execute(most).scalar_one())
    assert broker is not None
    with product.app.test_request_context():
        return repeated(lambda: bool(page_of_frame(queries.broker_lines(run, broker), read(LINES, MultiDict(), "/commission/lines")).rows))


def overview_page(product: Product) -> Taken:
    """The time for the firm overview as an administrator opens it."""
    return page_time(product, "/overview")


def concentration_page(product: Product) -> Taken:
    """The time for the page of concentration."""
    return page_time(product, "/overview/concentration")


def exposure_page(product: Product, place: float) -> Taken:
    """The time for the page of one broker's departure; `place` of the brokers, by how many accounts they have: 0.5 the one in the middle, 1 the largest."""
    count = func.count(Attribution.account_id.distinct())
    brokers = select(Broker.broker_no).join(Attribution, Attribution.broker_id == Broker.id).group_by(Broker.broker_no).order_by(count, Broker.broker_no)
    with product.app.app_context():
        numbers = db.session.execute(brokers).scalars().all()
        db.session.remove()
    return page_time(product, f"/departures/exposure?person=broker-{numbers[round(place * (len(numbers) - 1))]}")


def keep_windows(product: Product) -> Taken:
    """The time in which a job keeps what every account came to, with nothing to grow it from."""
    with stopwatch() as taken:
        renew_windows()
    return taken[0]


def exposure_of_one(product: Product) -> Taken:
    """The time for the departure of the broker in the middle."""
    return exposure_page(product, 0.5)


def exposure_of_the_largest(product: Product) -> Taken:
    """The time for the departure of the broker with the most accounts."""
    return exposure_page(product, 1)


def page_time(product: Product, address: str) -> Taken:
    """The median time for a page, after it was opened once."""
    db.session.rollback()
    client = seat(product.app, someone(product.app, Role.ADMIN))
    return repeated(lambda: client.get(address).status_code == 200)


def repeated(ask: Callable[[], bool], rounds: int = 7) -> Taken:
    """The median time for something that is asked again and again, after the first time. Raises AssertionError where it fails."""
    times = []
    for _ in range(rounds + 1):
        with stopwatch() as taken:
            answered = ask()
        assert answered
        times.append(taken[0])
    return median(times[1:])


def person(email: str) -> Actor:
    """The actor behind one of PEOPLE."""
    user = user_by_email(email)
    assert user is not None
    return actor_of(user)


@dataclass(frozen=True)
class Entry:
    """One thing that is measured after the month was closed, with its budget."""

    name: str
    budget: str
    run: Callable[[Product], Taken] | None


ENTRIES = [
    Entry("explain one amount", "≤ 0.2 s on M", explain_one),
    Entry("a broker's lines of a month, first page", "≤ 0.2 s on M", broker_page),
    Entry("admin overview", "≤ 0.3 s on M", overview_page),
    Entry("concentration", "≤ 0.2 s on M", concentration_page),
    Entry("what every account came to, kept from nothing (a job)", "", keep_windows),
    Entry("exposure, middle broker", "≤ 0.3 s on M", exposure_of_one),
    Entry("exposure, largest broker", "≤ 0.3 s on M", exposure_of_the_largest),
]
"""Importing a day, previewing, correcting and closing the month are measured by `__main__` itself, because they alternate with the floors or come before the close."""
