"""Inviting in waves: the order is stored before anybody is told, a wave is written to on its day and not before, and what came of it is read from settled days."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from models import db
from models.club_waves import ClubWave, ClubWaveClient, ClubWaveEffect, ClubWavePlan
from models.consents import Consent
from models.identity import Role
from models.jobs import Job
from models.notices import Notice
from portal import clock
from portal.actors import TERMINAL, Actor
from portal.club import invites, waves
from portal.club.events import When
from portal.club.invites import Candidate
from portal.club.waves import Steps
from portal.jobs import club_waves
from portal.jobs.worker import Worker
from portal.local_day import today
from portal.refusals import Conflict, NotAllowed, Refusal
from portal.risk import effects, staggered
from portal.transaction import transaction
from tests.oracle import product
from tests.oracle.notation import Draft, trade
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.invite_scene import rows_of, settled
from tests.rooms.club.scene import event_of

GAP = 7


def planned(count: int = 8, first: date | None = None, waves_of: int = 4) -> str:
    """A plan of clients C00000 and so on; every wave is invited to an evening that is far enough. Returns its address."""
    start = clock.now() + timedelta(days=90)
    number = event_of("far", sales_end_at=start - timedelta(hours=1), when=(when(start),))
    steps = Steps((number,) * waves_of, first or today(), GAP)
    with transaction():
        candidates = [Candidate(f"C{place:05d}", 10_000_000) for place in range(count)]
        return waves.draw(number, candidates, steps, {}, None, actor=TERMINAL, moment=clock.now(), today=first or today()).public_id


def when(start: datetime) -> When:
    return When(start, start + timedelta(hours=2), "陆家嘴", "世纪大道 1 号")


@pytest.mark.usefixtures("database")
def test_the_order_is_drawn_once_stored_with_its_seed_and_can_be_repeated(app: Flask) -> None:
    public_id = planned(10)
    plan = waves.plan_of(public_id)
    rows = db.session.execute(select(ClubWaveClient).where(ClubWaveClient.plan_id == plan.id).order_by(ClubWaveClient.place)).scalars().all()
    assert [(row.client_no, row.wave) for row in rows] == waves.order(plan.seed, [f"C{place:05d}" for place in range(10)], 4)
    assert Counter(row.wave for row in rows) == {1: 3, 2: 3, 3: 2, 4: 2}
    days = db.session.execute(select(ClubWave.on_day).where(ClubWave.plan_id == plan.id).order_by(ClubWave.number)).scalars().all()
    assert [(day - days[0]).days for day in days] == [0, GAP, 2 * GAP, 3 * GAP]
    assert db.session.execute(select(Notice.id)).first() is None, "nobody is told by it"
    assert invites.listed(plan.event_id) == {f"C{place:05d}" for place in range(10)}, "no other list takes them"
    with pytest.raises(DatabaseError, match="append-only"), transaction():
        db.session.execute(ClubWaveClient.__table__.update().values(wave=1))


def test_a_wave_is_written_to_on_its_day_once_and_in_turn(app: Flask) -> None:
    users = {f"C{place:05d}": someone(app, Role.CLIENT, client_no=f"C{place:05d}") for place in range(8)}
    with app.app_context():
        public_id = planned(9)
        plan, day = waves.plan_of(public_id), today()
        of_wave = {row.client_no: row.wave for row in db.session.execute(select(ClubWaveClient).where(ClubWaveClient.plan_id == plan.id)).scalars()}

        def sent(number: int, on: date) -> tuple[int, int]:
            with transaction():
                row = waves.send(public_id, number, actor=TERMINAL, moment=clock.now(), today=on)
                return row.told, row.unreached

        for number, on, why in ((2, day, "the day of this wave"), (2, day + timedelta(days=GAP), "an earlier wave")):
            with pytest.raises(Conflict, match=why):
                sent(number, on)
        first = [number for number, wave in of_wave.items() if wave == 1]
        unreached = int("C00008" in first)
        assert sent(1, day) == (len(first) - unreached, unreached)
        with pytest.raises(Conflict, match="already"):
            sent(1, day)
        second = next(number for number, wave in of_wave.items() if wave == 2 and number != "C00008")
        with transaction():
            plain = {"text_version": 1, "text_digest": "x", "locale": "zh_Hans_CN", "at": clock.now(), "user_id": users[second]}
            db.session.add(Consent(client_no=second, purpose="club", given=False, **plain))
        told, _unreached = sent(2, day + timedelta(days=GAP))
        assert told == sum(1 for number, wave in of_wave.items() if wave == 2 and number not in {second, "C00008"})
        with pytest.raises(NotAllowed):
            waves.send(public_id, 3, actor=Actor(None, "x", (Role.FINANCE,)), moment=clock.now(), today=day)
        db.session.remove()


@pytest.mark.parametrize(
    ("count", "change"),
    [(8, {"gap_days": 3}), (8, {"gap_days": 90}), (3, {}), (8, {"first": date(2020, 1, 1)}), (8, {"gap_days": 45}), (8, {"event_ids": (1,)}), (8, {"event_ids": (999,) * 4})],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_before_it_is_drawn(app: Flask, count: int, change: dict[str, object]) -> None:
    """Too close, too far apart, fewer clients than waves, a day that has passed, an evening that is over by then, one wave, no evening."""
    with app.app_context():
        number = event_of()
        steps = Steps(**{"event_ids": (number,) * 4, "first": today(), "gap_days": 7} | change)  # type: ignore[arg-type]
        with pytest.raises(Refusal):
            waves.check(steps, count, today())
        db.session.remove()


FIRST = date(2026, 3, 9)


@pytest.fixture
def told(app: Flask, tmp_path: Path) -> str:
    """Twelve clients, five weeks of settled days: before his wave nobody trades, from then on everybody does on each day. The plan's address."""
    with app.app_context(), time_machine.travel(f"{FIRST} 08:00:00 +0800"):
        event_of("far", sales_end_at=clock.now() + timedelta(days=80), when=(when(clock.now() + timedelta(days=81)),))
        event = db.session.execute(select(ClubWave.event_id)).scalar() or 1
        accounts = [f"{10_001 + place}" for place in range(12)]
        with transaction():
            candidates = [Candidate(f"C{number}", 100_000) for number in accounts]
            public_id = waves.draw(event, candidates, Steps((event,) * 4, FIRST, GAP), {}, None, actor=TERMINAL, moment=clock.now(), today=FIRST).public_id
        plan_id = waves.plan_of(public_id).id
        wave_of = {row.client_no: row.wave for row in db.session.execute(select(ClubWaveClient).where(ClubWaveClient.plan_id == plan_id)).scalars()}
        db.session.remove()
    write_days(app, tmp_path, {number: FIRST + timedelta(days=GAP * (wave_of[f"C{number}"] - 1)) for number in accounts})
    return str(public_id)


