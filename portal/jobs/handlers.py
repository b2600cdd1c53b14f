"""What kinds of jobs there are, and what a handler is given."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from threading import Event
from typing import Any

from sqlalchemy import select

from models import db
from models.jobs import JobUpload
from portal.actors import Actor

MODULES: list[str] = [
    "portal.jobs.refresh",
    "portal.jobs.rebuild",
    "portal.imports.job",
    "portal.imports.comparing",
    "portal.imports.leads_upload",
    "portal.search.job",
    "portal.jobs.tidy",
    "portal.jobs.forgotten",
    "portal.jobs.leads",
    "portal.jobs.law",
    "portal.jobs.retention",
    "portal.lists.making",
    "portal.lists.scheduled",
    "portal.personal.making",
    "portal.personal.erasing",
    "portal.jobs.shadow",
    "portal.jobs.case",
    "portal.jobs.case_time",
    "portal.jobs.transfer",
    "portal.jobs.onboarding",
    "portal.jobs.club",
    "portal.jobs.club_members",
    "portal.jobs.club_seats",
    "portal.jobs.care",
    "portal.jobs.outbox",
    "portal.jobs.webhooks",
    "portal.jobs.statement_packs",
    "portal.jobs.risk",
    "portal.jobs.risk_check",
    "portal.jobs.signals",
    "portal.jobs.association",
    "portal.jobs.handover",
    "portal.jobs.club_effect",
    "portal.jobs.club_waves",
    "portal.jobs.club_evenings",
    "portal.jobs.club_points",
    "portal.pages.attribution.work",
]
"""Modules that declare handlers: a door that has jobs adds its line here."""


class Cancelled(Exception):
    """Somebody asked to stop; raised out of `Work.progress`, and the handler's open transaction is rolled back by it."""


@dataclass
class Work:
    """One attempt at one job, as its handler sees it. `actor` is who asked, with the rights of this moment."""

    job_id: int
    public_id: str
    kind: str
    arguments: Mapping[str, Any]
    actor: Actor
    attempt: int
    step: str = ""
    done: int = 0
    total: int = 0
    cancel: Event = field(default_factory=Event)

    def progress(self, step: str, done: int = 0, total: int = 0) -> None:
        """Say how far the work is: an English sentence for `step`, counted things for the rest. May be called often and inside
        a transaction: it is written from elsewhere, twice a second. Raises Cancelled where somebody asked to stop."""
        self.step, self.done, self.total = step[:200], done, total
        if self.cancel.is_set():
            raise Cancelled

    def uploads(self) -> Iterator[tuple[str, bytes]]:
        """Name and content of each file that was handed over, one in memory at a time."""
        numbers = db.session.execute(select(JobUpload.id).where(JobUpload.job_id == self.job_id).order_by(JobUpload.id)).scalars().all()
        for number in numbers:
            name, packed = db.session.execute(select(JobUpload.name, JobUpload.payload).where(JobUpload.id == number)).one()
            yield name, zlib.decompress(packed)


Handler = Callable[[Work], Any]
"""Does the work as a door: opens its own transactions and returns plain JSON for the job's result. A Refusal is an answer."""

HANDLERS: dict[str, Handler] = {}


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Declare the handler of a kind. Doing it twice must be the same as doing it once. Raises ValueError where it is taken."""

    def declare(function: Handler) -> Handler:
        if HANDLERS.setdefault(kind, function) is not function:
            raise ValueError(f"the kind of job {kind!r} has a handler already")
        return function

    return declare


def know_all() -> None:
    """Import every module that declares a handler, and with it what a second person may approve."""
    for module in MODULES:
        import_module(module)


def handler_of(kind: str) -> Handler | None:
    """The handler of a kind, once every module that declares some was imported."""
    know_all()
    return HANDLERS.get(kind)
