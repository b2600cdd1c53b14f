"""`flask jobs`: work that outlasts a request."""

from __future__ import annotations

import signal
from datetime import timedelta

import click
from flask import current_app

from portal.actors import TERMINAL
from portal.cli.refusing import RefusingGroup
from portal.jobs import queries
from portal.jobs.claims import STALE_AFTER
from portal.jobs.worker import Worker

jobs = RefusingGroup("jobs", help="Work that outlasts a request.")


@jobs.command("work")
@click.option("--once", is_flag=True, help="Work off what waits, then end.")
@click.option(
    "--stale-after", type=click.FloatRange(min=0.1), default=STALE_AFTER.total_seconds(), show_default=True, help="Seconds of silence after which a worker counts as dead."
)
def work_command(once: bool, stale_after: float) -> None:
    """Work on jobs until interrupted; the job at hand is brought to its end first."""
    worker = Worker(current_app._get_current_object(), stale_after=timedelta(seconds=stale_after))  # type: ignore[attr-defined]
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop.set())
    if once:
        click.echo(f"{worker.drain()} jobs")
    else:
        worker.run()


@jobs.command("list")
def list_command() -> None:
    """List the newest jobs: number, state, kind, when asked, attempts, how far, separated by tabs."""
    for job in queries.latest(TERMINAL):
        far = f"{job.step} {job.done}/{job.total}" if job.total else job.step
        click.echo("\t".join((job.public_id, job.state, job.kind, f"{job.asked_at:%Y-%m-%d %H:%M}Z", str(job.attempts), far)))
