"""Many processes, the same bytes: `python -m tests.guard.workers --database postgresql://user@host/ --redis redis://host/1 [--size XS] [--fault]`.

Two web processes and three workers share one database and one Redis and nothing else. A firm is handed in by the import page in
three parcels, whose previews are worked on at once; while one of them is brought in, its worker is killed; the month is previewed,
prepared and approved on different web processes; lists are taken out (long ones by jobs). The exported books are then held against those of
one process on SQLite that nobody killed. Exit status 1 where they differ.

A month's pricing is one job: several workers share different jobs, not the days or brokers of one month.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import re
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import select

from models import db
from models.identity import Role, UserState
from models.jobs import Job, JobState
from portal import clock, create_app
from portal.actors import TERMINAL
from portal.identity import sessions, verbs
from portal.transaction import transaction
from tests.bench.make_firm import DAYS, write_masters
from tests.bench.sizes import MONTH
from tests.bench.write_files import write_day
from tests.guard.cluster import Cluster, cluster, until
from tests.guard.report import Report
from tests.guard.served import Answer, Browser
from tests.oracle.product import APPROVER, BOSS, PREPARER, people, run
from tests.people import hidden_in
from tests.places import migrated_place

LISTS = ("/commission/lines?broker=B00001", "/commission/statements", "/clients", "/clients/trades")
Parcels = list[list[Path]]


def firm_files(size: str, folder: Path) -> Parcels:
    """The master files, and the days of the month in two halves."""
    masters = write_masters(size, folder / "masters")
    (folder / "days").mkdir()
    days = [write_day(size, index, folder / "days") for index in range(len(DAYS))]
    half = len(days) // 2
    return [masters, [path for day in days[:half] for path in day], [path for day in days[half:] for path in day]]


def books(app: object, folder: Path) -> str:
    """The digest of the month's exported books."""
    run(app, "commission", "export", "--period", MONTH, "--out", str(folder))  # type: ignore[arg-type]
    digest = hashlib.sha256()
    for name in ("lines.csv", "statements.csv"):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def in_one_process(parcels: Parcels, folder: Path) -> str:
    """The same firm by the command line, in this process, on SQLite."""
    place = migrated_place(folder / "alone", "")
    app = create_app(place.settings(allow_overrides=True))
    people(app)
    for paths in parcels:
        run(app, "import", *map(str, paths), "--approved-by", BOSS)
    run(app, "commission", "close", "--period", MONTH, "--prepared-by", PREPARER, "--approved-by", APPROVER, "--accept-missing")
    return books(app, folder / "alone-books")


def person(many: Cluster) -> str:
    """The token of a signed-in person of finance."""
    with many.app.app_context():
        with transaction():
            moment = clock.now()
            user = verbs.add_user(email=f"{secrets.token_hex(4)}@firm.example", name="Finance", roles=[Role.FINANCE, Role.COMPLIANCE], actor=TERMINAL, moment=moment)
            user.state = UserState.ACTIVE
            row, token = sessions.begin(user=user, moment=moment, user_agent="", address="", whole=True)
            row.second_factor_at = row.fresh_at = moment
        db.session.remove()
    return token


