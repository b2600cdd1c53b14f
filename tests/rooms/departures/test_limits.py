"""Limits on concentration: exactly at the limit is not over; what is broken is told once until it heals; a limit is looked at before it is set, and
only an administrator sets one."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.concentration import ConcentrationLimit, Holder, LimitEvent, LimitName, Measure
from models.identity import Role
from models.notices import Notice
from portal.departures.concentration import Figure, Standing
from portal.departures.limits import held_against, measured
from portal.jobs.refresh import renew_concentration
from portal.local_day import today
from tests import make
from tests.people import post, seat, someone
from tests.rooms.departures.test_concentration import EQUITY, firm

AT = "/overview/concentration/limits"


@pytest.fixture
def small(app: Flask, tmp_path: Path) -> Flask:
    firm(app, tmp_path / "files")
    return app


def standing(top: int, total: int, one: int = 0, hhi: int = 0) -> Standing:
    figures = {(Holder.BROKER, Measure.EQUITY): Figure(2, total, {1: top, 5: total, 10: total}, hhi)}
    return Standing(date(2026, 3, 31), 1, total, 0, one, 0, total, total, 2, 2, figures)


@pytest.mark.parametrize(
    ("top", "total", "over"),
    [(15, 100, False), (1_500_000, 10_000_000, False), (1_500_001, 10_000_000, True), (1_499_999, 10_000_000, False), (10**15 * 15 + 1, 10**17, True)],
)
def test_exactly_at_the_limit_is_not_over(top: int, total: int, over: bool) -> None:
    """15 % of it is not over 15 %; one fen more is, though it is shown as 15.00 % too."""
    held = held_against(LimitName.BROKER_TOP_1, standing(top, total), 1_500)
    assert held.over is over


def test_nothing_held_is_over_nothing() -> None:
    empty = Standing(date(2026, 3, 31), 1, 0, 0, 0, 0, 0, 0, 0, 0, {})
    assert [held_against(name, empty, 0).over for name in LimitName] == [False] * len(LimitName)
    assert not held_against(LimitName.SINGLE_CONTACT, None, 0).over
    assert measured(LimitName.SINGLE_CONTACT, standing(1, 3, one=1)) == Fraction(10_000, 3)
    assert held_against(LimitName.BROKER_INDEX, standing(1, 3, hhi=1_800), 1_800).over is False
    assert held_against(LimitName.BROKER_INDEX, standing(1, 3, hhi=1_801), 1_800).over is True


def turned() -> list[tuple[str, int, str, str, int | None]]:
    rows = [tuple(row) for row in db.session.execute(select(LimitEvent.name, LimitEvent.place, LimitEvent.turn, LimitEvent.trade_date, LimitEvent.value).order_by(LimitEvent.id))]
    return [(name, place, turn, str(day), value) for name, place, turn, day, value in rows]


def told(app: Flask, kind: str) -> int:
    with app.app_context():
        found = len(db.session.execute(select(Notice.id).where(Notice.kind == kind)).all())
        db.session.remove()
    return found


def next_day(app: Flask, folder: Path, before: str, on: str, first: str) -> None:
    """Another settled day on which 10001 has `first`; the balances before are those of `before`."""
    with app.app_context():
        numbers = {number: (equity, "0.00") for number, equity in EQUITY.items()}
        numbers["10001"] = (before, f"{float(first) - float(before):.2f}")
        make.accepted(*sorted(make.day(make.firm(folder, EQUITY, ("B001", "B002", "B003")), on, numbers).glob(f"*{on}*")))
        renew_concentration()
        db.session.remove()


def test_it_is_told_once_until_it_heals_and_breaks_again(small: Flask, tmp_path: Path) -> None:
    """The largest broker has 64.28 % on 31 March. The limit of 64 % is broken at once; the next day it still is; then it heals, then it breaks anew."""
    admin, _watches = seat(small, someone(small, Role.ADMIN)), someone(small, Role.COMPLIANCE)
    assert post(admin, f"{AT}/broker_top_1", "/me", value="64", reason="of the board").status_code == 303
    assert told(small, "concentration.over") == 2
    next_day(small, tmp_path / "a", "500.00", "2026-04-01", "520.00")
    assert told(small, "concentration.over") == 2, "broken still: nobody is told again"
    assert "1 limit on concentration is broken" in admin.get("/overview").text
    assert "1 limit is broken" in admin.get("/overview/concentration").text
    next_day(small, tmp_path / "b", "520.00", "2026-04-02", "400.00")
    assert (told(small, "concentration.over"), told(small, "concentration.healed")) == (2, 2)
    assert "is broken" not in admin.get("/overview").text
    next_day(small, tmp_path / "c", "400.00", "2026-04-03", "500.00")
    assert told(small, "concentration.over") == 4
    with small.app_context():
        name = "broker_top_1"
        days = [("broken", "2026-03-31", 6_428), ("healed", "2026-04-02", 5_945), ("broken", "2026-04-03", 6_428)]  # 440 of 740
        assert turned() == [(name, place, turn, day, value) for place, (turn, day, value) in enumerate(days, start=1)]
        actions = [row for (row,) in db.session.execute(select(AuditEntry.action).where(AuditEntry.action.startswith("concentration.")).order_by(AuditEntry.seq))]
        assert actions == ["concentration.limit", "concentration.broken", "concentration.healed", "concentration.broken"]
        db.session.remove()
    page = admin.get(AT).text
    assert "since 2026-04-03" in " ".join(page.replace("<", " <").split()).replace("</time>", "") or "2026-04-03" in page
    assert admin.get(f"{AT}?format=csv").status_code == 200


def test_a_limit_is_looked_at_before_it_is_set(small: Flask) -> None:
    admin = seat(small, someone(small, Role.ADMIN))
    looked = admin.get(f"{AT}/single_contact?value=45.99&reason=board").text
    assert "It would be broken at once: 46.00 % on 2026-03-31" in looked
    assert "would have ended over it" in looked
    assert "It would be kept today." in admin.get(f"{AT}/single_contact?value=46").text
    with small.app_context():
        assert db.session.execute(select(ConcentrationLimit)).all() == []
        db.session.remove()
    assert post(admin, f"{AT}/single_contact", "/me", value="45.99", reason="board asks", counts_from=str(date(2999, 1, 1))).status_code == 303
    with small.app_context():
        assert turned() == [], "it counts from a later day on"
        db.session.remove()
    assert post(admin, f"{AT}/single_contact", "/me", value="", reason="not any more").status_code == 303
    assert "no limit" in admin.get(AT).text


@pytest.mark.parametrize("wrong", [{"value": "101"}, {"value": "x"}, {"value": "1.234"}, {"value": "-1"}, {"reason": "no"}, {"counts_from": "2020-01-01"}, {"counts_from": "soon"}])
def test_what_is_no_limit_is_refused(small: Flask, wrong: dict[str, str]) -> None:
    admin = seat(small, someone(small, Role.ADMIN))
    with small.app_context():
        now = str(today())
    assert post(admin, f"{AT}/broker_top_1", "/me", **{"value": "15", "reason": "board asks", "counts_from": now, **wrong}).status_code == 422
    assert admin.get(f"{AT}/broker_top_1", query_string={"value": "15", **wrong}).status_code in (200, 422)
    assert admin.get(f"{AT}/moon").status_code == 404


def test_who_may(small: Flask) -> None:
    """Compliance and auditors read; only an administrator sets; a manager of a branch sees no limits of the firm; others nothing."""
    for role, index, form in (
        (Role.COMPLIANCE, 200, 403),
        (Role.AUDITOR, 200, 403),
        (Role.FINANCE, 403, 403),
        (Role.BRANCH_MANAGER, 403, 403),
        (Role.BROKER, 403, 403),
        (Role.CLIENT, 403, 403),
    ):
        client = seat(small, someone(small, role, **({"branch_no": "01"} if role is Role.BRANCH_MANAGER else {})))
        assert (client.get(AT).status_code, client.get(f"{AT}/broker_top_1").status_code) == (index, form), role
        assert post(client, f"{AT}/broker_top_1", "/me", value="15", reason="board asks").status_code == 403
    with small.app_context():
        assert db.session.execute(select(ConcentrationLimit)).all() == []
        db.session.remove()