def write_days(app: Flask, folder: Path, begins: dict[str, date]) -> None:
    draft = Draft()
    equity = dict.fromkeys(begins, 100_000)
    for number in begins:
        draft.account(number).update(branch_no="01", client_no=f"C{number}")
        draft.last[number] = 100_000
    day = FIRST - timedelta(days=GAP)
    while day <= FIRST + timedelta(days=4 * GAP):  # a period counts once a day after it is settled
        if day.weekday() < 5:
            draft.day(day.isoformat(), [trade(number, "SHFE.rb", 0, 0) for number, begin in begins.items() if begin <= day], equity)
        day += timedelta(days=1)
    product.people(app)
    product.import_folder(app, str(draft.write(folder / "files")))


def test_what_came_of_it_is_read_from_the_settled_days_by_intention_to_treat(app: Flask, told: str) -> None:
    boss = seat(app, someone(app, Role.ADMIN))
    at = f"/club/waves/{told}"
    assert "too few" not in boss.get(at).text, "nothing is read yet"
    assert post(boss, f"{at}/effect", at).status_code == 303
    with app.app_context():
        Worker(app, poll=0.01).drain()
        result = db.session.execute(select(ClubWaveEffect.result)).scalar_one()
        db.session.remove()
    assert [row[2] for row in result["periods"]] == [5] * 5
    assert (result["measures"]["trading"]["value"], result["measures"]["trading"]["tells"], result["final"]) == (1_000_000, True, True)
    assert (result["measures"]["net"]["value"], result["measures"]["net"]["tells"]) == (0, False)
    assert result["series"]["trading"][0] == [0, *[1_000_000] * 4]
    page = BeautifulSoup(boss.get(at).text, "html.parser")
    assert (page.select_one("[data-figure=line]") is not None, "+100.0" in page.text) == (True, True)
    file = boss.get(f"{at}?format=csv").get_data(as_text=True)
    assert ("+100.0" in file, "1.0 %" in file or "0.1 %" in file or "0.0 %" in file) == (True, True)
    assert seat(app, someone(app, Role.CLIENT, client_no="C1")).get(at).status_code == 403


def test_before_a_period_is_over_nothing_is_told_and_later_days_do_not_leak_in(app: Flask, told: str) -> None:
    with app.app_context():
        number = waves.plan_of(told).id
        early = staggered.effect(number, FIRST + timedelta(days=3), lambda *_: None)
        half = staggered.effect(number, FIRST + timedelta(days=2 * GAP), lambda *_: None)
        db.session.remove()
    assert (early["measures"], len(early["periods"])) == ({}, 1)
    assert (len(half["periods"]), half["final"], half["measures"]["trading"]["value"]) == (3, False, 1_000_000)


