"""The bell: a job that is committed wakes a worker at once; a Redis that is away costs nothing but the wait."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest
import redis

from models import db
from portal.gateways.wakeups import BELL, Bell
from portal.transaction import afterwards, transaction

REDIS = os.environ.get("PORTAL_TEST_REDIS", "")
needs_redis = pytest.mark.skipif(not REDIS, reason="needs a Redis: PORTAL_TEST_REDIS=redis://host:6379/15")


def waited(call: Callable[[], None]) -> float:
    before = time.monotonic()
    call()
    return time.monotonic() - before


@needs_redis
def test_a_ring_wakes_a_waiting_worker_at_once() -> None:
    redis.Redis.from_url(REDIS).delete(BELL)
    bell, stop = Bell(REDIS), threading.Event()
    threading.Timer(0.1, Bell(REDIS).ring).start()
    assert waited(lambda: bell.wait(5, stop)) < 0.9
    assert waited(lambda: bell.wait(0.3, stop)) >= 0.2, "one ring wakes once"


@needs_redis
def test_rings_that_nobody_took_are_forgotten_beyond_a_few() -> None:
    server = redis.Redis.from_url(REDIS)
    server.delete(BELL)
    for _ in range(100):
        Bell(REDIS).ring()
    assert server.llen(BELL) == 64
    assert 0 < server.ttl(BELL) <= 60
    server.delete(BELL)


def test_a_redis_that_is_away_stops_nobody() -> None:
    bell, stop = Bell("redis://127.0.0.1:1/0"), threading.Event()
    bell.ring()
    assert 0.2 <= waited(lambda: bell.wait(0.3, stop)) < 3


def test_without_an_address_a_worker_only_waits_and_stops_when_told() -> None:
    bell, stop = Bell(""), threading.Event()
    bell.ring()
    stop.set()
    assert waited(lambda: bell.wait(5, stop)) < 1


def failing(speak: Callable[[], None]) -> None:
    with transaction():
        afterwards(speak)
        raise ZeroDivisionError


def test_what_is_to_be_said_afterwards_is_said_after_the_commit_and_only_then(database: None) -> None:
    said: list[bool] = []
    with transaction():
        afterwards(lambda: said.append(db.session().in_transaction()))
        assert said == []
    assert said == [False]
    with pytest.raises(ZeroDivisionError):
        failing(lambda: said.append(True))
    with transaction():
        pass
    assert said == [False]
