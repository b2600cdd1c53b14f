"""The portal that the trials attack, as gunicorn serves it; GUARD_FAULT plants the fault that a control must find ("all" plants each)."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import polars as pl
from flask import Flask, g, request
from sqlalchemy import select, update

from models import db
from models.club import ClubEvent
from models.identity import RecoveryCode, User
from portal import clock, create_app
from portal.club import capacity
from portal.identity import factors, passwords, queries, sessions, throttle, verbs
from portal.imports import own
from portal.pages import club_events
from portal.settings import Settings
from portal.web import signed_in


def counted_in_memory() -> None:
    """Each worker counts tries for itself, and by the address that the caller claims to have."""
    tries: dict[str, int] = {}

    def start(*, key: str, **_: Any) -> tuple[int, throttle.TooMany | None]:
        who = f"{key}{request.headers.get('X-Forwarded-For', '')}"
        tries[who] = tries.get(who, 0) + 1
        return 0, throttle.TooMany("Too many tries. Try again in %(minutes)s minutes.", minutes=1, seconds=60) if tries[who] > throttle.PER_ACCOUNT else None

    throttle.start = start  # type: ignore[assignment]


def remembered_sessions() -> None:
    """Each worker remembers for a minute whose session a token is."""
    really = sessions.live
    known: dict[str, tuple[float, Any]] = {}

    def live(token: str, moment: Any, *also: Any, **given: Any) -> Any:
        at, found = known.get(token, (0.0, None))
        if time.monotonic() - at < 60:
            return found
        found = really(token, moment, *also, **given)
        if found is not None:
            known[token] = (time.monotonic(), found)
        return found

    sessions.live = signed_in.sessions.live = live  # type: ignore[assignment]


def codes_that_count_twice() -> None:
    """A code counts as long as it is right."""
    really = factors.accept

    def accept(*, user: User, **more: Any) -> Any:
        user.totp_last_step = None
        db.session.execute(update(RecoveryCode).where(RecoveryCode.user_id == user.id).values(used_at=None))
        db.session.flush()
        return really(user=user, **more)

    factors.accept = accept


def nobody_is_quick() -> None:
    """Where there is no such user, no password is checked."""
    really = passwords.opens
    passwords.opens = lambda stored, *more: stored is not None and really(stored, *more)  # type: ignore[assignment]


def last_one_wins() -> None:
    """Nobody looks whether something changed since it was opened."""
    verbs.standing_digest = lambda user: ""
    queries.locked_user = lambda public_id: db.session.execute(select(User).where(User.public_id == public_id)).scalar_one()


def one_fen_more() -> None:
    """Each trade is read with one fen more for the exchange."""
    really = own.read_trades
    own.read_trades = lambda *given: really(*given).with_columns(pl.col("exchange_fee") + 1)


def a_number_that_was_looked_up_before() -> None:
    """Each worker sells by the number of free seats that it looked up when it first saw the event."""
    really = capacity.taken
    known: dict[int, int] = {}
    capacity.taken = lambda numbers, moment: {number: known.setdefault(number, really([number], moment).get(number, 0)) for number in numbers}


def nobody_holds_the_event() -> None:
    """The lock under which seats are counted is missing. PostgreSQL locks no row; on SQLite, where the transaction brings the one write lock,
    the seats are counted before it begins."""
    if os.environ.get("PORTAL_DATABASE_URL", "").startswith("postgres"):
        capacity.locked = lambda number: db.session.get_one(ClubEvent, number)
        return
    really, begin = capacity.taken, club_events.transaction

    @contextmanager
    def late() -> Iterator[None]:
        g.counted = really(db.session.execute(select(ClubEvent.id)).scalars(), clock.now())
        with begin():
            yield

    club_events.transaction = late
    capacity.taken = lambda numbers, moment: g.counted if "counted" in g else really(numbers, moment)


FAULTS = {
    "guesses": counted_in_memory,
    "replays": remembered_sessions,
    "departures": remembered_sessions,
    "codes": codes_that_count_twice,
    "timing": nobody_is_quick,
    "overwrites": last_one_wins,
    "workers": one_fen_more,
    "seats": a_number_that_was_looked_up_before,
    "lock": nobody_holds_the_event,
}


def entry() -> Flask:
    """The portal of the settings in the environment, with the fault that is asked for."""
    app = create_app(Settings.from_env())
    fault = os.environ.get("GUARD_FAULT", "")
    for name, plant in FAULTS.items():
        if fault in {name, "all"}:
            plant()
    _warm(app)
    app.wsgi_app = _weighed(app.wsgi_app)  # type: ignore[method-assign]
    return app


def worker() -> Flask:
    """The portal as a worker of jobs has it, who says which ones he takes."""
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("portal.jobs").setLevel(logging.INFO)
    if os.environ.get("GUARD_FAULT", ""):
        FAULTS[os.environ["GUARD_FAULT"]]()
    return create_app(Settings.from_env())


def _warm(app: Flask) -> None:
    """Do once, before the workers are forked, what each of them would do at its first page."""
    app.test_client().get("/forgot")
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _weighed(serve: Any) -> Any:
    """Say in a header how much processor time an answer took: a clock on the wall also counts what others do on the machine."""

    def answer(environ: Any, start_response: Any) -> Any:
        before = time.thread_time_ns()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(status, [*headers, ("X-Processor-Nanoseconds", str(time.thread_time_ns() - before))], *more)

        return serve(environ, start)

    return answer