def test_the_desk_sees_the_plan_before_it_is_drawn_and_draws_exactly_that(app: Flask, tmp_path: Path) -> None:
    settled(app, tmp_path / "files", {f"{10_001 + place}": 100_000 for place in range(9)})
    with app.app_context():
        start = clock.now() + timedelta(days=90)
        event_of("night", sales_end_at=start - timedelta(hours=1), when=(when(start),))
        day = today()
        db.session.remove()
    boss, at = seat(app, someone(app, Role.ADMIN)), "/club/events/night/waves"
    look = f"{at}?look=1&waves=4&gap=14&first={day}&equity=1000"
    shown = BeautifulSoup(boss.get(look).text, "html.parser")
    assert [row.select("td")[-1].text for row in shown.select("tbody tr")] == ["3", "2", "2", "2"]
    fields = {"waves": "4", "gap": "14", "first": str(day), "equity": "1000", "digest": hidden_in(boss.get(look).text, "digest")}
    assert post(boss, at, at, **fields | {"gap": "15"}).status_code == 409, "another plan than the one that was shown"
    with app.app_context():
        assert db.session.execute(select(ClubWavePlan.id)).first() is None
    where = post(boss, at, at, **fields).headers["Location"]
    assert (boss.get(where).status_code, boss.get("/club/events/night/invitations").text.count(where)) == (200, 1)
    assert post(boss, f"{where}/send/1", where).status_code == 303
    assert boss.get(f"{at}?look=1&waves=99&gap=x&first=never").status_code == 422
    assert boss.get(look).status_code == 422, "nobody is left to plan for"


def test_the_nightly_job_reads_a_plan_until_all_periods_are_over(app: Flask, told: str) -> None:
    """As hold-outs are read: due once two periods are over, not again as of the same day, and no more once the last one is."""
    with app.app_context():
        plan_id = waves.plan_of(told).id
        assert effects.plans_due(FIRST + timedelta(days=GAP - 2)) == []
        assert effects.plans_due(FIRST + timedelta(days=GAP - 1)) == [plan_id]
        half = staggered.effect(plan_id, FIRST + timedelta(days=2 * GAP), lambda *_: None)
        with transaction():
            effects.keep_plan(waves.plan_of(told), half, FIRST + timedelta(days=2 * GAP), actor=TERMINAL, moment=clock.now())
        assert effects.plans_due(FIRST + timedelta(days=2 * GAP)) == []
        assert club_waves.is_due(clock.now())
        with transaction():
            club_waves.ask(TERMINAL, clock.now())
        assert not club_waves.is_due(clock.now()), "somebody asked already"
        db.session.remove()
        Worker(app, poll=0.01).drain()
        job = db.session.execute(select(Job).where(Job.kind == club_waves.WAVES)).scalar_one()
        kept = db.session.execute(select(ClubWaveEffect).order_by(ClubWaveEffect.id.desc())).scalars().first()
        assert (job.state, job.result) == ("done", {"plans": 1})
        assert kept is not None
        assert (kept.result["final"], kept.result["measures"]["trading"]["value"]) == (True, 1_000_000)
        assert effects.plans_due(FIRST + timedelta(days=400)) == [], "every period is over"
        db.session.remove()


def test_the_list_of_a_plans_clients_says_who_is_where_and_hides_what_one_may_not_see(app: Flask, tmp_path: Path) -> None:
    accounts = [f"{10_001 + place}" for place in range(8)]
    settled(app, tmp_path / "files", dict.fromkeys(accounts, 100_000), dict.fromkeys(accounts[4:], "02"))
    someone(app, Role.CLIENT, client_no="C10001")
    with app.app_context():
        start = clock.now() + timedelta(days=90)
        number = event_of("far", sales_end_at=start - timedelta(hours=1), when=(when(start),))
        with transaction():
            candidates = [Candidate(f"C{one}", 100_000) for one in accounts]
            plan = waves.draw(number, candidates, Steps((number,) * 4, today(), GAP), {}, None, actor=TERMINAL, moment=clock.now(), today=today())
            public_id = plan.public_id
            waves.send(public_id, 1, actor=TERMINAL, moment=clock.now(), today=today())
        wave_of = {row.client_no: row.wave for row in db.session.execute(select(ClubWaveClient)).scalars()}
        db.session.remove()
    boss, at = seat(app, someone(app, Role.ADMIN)), f"/club/waves/{public_id}/clients"
    assert at in boss.get(f"/club/waves/{public_id}").text
    rows = rows_of(boss.get(f"{at}?format=csv&lang=en"))
    assert [row[:1] + row[2:3] for row in rows] == [[number, str(wave)] for number, wave in wave_of.items()], "in the drawn order"
    assert {row[0]: (row[6], bool(row[5])) for row in rows} == {one: ("has one" if one == "C10001" else "has none", wave == 1) for one, wave in wave_of.items()}
    waiting = rows_of(boss.get(f"{at}?format=csv&state=waiting"))
    assert {row[0] for row in waiting} == {one for one, wave in wave_of.items() if wave > 1}
    second = rows_of(boss.get(f"{at}?format=csv&wave=2&sort=-client"))
    assert [row[0] for row in second] == sorted((one for one, wave in wave_of.items() if wave == 2), reverse=True)
    manager = seat(app, someone(app, Role.BRANCH_MANAGER, branch_no="02"))
    own = rows_of(manager.get(f"{at}?format=csv"))
    assert {row[0] for row in own} == {f"C{one}" for one in accounts[4:]}
    assert boss.get("/club/waves/none/clients").status_code == 404
    assert seat(app, someone(app, Role.CLIENT, client_no="C10002")).get(at).status_code == 403
