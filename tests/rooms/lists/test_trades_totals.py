"""The totals of the list of trades come from the sums of settled days where those are kept by what is asked: to the fen what the trades come to."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import event, update

from models import db
from models.identity import Role
from models.rollups import ProductDay
from portal.actors import Actor
from portal.pages import trades, trades_quick
from portal.settlement import rollups
from portal.transaction import transaction
from portal.web.list_declared import list_at
from portal.web.paging import page_of
from tests import remembered
from tests.oracle import product
from tests.oracle.notation import trade
from tests.people import seat, someone
from tests.rooms.lists.test_overview import ACCOUNTS, DAYS, draft

WAYS: dict[str, tuple[str, ...]] = {
    "from": ("", DAYS[1], "2026-04-01", "no day"),
    "to": ("", DAYS[2]),
    "exchange": ("", "DCE"),
    "product": ("", "rb"),
    "channel": ("", "broker", "staff", "direct"),
    "branch": ("", "02", "nowhere"),
}
"""Every filter by whose groups the sums are kept, with values that leave some, none and all."""
BELOW = {"account": "10003", "broker": "B002"}
"""Filters below that grain."""
READERS = {"admin": Actor(1, "admin", (Role.ADMIN,)), "manager": Actor(2, "manager", (Role.BRANCH_MANAGER,), branch_no="02"), "nobody": Actor(3, "lost", (Role.BRANCH_MANAGER,))}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Two months of two branches; a day of them was corrected, by which an account is gone and another product was traded, and the past was attributed anew."""
    remembered.begin(app, tmp_path / "files", _settle_in)
    return app


def _settle_in(app: Flask, folder: Path) -> None:
    product.people(app)
    product.import_folder(app, str(draft().write(folder)))
    again = draft()
    again.day(DAYS[2], [trade("10001", "DCE.i", 99_900, 100), trade("10002", "SHFE.rb", 4_300, 900)], list(ACCOUNTS[:3]))
    product.import_folder(app, str(again.write(folder / "corrected")))
    moved = draft()
    moved.broker("B003")["branch_no"] = "01"
    moved.attribute("10004", "B003", "100")
    product.import_folder(app, str(moved.write(folder / "moved")))


def both(app: Flask, reader: Actor, query: str) -> tuple[dict[str, int | None] | None, dict[str, int | None]]:
    """The totals by the sums of settled days (None: they cannot say), and from the trades."""
    which, asked, path = list_at(app, reader, "/trades?" + query)
    wanted = which.read(asked, path)
    found = which.quick(asked, wanted)
    return None if found is None else found.sums, which.total(which.source(asked), wanted)


def test_every_choice_of_filters_comes_to_the_same_both_ways(firm: Flask) -> None:
    compared, seen = 0, set()
    with firm.test_request_context():
        for reader in READERS.values():
            for values in itertools.product(*WAYS.values()):
                query = urlencode({name: text for name, text in zip(WAYS, values, strict=True) if text})
                quickly, slowly = both(firm, reader, query)
                assert quickly == slowly, (reader.label, query)
                compared, seen = compared + 1, seen | {tuple(slowly.values())}
        db.session.remove()
    assert (compared, len(seen) > 10) == (3 * 4 * 2 * 2 * 2 * 4 * 3, True), "the choices differ from each other"


@pytest.mark.parametrize("name", BELOW)
def test_what_is_below_the_grain_comes_from_the_trades(firm: Flask, name: str) -> None:
    with firm.test_request_context():
        quickly, slowly = both(firm, READERS["admin"], urlencode({name: BELOW[name], "from": DAYS[0]}))
        assert (quickly, bool(slowly["lots"])) == (None, True)
        db.session.remove()


def test_while_the_sums_of_a_day_wait_for_a_job_the_trades_of_those_days_say_it(firm: Flask) -> None:
    with firm.test_request_context():
        with transaction():
            rollups.forget([date.fromisoformat(DAYS[1])])
        asked = [both(firm, READERS["admin"], query) for query in (f"from={DAYS[0]}", f"from={DAYS[1]}&to={DAYS[1]}", f"from={DAYS[2]}", "")]
        assert [quickly is None for quickly, _slowly in asked] == [True, True, False, False]
        assert [quickly for quickly, _slowly in asked[2:]] == [slowly for _quickly, slowly in asked[2:]]
        db.session.remove()


def test_control_a_sum_that_is_wrong_is_seen(firm: Flask) -> None:
    with firm.test_request_context():
        with transaction():
            db.session.execute(update(ProductDay).where(ProductDay.trade_date == date.fromisoformat(DAYS[3])).values(fee=ProductDay.fee + 1))
        quickly, slowly = both(firm, READERS["admin"], "")
        assert quickly != slowly
        db.session.remove()


def test_the_page_says_them_with_no_more_questions(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = seat(firm, someone(firm, Role.ADMIN))

    def foot(address: str) -> tuple[str, int]:
        count = 0

        def asked(*_: object) -> None:
            nonlocal count
            count += 1

        with firm.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", asked)
        try:
            page = admin.get(address)
        finally:
            event.remove(engine, "before_cursor_execute", asked)
        assert page.status_code == 200
        return page.text.partition("<tfoot")[2].partition("</tfoot>")[0], count

    addresses = ("/trades", f"/trades?from={DAYS[0]}&channel=broker", f"/trades?from={DAYS[0]}&branch=02&product=rb")
    quick = [foot(address) for address in addresses]
    monkeypatch.setattr(trades, "LIST", replace(trades.LIST, quick=lambda asked, wanted: None))
    slow = [foot(address) for address in addresses]
    assert [text for text, _count in quick] == [text for text, _count in slow]
    assert all(text for text, _count in quick)
    assert max(fast - plain for (_a, fast), (_b, plain) in zip(quick, slow, strict=True)) <= 1
    assert max(count for _text, count in quick) <= 12


@pytest.mark.parametrize(
    "query", ["", f"from={DAYS[0]}", f"from={DAYS[0]}&sort=trade_date&per_page=25", f"from={DAYS[0]}&branch=02", f"from={DAYS[0]}&account=10003&sort=-lots", "from=2026-05-01"]
)
@pytest.mark.parametrize("reader", ["admin", "manager"])
def test_a_page_shows_the_rows_of_the_file_in_their_order(firm: Flask, reader: str, query: str) -> None:
    with firm.test_request_context():
        which, asked, path = list_at(firm, READERS[reader], "/trades?" + query)
        wanted, source = which.read(asked, path), which.source(asked)
        page = page_of(source, wanted, beside=which.beside)
        shown, filed = ([(row.Trade.trade_date, row.account_no, row.name, row.Trade.product, row.Trade.fee) for row in rows] for rows in (page.rows, which.rows(source, wanted)))
        assert (shown, page.total) == (list(filed), len(page.rows))
        assert bool(shown) == ("2026-05" not in query)
        db.session.remove()


def test_the_filters_of_the_sums_are_those_of_the_list() -> None:
    names = {one.name for one in trades.LISTING.filters}
    assert names == set(WAYS) | set(BELOW)
    assert set(trades_quick.DAYS) | set(trades_quick.GROUPS) == set(WAYS)
