"""Waking workers as soon as a job was committed, also on other hosts, through Redis. The job table stays the truth: a bell
that nobody hears, or a Redis that is away, costs half a second of polling and nothing else."""

from __future__ import annotations

import logging
import threading
import time

import redis
from flask import current_app

LOG = logging.getLogger("portal.wakeups")
BELL = "juyuan:jobs"
RINGS_KEPT = 64
"""Rings that nobody took: more would only wake workers for nothing."""
FORGOTTEN_AFTER = 60
TIMEOUT = 2.0


class Bell:
    """Rings for waiting workers. Without an address it is silent, and workers look at the table by themselves."""

    def __init__(self, address: str) -> None:
        self._redis = redis.Redis.from_url(address, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT) if address else None

    def ring(self) -> None:
        """Wake one worker."""
        if self._redis is None:
            return
        try:
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.lpush(BELL, "job")
                pipe.ltrim(BELL, 0, RINGS_KEPT - 1)
                pipe.expire(BELL, FORGOTTEN_AFTER)
                pipe.execute()
        except redis.RedisError:
            LOG.warning("Redis does not answer; workers find the job by looking")

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Wait for a ring, at most so many seconds; at once where `stop` is set."""
        if self._redis is None:
            stop.wait(seconds)
            return
        until = time.monotonic() + seconds
        try:
            self._redis.brpop([BELL], timeout=min(seconds, TIMEOUT / 2))
        except redis.RedisError:
            stop.wait(max(0.0, until - time.monotonic()))


def bell() -> Bell:
    """The bell of the running application."""
    found: Bell = current_app.extensions.setdefault("bell", Bell(current_app.config["PORTAL"].redis_url))
    return found
