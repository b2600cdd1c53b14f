"""A job that was asked for is done once, or ends with a reason; a worker may die over it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from models import db
from models.audit import AuditEntry
from models.identity import Role, User, UserState
from models.jobs import Job, JobState, JobUpload
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.audit import log, verify
from portal.jobs import claims, queries
from portal.jobs.handlers import HANDLERS, Handler, Work
from portal.jobs.verbs import ask_to_cancel, enqueue
from portal.jobs.worker import Worker
from portal.refusals import Conflict, NotFound, Refusal
from portal.settings import ROOT, Settings
from portal.transaction import transaction
from tests.rooms.audit.people import NOON, person

KIND = "test.job"


@pytest.fixture
def doing() -> Iterator[Callable[[Handler], None]]:
    """Say what the test's kind of job does."""

    def declare(function: Handler) -> None:
        HANDLERS[KIND] = function

    declare(lambda work: None)
    yield declare
    del HANDLERS[KIND]


@pytest.fixture
def worker(app: Flask) -> Worker:
    """A worker that does not wait."""
    return Worker(app, stale_after=timedelta(seconds=1), poll=0.02, patience=0.1)


def asked(actor: Actor = TERMINAL, kind: str = KIND, uploads: Any = (), **arguments: Any) -> int:
    with transaction():
        return enqueue(actor, clock.now(), kind, arguments, uploads).id


def the_job(job_id: int) -> Job:
    db.session.rollback()
    return db.session.execute(select(Job).where(Job.id == job_id).execution_options(populate_existing=True)).scalar_one()


def test_a_job_is_done_as_the_person_who_asked(app: Flask, worker: Worker, doing: Any) -> None:
    seen: list[Any] = []

    def counts(work: Work) -> dict[str, int]:
        seen.append((work.actor.label, work.arguments, list(work.uploads()), work.attempt))
        work.progress("counting", 3, 7)
        return {"rows": 7}

    doing(counts)
    with app.app_context():
        job_id = asked(person("finance", Role.FINANCE), uploads=[("一.csv", b"a,b\n" * 1000), ("b.csv", b"")], day="2026-11-20")
    assert worker.once()
    assert not worker.once(), "there is no second one"
    assert seen == [("finance@firm.example", {"day": "2026-11-20"}, [("一.csv", b"a,b\n" * 1000), ("b.csv", b"")], 1)]
    with app.app_context():
        job = the_job(job_id)
        assert (job.state, job.result, job.step, job.done, job.total, job.attempts) == (JobState.DONE, {"rows": 7}, "counting", 3, 7, 1)
        assert job.started_at <= job.finished_at
        assert db.session.execute(select(func.count()).select_from(JobUpload)).scalar_one() == 0, "uploads go when the job has ended"
        assert db.session.execute(select(AuditEntry.action).order_by(AuditEntry.seq)).scalars().all() == ["job.asked", "job.done"]


def test_a_job_that_was_rolled_back_was_never_asked(app: Flask, worker: Worker, doing: Any) -> None:
    def fails() -> None:
        with transaction():
            enqueue(TERMINAL, NOON, KIND, {}, [("a", b"b")])
            raise ZeroDivisionError

    with app.app_context(), pytest.raises(ZeroDivisionError):
        fails()
    assert not worker.once()


def test_refusals_and_faults_end_a_job_with_a_reason(app: Flask, worker: Worker, doing: Any) -> None:
    def refuses(work: Work) -> None:
        with transaction():
            log.write(work.actor, NOON, "test.half", "job", "")
            raise Refusal("line %(line)s is wrong", line=7)

    doing(refuses)
    with app.app_context():
        refused = asked()
    worker.once()

    def breaks(work: Work) -> None:
        raise ZeroDivisionError("13800138000")

    doing(breaks)
    with app.app_context():
        broken = asked()
    worker.once()
    with app.app_context():
        assert (the_job(refused).state, the_job(refused).result) == (JobState.FAILED, {"refused": "line %(line)s is wrong", "values": {"line": "7"}})
        assert the_job(broken).state == JobState.FAILED
        assert "13800138000" not in str(the_job(broken).result), "what broke is for the log alone"
        assert "test.half" not in db.session.execute(select(AuditEntry.action)).scalars().all()


