"""Many rows at once: a table that is sent as one value says what its rows say, whatever stands in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import case, func, literal, null, select, text

from models import db
from models.attribution import Attribution
from models.clients import Account
from models.rollups import BrokerBook
from portal import bulk
from portal.bulk import among, insert_frame, read_frame, read_table
from portal.transaction import on_postgresql, transaction
from portal.versions import table_of
from tests import make

BOOK = ["branch_id", "accounts", "funded", "active", "equity", "retained_fee", "lots"]
ID, DAY, TEXT = pl.Int64, pl.Date, pl.String
SECOND = Account.account_no == "10002"
TABLES: dict[str, tuple[Any, dict[str, Any]]] = {
    "numbers and days": (
        select(Attribution.id, Attribution.valid_from, Attribution.share, Attribution.valid_to),
        {"id": ID, "valid_from": DAY, "share": ID, "valid_to": DAY},
    ),
    "texts": (select(Account.account_no, Account.id, literal('a,"b" 居间')), {"number": TEXT, "id": ID, "text": TEXT}),
    "a condition": (select(Account.id, Account.account_no).where(SECOND), {"id": ID, "number": TEXT}),
    "nobody": (select(Account.id, Account.account_no).where(Account.id < 0), {"id": ID, "number": TEXT}),
    "an empty day": (select(Attribution.id, case((Attribution.id < 0, Attribution.valid_from))), {"id": ID, "none": DAY}),
    "a missing number": (select(Account.id, case((SECOND, Account.id))), {"id": ID, "some": ID}),
    "a text of two lines and one that is missing": (select(Account.id, case((SECOND, literal("a\nb")), else_=null())), {"id": ID, "text": TEXT}),
    "an empty text": (select(Account.id, literal("")), {"id": ID, "text": TEXT}),
}


@pytest.fixture(autouse=True)
def firm(database: None, tmp_path: Path) -> None:
    make.accepted(make.firm(tmp_path / "firm"))


@pytest.mark.parametrize("what", TABLES)
def test_a_table_says_what_its_rows_say(what: str) -> None:
    query, schema = TABLES[what]
    whole, rows = read_table(query, schema), read_frame(query, schema)
    assert (whole.schema, whole.sort("id").rows()) == (rows.schema, rows.sort("id").rows())


def test_a_table_of_many_parts_says_what_its_rows_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PART", 1)
    query, schema = TABLES["numbers and days"]
    whole, rows = read_table(query, schema), read_frame(query, schema)
    assert whole.height > 1
    assert whole.sort("id").rows() == rows.sort("id").rows()


def looked_at() -> int:
    """How often PostgreSQL was told to look at a table again."""
    if not on_postgresql():
        return 0
    return int(db.session.execute(text("SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'broker_book'")).scalar_one())


@pytest.mark.parametrize(("many", "planned"), [(2, True), (1_000_000, False)])
def test_postgresql_looks_again_at_a_table_that_took_many_rows(many: int, planned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MANY", many)
    before = looked_at()
    with transaction():
        insert_frame(table_of(BrokerBook), pl.DataFrame({"trade_date": [date(2026, 3, 2)] * 3, "broker_id": [1, 2, 3], **dict.fromkeys(BOOK, 1)}))
    assert looked_at() == before + (planned and on_postgresql())
    assert db.session.execute(select(func.count()).select_from(BrokerBook).where(BrokerBook.broker_id <= 3)).scalar_one() == 3


def test_among_finds_whom_a_list_finds() -> None:
    numbers = select(Account.account_no).order_by(Account.account_no)
    for wanted in ([], ["10002"], ["10001", "10002", "1"]):
        found = [db.session.scalars(numbers.where(one)).all() for one in (among(Account.account_no, wanted), Account.account_no.in_(wanted))]
        assert found[0] == found[1]
