"""What a page costs the processor: `python -m tests.bench.pages --size S|M [--database URL] [--rounds N]`, or, for a firm that is there already,
`--instance FOLDER [--database URL] [--broker MAIL] [--client MAIL]`.

In turn, each over HTTP from a gunicorn worker of its own: a Flask "hello", a bare signed-in page with one query by key, and the
portal's own pages. The processor's time is the worker's. `--size` makes the reference firm, its month closed and published; FOLDER holds a
firm, for instance a demonstration firm, and is only read.
Budget: CPU per request ≤ 8 × hello, p95 ≤ 5 × the bare page.
"""

from __future__ import annotations

import argparse
import gc
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from models import db
from models.clients import Account, AccountVersion
from models.commission import CommissionRun, RunStatement
from models.identity import Role, User, UserRole
from models.partners import Broker
from portal import create_app
from portal.commission.queries import newest_run_ids
from portal.permissions import Can
from portal.settings import Settings
from portal.web.guard import install_guard, requires
from tests.bench.__main__ import versions
from tests.bench.page_firm import BROKER, CLIENT, published_firm
from tests.people import seat

BARE = "/bench/bare"
EACH = 50


def hello() -> Flask:
    """The least that Flask can answer."""
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: "hello")
    return app


def with_bare_page(app: Flask) -> Flask:
    """The portal with a signed-in page that asks one question by key."""
    app.add_url_rule(BARE, "bench.bare", requires(Can.OWN_SETTINGS)(lambda: str(db.session.execute(select(Account.account_no).where(Account.id == 1)).scalar())))
    install_guard(app)
    return app


def cookie_of(app: Flask, email: str, role: Role) -> tuple[dict[str, str], User]:
    """A session of a user, as a cookie: the one named, or the first of a role."""
    with app.app_context():
        wanted = select(User).join(UserRole, UserRole.user_id == User.id).where(UserRole.role == role).order_by(User.id).limit(1)
        user = db.session.execute(select(User).where(User.email == email) if email else wanted).unique().scalar_one()
        client = seat(app, user.id)
        db.session.expunge_all()
        db.session.remove()
    held = client.get_cookie(app.config["SIGN_IN_COOKIE"])
    assert held is not None
    return {held.key: held.value}, user


def served() -> Flask:
    """The portal of the settings in the environment, with the bare page: what its worker serves, made as `app.py` makes it."""
    app = with_bare_page(create_app(Settings.from_env()))
    gc.collect()
    gc.freeze()
    return app