def test_unknown_kinds_are_refused_and_do_not_hang(app: Flask, worker: Worker, doing: Any) -> None:
    with app.app_context():
        with pytest.raises(Refusal, match="nobody knows"):
            asked(kind="test.unknown")
        job_id = asked()
        with transaction():
            db.session.execute(update(Job).values(kind="test.gone"))
    worker.once()
    with app.app_context():
        assert the_job(job_id).state == JobState.FAILED


def test_who_was_disabled_since_does_nothing_any_more(app: Flask, worker: Worker, doing: Any) -> None:
    ran: list[Work] = []
    doing(ran.append)
    with app.app_context():
        actor = person("leaver", Role.FINANCE)
        job_id = asked(actor, uploads=[("a", b"b")])
        with transaction():
            db.session.get_one(User, actor.user_id).state = UserState.DISABLED
    worker.once()
    with app.app_context():
        assert (the_job(job_id).state, ran) == (JobState.FAILED, [])


def test_cancelling_before_during_and_after(app: Flask, worker: Worker, doing: Any) -> None:
    begun = threading.Event()

    def slow(work: Work) -> None:
        begun.set()
        while True:
            work.progress("waiting")
            time.sleep(0.01)

    doing(slow)
    with app.app_context():
        early, late = asked(uploads=[("a", b"b")]), asked()
        with transaction():
            ask_to_cancel(early, TERMINAL, NOON)
        assert the_job(early).state == JobState.CANCELLED
        assert db.session.execute(select(func.count()).select_from(JobUpload)).scalar_one() == 0
    thread = threading.Thread(target=worker.once)
    thread.start()
    assert begun.wait(10)
    with app.app_context():
        with transaction():
            ask_to_cancel(late, TERMINAL, NOON)
        thread.join(20)
        assert the_job(late).state == JobState.CANCELLED
        with pytest.raises(Conflict, match="ended already"), transaction():
            ask_to_cancel(late, TERMINAL, NOON)


def test_progress_shows_while_the_work_runs(app: Flask, worker: Worker, doing: Any) -> None:
    go_on = threading.Event()

    def half(work: Work) -> None:
        work.progress("reading", 5, 10)
        go_on.wait(20)

    doing(half)
    with app.app_context():
        job_id = asked()
        thread = threading.Thread(target=worker.once)
        thread.start()
        until(lambda: the_job(job_id).done == 5)
        first = the_job(job_id).heartbeat_at
        until(lambda: the_job(job_id).heartbeat_at > first)
        go_on.set()
        thread.join()


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that another thread or process does."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_a_long_write_does_not_look_like_death(app: Flask, worker: Worker, doing: Any) -> None:
    """On SQLite no sign of life can be written while the handler writes; the job must still not be taken from it."""
    begun, runs = threading.Event(), []

    def writes(work: Work) -> None:
        runs.append(work.attempt)
        with transaction():
            log.write(work.actor, NOON, "test.long", "job", "")
            begun.set()
            time.sleep(2.5)

    doing(writes)
    with app.app_context():
        job_id = asked()
    thread = threading.Thread(target=worker.once)
    thread.start()
    assert begun.wait(10)
    other = Worker(app, stale_after=timedelta(seconds=1), poll=0.05, patience=1.0)
    until(lambda: other.once() or not thread.is_alive(), 30)
    thread.join()
    with app.app_context():
        assert (the_job(job_id).state, runs) == (JobState.DONE, [1])


def test_a_job_that_kills_its_workers_is_given_up(app: Flask, worker: Worker, doing: Any) -> None:
    with app.app_context():
        job_id = asked(uploads=[("a", b"b")])
        for attempt in range(1, claims.ATTEMPTS + 1):
            wanted = claims.candidate(clock.now(), timedelta(0))
            assert wanted is not None
            with transaction():
                work = claims.claim(wanted, clock.now())
            assert work is not None
            assert work.attempt == attempt
            time.sleep(0.01)
    time.sleep(1.1)
    worker.once()
    with app.app_context():
        job = the_job(job_id)
        assert (job.state, job.result["values"]) == (JobState.FAILED, {"times": claims.ATTEMPTS})
        assert db.session.execute(select(func.count()).select_from(JobUpload)).scalar_one() == 0


