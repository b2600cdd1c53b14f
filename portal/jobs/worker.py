"""A worker: takes jobs one after another, shows that it lives, and takes up what a dead one left behind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy.exc import OperationalError

from models import db
from models.jobs import JobState
from portal import clock
from portal.actors import TERMINAL
from portal.audit import heads
from portal.audit.recordings import last_recording_id
from portal.gateways.wakeups import bell
from portal.jobs import (
    association,
    care,
    case_time,
    claims,
    club,
    club_effect,
    club_evenings,
    club_members,
    club_points,
    club_seats,
    club_waves,
    handover,
    law,
    leads,
    onboarding,
    outbox,
    refresh,
    retention,
    risk,
    risk_check,
    signals,
    tidy,
    webhooks,
)
from portal.jobs.handlers import Cancelled, Work, handler_of
from portal.lists import scheduled
from portal.refusals import Refusal
from portal.search import index
from portal.search.job import ask_to_catch_up
from portal.settings import Settings
from portal.transaction import transaction

LOG = logging.getLogger("portal.jobs")
STALE_EVERY = 60.0
"""Seconds between two looks at whether previews are stale."""


@dataclass
class Worker:
    """One worker. `stop` may be set from a signal: the job at hand is brought to its end first."""

    app: Flask
    stale_after: timedelta = claims.STALE_AFTER
    poll: float = 0.5
    patience: float = 2.0
    stop: threading.Event = field(default_factory=threading.Event)
    looked: float = float("-inf")
    tried: int = 0

    def __post_init__(self) -> None:
        with self.app.app_context():
            self.bell = bell()

    def run(self) -> None:
        """Work until told to stop. A database that is away is waited for."""
        while not self.stop.is_set():
            try:
                busy = self.once() or self._keep_current()
                self._tell_heads()
            except OperationalError:
                LOG.exception("the database does not answer; trying again")
                busy = False
            if not busy:
                self.bell.wait(self.poll, self.stop)

    def drain(self) -> int:
        """Work off what waits, then end. Returns how many jobs were worked on."""
        count = 0
        while not self.stop.is_set() and self.once():
            count += 1
        return count

    def once(self) -> bool:
        """Work on one job. False where there was none to take. Each job has a context of its own: nothing is left over."""
        with self.app.app_context():
            try:
                work = self._take()
                if work is None:
                    return False
                self._work_on(work)
                return True
            finally:
                db.session.remove()

    def _take(self) -> Work | None:
        wanted = claims.candidate(clock.now(), self.stale_after)
        db.session.rollback()  # looking held a snapshot
        if wanted is None:
            return None
        if wanted.state == JobState.RUNNING and not self._seems_dead():
            return None
        with transaction():
            return claims.claim(wanted, clock.now())

    def _seems_dead(self) -> bool:
        """Give a silent worker a last chance: on SQLite its signs of life wait for whoever is writing, often itself. When the
        write lock was ours once, and then some time has passed, it would have spoken."""
        with transaction():
            pass
        return not self.stop.wait(self.patience)

    def _work_on(self, work: Work) -> None:
        LOG.info("job %s (%s): attempt %s", work.public_id, work.kind, work.attempt)
        with self._alive(work):
            state, result = self._outcome(work)
        if state is JobState.WAITING:
            with transaction():
                claims.give_back(work)
            self.stop.wait(self.poll)
            return
        with transaction():
            kept = claims.end(work, state, result, clock.now())
        LOG.log(logging.INFO if kept else logging.WARNING, "job %s: %s%s", work.public_id, state, "" if kept else ", but another worker has it now")

    def _outcome(self, work: Work) -> tuple[JobState, Any]:
        """Run the handler, and say in which state with what result it ended. WAITING: the database was away; again later."""
        function = handler_of(work.kind)
        try:
            if function is None:
                raise Refusal("nobody knows how to do a job of the kind %(kind)s", kind=work.kind)
            return JobState.DONE, function(work)
        except Cancelled:
            return JobState.CANCELLED, None
        except Refusal as refusal:
            return JobState.FAILED, {"refused": refusal.message, "values": {name: str(value) for name, value in refusal.values.items()}}
        except OperationalError:
            LOG.exception("job %s: the database did not answer", work.public_id)
            return JobState.WAITING, None
        except Exception:
            LOG.exception("job %s failed", work.public_id)
            return JobState.FAILED, {"refused": "Something went wrong on our side. The log knows it under the number %(number)s.", "values": {"number": work.public_id}}
        finally:
            db.session.remove()

    @contextmanager
    def _alive(self, work: Work) -> Iterator[None]:
        """Show signs of life and progress from beside the handler, so that one long step does not look like death."""
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(work, ended), name=f"job-{work.public_id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _beat(self, work: Work, ended: threading.Event) -> None:
        every, shown, last = min(2.0, self.stale_after.total_seconds() / 6), ("", 0, 0), 0.0
        while not ended.wait(self.poll):
            last += self.poll
            now = (work.step, work.done, work.total)
            if now == shown and last < every:
                continue
            shown, last = now, 0.0
            with self.app.app_context():
                try:
                    with transaction():
                        if not claims.sign_of_life(work, clock.now()):
                            LOG.warning("job %s: another worker has it now", work.public_id)
                            work.cancel.set()
                except OperationalError:
                    LOG.warning("job %s: no sign of life could be written; trying again", work.public_id)
                finally:
                    db.session.remove()

    def _keep_current(self) -> bool:
        """Once a minute, when there is nothing else to do: ask for names to be made findable, and for new previews where they are stale. A step of knowledge is
        tried once by a worker, so that a preview that cannot be computed is not tried for ever."""
        if time.monotonic() - self.looked < STALE_EVERY:
            return False
        self.looked = time.monotonic()
        with self.app.app_context():
            try:
                if self._housekeeping():
                    return True
                known = last_recording_id()
                if known == self.tried or not refresh.is_stale():
                    return False
                self.tried = known
                with transaction():
                    return refresh.ask_for_refresh(TERMINAL, clock.now()) is not None
            finally:
                db.session.remove()

    def _housekeeping(self) -> bool:
        """Ask for what falls due by itself: names to be made findable, old traces of signing in to be deleted, what a day decided
        about leads to be written down, books to be held against the rules, lapses to be told, cases to be closed, holds, payments and
        waitlists of the club to be looked at, its members to be told, its tiers to follow the equity, its evenings to be spoken of,
        messages and webhooks to be sent, ordered lists to be made, clients to be scored, what speaks for departures to be looked at, the invited and the held-out of events to be compared."""
        moment = clock.now()
        due = (
            (ask_to_catch_up, index.behind()),
            (tidy.ask_to_tidy, tidy.is_due(moment)),
            (law.ask_to_recheck, law.recheck_is_due(moment)),
            (retention.ask_for_retention, retention.is_due(moment)),
            (leads.ask_to_tidy, leads.is_due(moment)),
            (onboarding.ask_to_remind, onboarding.is_due(moment)),
            (case_time.ask_to_close, case_time.is_due(moment)),
            (club.ask_to_tidy, club.is_due(moment)),
            (club.ask_to_reconcile, club.reconcile_is_due(moment)),
            (club_members.ask_for_lapses, club_members.lapses_are_due(moment)),
            (club_members.ask_for_tiers, club_members.tiers_are_due(moment)),
            (club_seats.ask_to_pass_on, club_seats.is_due(moment)),
            (club_evenings.ask_to_look, club_evenings.is_due(moment)),
            (club_points.ask_for_points, club_points.is_due(moment)),
            (care.ask_for_plays, care.is_due(moment)),
            (outbox.ask_to_send, outbox.is_due(moment)),
            (webhooks.ask_to_send, webhooks.is_due(moment)),
            (risk.ask_to_score, risk.is_due(moment)),
            (risk_check.ask_to_check, risk_check.is_due(moment)),
            (signals.ask, signals.is_due(moment)),
            (association.ask_to_remind, association.is_due(moment)),
            (handover.ask_to_write, handover.is_due(moment)),
            (club_effect.ask, club_effect.is_due(moment)),
            (club_waves.ask, club_waves.is_due(moment)),
            (scheduled.ask, scheduled.is_due(moment)),
        )
        if not any(is_due for _ask, is_due in due):
            return False
        with transaction():
            asked = [ask(TERMINAL, moment) for ask, is_due in due if is_due]
        return any(job is not None for job in asked)

    def _tell_heads(self) -> None:
        """Tell the head of the audit log outside, when it is due."""
        settings: Settings = self.app.config["PORTAL"]
        with self.app.app_context():
            try:
                heads.publish_if_due(settings.instance, clock.now())
            finally:
                db.session.remove()