class Worker:
    """A gunicorn worker that answers one caller, and what it has cost."""

    def __init__(self, factory: str, environment: dict[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--worker-class",
            "gthread",
            "--threads",
            "4",
            "--log-level",
            "error",
            f"tests.bench.pages:{factory}()",
        ]
        self.master = subprocess.Popen(command, env={**os.environ, **environment})
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        for _ in range(300):
            with suppress(OSError):
                self.connection.connect()
                break
            time.sleep(0.1)

    def cpu(self) -> float:
        """Seconds of the processor that the threads of the master's workers have used so far."""
        children = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text().split()
        threads = [one for child in children for one in Path(f"/proc/{child}/task").glob("*/schedstat")]
        return sum(int(one.read_text().split()[0]) for one in threads) / 1e9

    def get(self, address: str, cookies: dict[str, str]) -> int:
        """Read a page whole; its status. Cookies are kept as a browser keeps them."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept-Language": "zh-CN", "Accept-Encoding": "gzip"}
        try:
            self.connection.request("GET", address, headers=headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # it waited too long for its turn
            self.connection.close()
            self.connection.request("GET", address, headers=headers)
            answer = self.connection.getresponse()
        answer.read()
        for header in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = header.partition(";")[0].partition("=")
            cookies[name] = value
        return answer.status

    def stop(self) -> None:
        """End the worker."""
        self.connection.close()
        self.master.terminate()
        self.master.wait()


@dataclass(frozen=True)
class Asked:
    """A page as one reader asks for it."""

    worker: Worker
    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def __call__(self) -> int:
        return self.worker.get(self.address, self.cookies)


def pages_of(app: Flask, worker: Worker, broker: str, client: str) -> dict[str, Asked]:
    """The pages to measure, by name."""
    cookie, user = cookie_of(app, broker, Role.BROKER)
    theirs, reader = cookie_of(app, client, Role.CLIENT)
    admin, _ = cookie_of(app, "", Role.ADMIN)
    with app.app_context():
        runs = select(func.max(CommissionRun.period)).join(RunStatement, RunStatement.run_id == CommissionRun.id).join(Broker, Broker.id == RunStatement.broker_id)
        period = db.session.execute(runs.where(Broker.broker_no == user.broker_no, CommissionRun.id.in_(newest_run_ids()))).scalar_one()
        own = (
            db.session.execute(select(Account.account_no).join(AccountVersion, AccountVersion.account_id == Account.id).where(AccountVersion.client_no == reader.client_no))
            .scalars()
            .first()
        )
        db.session.remove()
    return {
        "bare signed-in page": Asked(worker, BARE, cookie),
        "broker overview": Asked(worker, "/", cookie),
        "client page": Asked(worker, f"/clients/{own}", theirs),
        "statement page": Asked(worker, f"/commission/statements/{period}/{user.broker_no}", cookie),
        "firm overview": Asked(worker, "/overview", admin),
        "concentration": Asked(worker, "/overview/concentration", admin),
    }


def measured(calls: dict[str, Asked], rounds: int) -> dict[str, tuple[float, float]]:
    """Median CPU (of rounds of 50 requests) and p95 by the clock of each page, in milliseconds; they are asked in turn, so that a busy machine hits all."""
    costs: dict[str, list[float]] = {name: [] for name in calls}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for name, call in calls.items():
        statuses = {call() for _ in range(10)}
        assert statuses == {200}, f"{name}: {statuses}"
    for _ in range(rounds):
        for name, call in calls.items():
            before = call.worker.cpu()
            for _ in range(EACH):
                began = time.perf_counter()
                call()
                times[name].append(time.perf_counter() - began)
            costs[name].append((call.worker.cpu() - before) / EACH)
    return {name: (statistics.median(costs[name]) * 1000, statistics.quantiles(times[name], n=20)[-1] * 1000) for name in calls}


def compared(instance: str, database: str, broker: str, client: str, rounds: int) -> dict[str, tuple[float, float]]:
    """Serve the firm that lies there, and measure."""
    app = with_bare_page(create_app(Settings(instance=instance, database_url=database, demo=True)))
    settings = {"PORTAL_INSTANCE": instance, "PORTAL_DATABASE_URL": database, "PORTAL_DEMO": "1"}
    workers = [Worker("hello", {}), Worker("served", {name: value for name, value in settings.items() if value})]
    try:
        return measured({"hello": Asked(workers[0], "/"), **pages_of(app, workers[1], broker, client)}, rounds)
    finally:
        for worker in workers:
            worker.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=["S", "M"], help="make this reference firm; else --instance names where a firm lies")
    parser.add_argument("--instance", default="")
    parser.add_argument("--database", default="", help="with --size postgresql://user@host/name: a new database is made beside it. Empty: SQLite")
    parser.add_argument("--broker", default="")
    parser.add_argument("--client", default="")
    parser.add_argument("--rounds", type=int, default=5, help=f"of {EACH} requests to each page")
    given = parser.parse_args()
    if bool(given.size) == bool(given.instance):
        parser.error("either --size or --instance")
    print(*versions(given.database), f"load {os.getloadavg()[0]:.1f}", sep="\n", flush=True)
    if given.size:
        with published_firm(given.size, given.database) as firm:
            found = compared(firm.instance, firm.database, BROKER, CLIENT, given.rounds)
    else:
        found = compared(given.instance, given.database, given.broker, given.client, given.rounds)
    print(f"{'page':22} {'CPU ms':>8} {'× hello':>8} {'p95 ms':>8} {'× bare':>8}")
    for name, (cpu, p95) in found.items():
        print(f"{name:22} {cpu:8.2f} {cpu / found['hello'][0]:8.1f} {p95:8.2f} {p95 / found['bare signed-in page'][1]:8.1f}")


if __name__ == "__main__":
    main()
