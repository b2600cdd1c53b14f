"""The lists of the month-end desk: brokers beside their month before, corrections by origin, publication; each declared once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import polars as pl
from flask_babel import lazy_gettext as _l

from models.commission import RunStatement
from models.partners import Broker
from models.publication import StatementPublication, StatementTold
from portal.commission import causes, look, publication, queries
from portal.commission.look import Look
from portal.commission.statement import COLUMNS as AMOUNTS
from portal.pages import month_words, words
from portal.pages.commission_lists import month_of
from portal.web.exports import amount
from portal.web.list_pages import Asked, Field, ListPage, declare, keyed
from portal.web.listing import Label
from portal.web.paging import Column, Filter, Listing, columns

LOOK_COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("flags", _l("Remarkable")),
    Column("earned", _l("Earned"), sort=True, number=True),
    Column("payable", _l("Payable"), sort=True, number=True),
    Column("before", _l("Payable the month before"), sort=True, number=True),
    Column("delta", _l("Difference"), sort=True, number=True),
)
LOOK = Listing(
    tiebreak="row",
    sorts={name: name for name in ("broker_no", "earned", "payable", "before", "delta", "moved")},
    default="-moved",
    filters=(
        Filter("flag", _l("Remarkable"), pl.col("flags").list.contains, choices=tuple((name, label) for name, (label, _tone) in month_words.FLAGS.items())),
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_no").str.contains(text, literal=True)),
    ),
)
ORIGIN_COLUMNS = columns(
    Column("origin", _l("Corrected month"), sort=True),
    Column("broker_no", _l("Broker"), sort=True),
    Column("days", _l("Days")),
    Column("lines", _l("Lines"), sort=True, number=True),
    Column("amount", _l("Corrections of lines"), number=True, money=True),
    Column("level", _l("Of cap or guarantee"), number=True, money=True),
    Column("total", _l("Together"), sort=True, number=True, money=True),
)
ORIGINS = Listing(
    tiebreak="row",
    sorts={name: name for name in ("origin", "broker_no", "lines", "total")},
    default="-origin",
    filters=(
        Filter("origin", _l("Corrected month"), lambda text: pl.col("origin") == text),
        Filter("broker", _l("Broker"), lambda text: pl.col("broker_no").str.contains(text, literal=True)),
    ),
)
PUBLISHED_COLUMNS = columns(
    Column("broker_no", _l("Broker"), sort=True),
    Column("net", _l("Net"), sort=True, number=True, money=True),
    Column("published", _l("Published")),
    Column("told", _l("Told")),
    Column("seen", _l("Opened by the broker")),
)
PUBLISHED = Listing(
    tiebreak=RunStatement.broker_id,
    sorts={"broker_no": Broker.broker_no, "net": RunStatement.net},
    default="broker_no",
    filters=(
        Filter("broker", _l("Broker"), lambda text: Broker.broker_no.contains(text, autoescape=True)),
        Filter(
            "published", _l("Published already"), lambda text: StatementPublication.published_at.is_not(None) == (text == "yes"), choices=(("yes", _l("Yes")), ("no", _l("No")))
        ),
        Filter("told", _l("Told already"), lambda text: StatementTold.told_at.is_not(None) == (text == "yes"), choices=(("yes", _l("Yes")), ("no", _l("No")))),
    ),
)


def looked(found: Look) -> pl.DataFrame:
    """A row for each broker; `place` says which of `found.rows` it is."""
    schema: dict[str, Any] = {
        "place": pl.Int64,
        "broker_no": pl.String,
        "flags": pl.List(pl.String),
        **dict.fromkeys(("earned", "payable", "before", "delta", "moved"), pl.Int64),
        "why": pl.String,
        **dict.fromkeys((f"{name}_{when}" for name in AMOUNTS for when in ("now", "before")), pl.Int64),
    }
    rows = []
    for place, row in enumerate(found.rows):
        payable, before = row.amounts["payable"], row.before["payable"]
        both = (part[name] for name in AMOUNTS for part in (row.amounts, row.before))
        rows.append((place, row.broker_no, list(row.flags), row.amounts["earned"], payable, before, payable - before, abs(payable - before), " ".join(month_words.why(row)), *both))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _run(asked: Asked) -> Any:
    return queries.run_of(str(month_of(str(asked.values["period"]))))


def _yuan(name: str, label: Label) -> Field:
    return keyed(name, label, lambda row: amount(row[name]))


LOOK_LIST = declare(
    ListPage(
        "months.look",
        _l("Brokers beside the month before"),
        LOOK,
        LOOK_COLUMNS,
        source=lambda asked: looked(look.look(_run(asked))),
        fields=(
            keyed("broker_no", _l("Broker")),
            replace(keyed("flags", _l("Remarkable"), lambda row: " ".join(row["flags"])), on_paper=lambda row: ", ".join(str(month_words.FLAGS[one][0]) for one in row["flags"])),
            *(
                _yuan(f"{name}_{when}", _l("%(column)s, %(when)s", column=words.COLUMNS[name], when=of_when))
                for name in AMOUNTS
                for when, of_when in (("now", _l("this month")), ("before", _l("the month before")))
            ),
            keyed("why", _l("Why")),
        ),
        file_name="look",
    )
)
ORIGIN_LIST = declare(
    ListPage(
        "months.corrections",
        _l("Corrections by origin"),
        ORIGINS,
        ORIGIN_COLUMNS,
        source=lambda asked: causes.corrections(_run(asked)),
        fields=(
            keyed("origin", _l("Corrected month")),
            keyed("broker_no", _l("Broker")),
            keyed("lines", _l("Lines")),
            keyed("first_day", _l("First day")),
            keyed("last_day", _l("Last day")),
            _yuan("amount", _l("Corrections of lines")),
            _yuan("level", _l("Of cap or guarantee")),
            _yuan("total", _l("Together")),
        ),
        sums={name: pl.col(name) for name in ("lines", "amount", "level", "total")},
        file_name="corrections",
    )
)
PUBLISHED_LIST = declare(
    ListPage(
        "months.published",
        _l("Publication of statements"),
        PUBLISHED,
        PUBLISHED_COLUMNS,
        source=lambda asked: publication.listed(publication.closed(str(month_of(str(asked.values["period"])))).period),
        fields=(
            keyed("broker_no", _l("Broker"), lambda row: row.Broker.broker_no),
            keyed("net", _l("Net"), lambda row: amount(row.RunStatement.net)),
            keyed("published_at", _l("Published"), lambda row: row.published_at),
            keyed("told_at", _l("Told"), lambda row: row.told_at),
            keyed("users", _l("People told"), lambda row: row.users),
            keyed("seen_at", _l("Opened by the broker"), lambda row: row.seen_at),
        ),
        sums={"net": RunStatement.net},
        file_name="publication",
    )
)