class Desk:
    """One person at a browser whose requests go to the web processes in turn."""

    def __init__(self, many: Cluster) -> None:
        self.many, self.token = many, person(many)
        first = many.browser(self.token)
        first.post("/me/sessions/end-others")
        self.cookies, self.form = first.cookies, first.token

    def at(self) -> Browser:
        """The next request's browser."""
        browser = self.many.browser(self.token, self.form)
        browser.cookies = self.cookies
        return browser

    def get(self, path: str) -> Answer:
        """Open a page that must be there."""
        answer = self.at().get(path)
        assert answer.status in {200, 303}, (path, answer.status, answer.text[:300])
        return answer

    def post(self, path: str, **given: object) -> str:
        """Send a form that must be taken; where it leads."""
        answer = self.at().post(path, **given)
        assert answer.status == 303, (path, answer.status, re.sub(r"<[^>]+>|\s+", " ", answer.text)[-1500:])
        return answer.location

    def hand_in(self, paths: list[Path]) -> str:
        """Files into the import page; the address of the work."""
        mark, browser = secrets.token_hex(16), self.at()
        parts = [f'--{mark}\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.form}\r\n'.encode()]
        for path in paths:
            parts += [f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n\r\n'.encode(), path.read_bytes(), b"\r\n"]
        connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=120)
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}", "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        connection.request("POST", "/imports", b"".join([*parts, f"--{mark}--\r\n".encode()]), headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303, answer.status
        return str(answer.headers["Location"])

    def outcome(self, work: str) -> str:
        """Wait for an import's end; the address of its result."""
        return str(until(lambda: self.get(work).location))


def jobs(many: Cluster, *kinds: str) -> list[Job]:
    """The jobs of some kinds, oldest first."""
    with many.app.app_context():
        found = list(db.session.execute(select(Job).where(Job.kind.in_(kinds) if kinds else Job.id > 0).order_by(Job.id)).scalars())
        db.session.remove()
    return found


def bring_in(many: Cluster, desk: Desk, result: str, *, killing: bool) -> str:
    """Bring a previewed parcel in; where asked, its worker is killed once it is at it. The address of the result."""
    work = desk.post(f"{result}/bring-in")
    job = work.rsplit("/", 1)[1]
    if killing:
        worker = until(lambda: next((one for one in many.workers if one.busy_with(job)), None), every=0.005)
        until(lambda: next(one for one in jobs(many, "imports.run") if one.public_id == job).done, every=0.01)
        many.kill(worker)
        state = next(one for one in jobs(many, "imports.run") if one.public_id == job)
        assert state.state == JobState.RUNNING, "the kill came after the job's end: take a larger firm"
    return desk.outcome(work)


def close_month(desk: Desk, second: Desk) -> None:
    """Preview, prepare and approve, page by page."""
    desk.post(f"/commission/months/{MONTH}/preview")
    page = desk.get(f"/commission/months/{MONTH}/close").text
    accepted = re.findall(r'name="accept" value="([^"]+)"', page)
    desk.post(f"/commission/months/{MONTH}/prepare", digest=hidden_in(page, "digest"), typed=MONTH, accept=accepted)
    waiting = re.findall(r'href="(/approvals/\d+)"', second.get("/approvals").text)
    second.post(f"{waiting[0]}/approve", digest=hidden_in(second.get(waiting[0]).text, "digest"))


def in_many(parcels: Parcels, folder: Path, report: Report, database: str, redis: str, fault: str) -> str:
    """The firm through two web processes and three workers, one of which is killed."""
    with cluster(database, redis, web=2, workers=3, fault=fault) as many:
        desk, second = Desk(many), Desk(many)
        bring_in(many, desk, desk.outcome(desk.hand_in(parcels[0])), killing=False)
        works = [desk.hand_in(paths) for paths in parcels[1:]]  # both previews wait at once
        results = [desk.outcome(work) for work in works]
        bring_in(many, desk, results[0], killing=True)
        bring_in(many, desk, results[1], killing=False)
        close_month(desk, second)
        for address in LISTS:
            desk.at().post("/exports", address=address, form="csv")
        until(lambda: all(job.state not in {JobState.WAITING, JobState.RUNNING} for job in jobs(many)))
        found = books(many.app, folder / "many-books")
        _told(many, report)
        return found


def _told(many: Cluster, report: Report) -> None:
    """Which process did what; and faults where nothing was shared or no job was taken up again."""
    all_jobs = jobs(many)
    report.tried = len(all_jobs)
    report.figures["jobs"] = dict(Counter(f"{job.kind} {job.state}" for job in all_jobs))
    report.figures["taken by"] = {worker.name: dict(Counter(kind for _, kind, _ in worker.taken())) for worker in many.workers}
    report.figures["killed"], report.figures["taken up again"] = many.killed, [job.kind for job in all_jobs if job.attempts > 1]
    report.figures["requests by web process"] = list(many.pages.values())
    if sum(bool(worker.taken()) for worker in many.workers) < 2:
        report.fault("one worker did everything")
    if not report.figures["taken up again"]:
        report.fault("no job was taken up again after the kill")
    for job in all_jobs:
        if job.state in {JobState.FAILED, JobState.CANCELLED}:
            report.fault(f"{job.kind} ended {job.state}: {job.result}")


def main() -> int:
    """Print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.guard.workers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", required=True, metavar="URL", help="address of a PostgreSQL server up to its last slash")
    parser.add_argument("--redis", required=True, metavar="URL")
    parser.add_argument("--size", default="XS", choices=["XS", "S"])
    parser.add_argument("--fault", action="store_true", help="the control: every worker reads one fen too much, which the digest must show")
    asked = parser.parse_args()
    report, started = Report("workers", "PostgreSQL"), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="juyuan-many-") as name:
        folder = Path(name)
        parcels = firm_files(asked.size, folder)
        digests = {"one process": in_one_process(parcels, folder), "many": in_many(parcels, folder, report, asked.database, asked.redis, "workers" if asked.fault else "")}
    report.figures["digests"] = digests
    if len(set(digests.values())) > 1:
        report.fault("the books of many processes are not those of one")
    print(json.dumps(report.figures, indent=1, ensure_ascii=False))
    print(f"workers, firm {asked.size}: {report.tried} jobs, {len(report.faults)} faults, {time.monotonic() - started:.0f} s", *report.faults, sep="\n  ")
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