def test_a_worker_that_was_thought_dead_writes_nothing_more(app: Flask, doing: Any) -> None:
    with app.app_context():
        job_id = asked()
        works = []
        for _ in range(2):
            wanted = claims.candidate(clock.now(), timedelta(0))
            assert wanted is not None
            with transaction():
                works.append(claims.claim(wanted, clock.now()))
            time.sleep(0.01)
        first, second = works
        assert first is not None
        assert second is not None
        with transaction():
            assert not claims.sign_of_life(first, clock.now())
            assert not claims.end(first, JobState.FAILED, {"late": True}, clock.now())
            assert claims.end(second, JobState.DONE, {"rows": 1}, clock.now())
        assert (the_job(job_id).state, the_job(job_id).result) == (JobState.DONE, {"rows": 1})


def _claim_together(app: Flask, count: int) -> int:
    """So many workers see the same job and claim it at once; how many got it."""
    barrier, got = threading.Barrier(count), []

    def one() -> None:
        with app.app_context():
            wanted = claims.candidate(clock.now())
            db.session.rollback()
            assert wanted is not None
            barrier.wait()
            with transaction():
                got.append(claims.claim(wanted, clock.now()))
            db.session.remove()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len([work for work in got if work is not None])


def test_of_many_workers_one_gets_the_job(app: Flask, doing: Any) -> None:
    with app.app_context():
        asked()
    assert _claim_together(app, 8) == 1


def test_control_without_the_guard_many_get_it(app: Flask, doing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        asked()
    honest = claims.claim

    def careless(wanted: claims.Candidate, moment: Any) -> Work | None:
        """Takes the job as it is now for the one that was seen."""
        now = db.session.execute(select(Job.id, Job.state, Job.heartbeat_at).where(Job.id == wanted.id).with_for_update()).one()
        return honest(claims.Candidate(*now), moment)

    monkeypatch.setattr(claims, "claim", careless)
    assert _claim_together(app, 3) == 3


def test_jobs_are_seen_by_who_asked_and_by_who_sees_imports(app: Flask, doing: Any) -> None:
    with app.app_context():
        broker, other, finance = person("b1", Role.BROKER), person("b2", Role.BROKER), person("finance", Role.FINANCE)
        public_id = the_job(asked(broker)).public_id
        assert queries.job(broker, public_id).public_id == queries.job(finance, public_id).public_id
        with pytest.raises(NotFound):
            queries.job(other, public_id)
        assert (len(queries.latest(broker)), len(queries.latest(other)), len(queries.latest(TERMINAL))) == (1, 0, 1)


def test_the_commands(app: Flask, doing: Any) -> None:
    with app.app_context():
        asked()
        asked()
    run = app.test_cli_runner().invoke
    assert run(args=["jobs", "list"]).output.count("waiting\ttest.job") == 2
    assert run(args=["jobs", "work", "--once"]).output == "2 jobs\n"
    assert run(args=["jobs", "list"]).output.count("done\ttest.job") == 2


def _worker_process(settings: Settings) -> subprocess.Popen[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return subprocess.Popen([sys.executable, "-m", "tests.rooms.jobs.a_worker", settings.instance, settings.database_url, "2"], cwd=ROOT, env=environ)


def test_a_killed_workers_job_is_taken_up_by_another(app: Flask, settings: Settings, tmp_path: Path) -> None:
    HANDLERS["test.steps"] = lambda work: None  # known here; done elsewhere
    with app.app_context():
        doomed = asked(kind="test.steps", uploads=[("a.csv", b"12345")], folder=str(tmp_path), hangs=True)
    first, second = _worker_process(settings), None
    try:
        until((tmp_path / "hanging").exists, 60)
        first.send_signal(signal.SIGKILL)
        first.wait()
        with app.app_context():
            assert the_job(doomed).state == JobState.RUNNING, "nobody has told the table"
            more = [asked(kind="test.steps", folder=str(tmp_path)) for _ in range(3)]
        second = _worker_process(settings)
        with app.app_context():
            until(lambda: all(the_job(number).state == JobState.DONE for number in [doomed, *more]), 60)
            job = the_job(doomed)
            assert (job.attempts, job.result) == (2, {"a.csv": 5})
            steps = db.session.execute(select(AuditEntry.subject_key).where(AuditEntry.action == "test.step")).scalars().all()
            assert (len(steps), len(set(steps))) == (16, 16), "each step once"
            assert db.session.execute(select(func.count()).select_from(JobUpload)).scalar_one() == 0
            assert verify.verify().holds
    finally:
        del HANDLERS["test.steps"]
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait()
