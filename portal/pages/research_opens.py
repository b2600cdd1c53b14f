"""What was opened by whom, and which report was opened before which lead came: two lists of the desk of research."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.research import ResearchItem, ResearchKind, ResearchOpen
from portal.local_day import today
from portal.pages import research_words as words
from portal.permissions import Can
from portal.research import opens, preceding
from portal.research.opens import READ, WHO
from portal.web.guard import requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns, day_filter

bp = Blueprint("research_opens", __name__, url_prefix="/research/desk")
OPEN_COLUMNS = columns(
    Column("who", _l("Who"), sort=True),
    Column("title", _l("Title"), sort=True),
    Column("chain", _l("Product chain"), sort=True),
    Column("first_at", _l("First opened"), sort=True),
    Column("last_at", _l("Last opened"), sort=True),
    Column("times", _l("Times"), sort=True, number=True),
    Column("finished_at", _l("To the end"), sort=True),
)


def _end(text: str) -> Any:
    return ResearchOpen.finished_at.is_not(None) if text == "yes" else ResearchOpen.finished_at.is_(None)


def _titles() -> Sequence[tuple[str, str]]:
    """How the chip of a link from a report's page names it."""
    query = select(ResearchItem.public_id, READ.c.title).join(READ, READ.c.item_id == ResearchItem.id).order_by(ResearchItem.id.desc()).limit(500)
    return [(row.public_id, row.title) for row in db.session.execute(query)]


OPEN_LIST = declare(
    ListPage(
        "research_opens.index",
        _l("Who opened what"),
        Listing(
            tiebreak=ResearchOpen.id,
            sorts={
                "who": WHO,
                "title": READ.c.title,
                "chain": READ.c.chain,
                "first_at": ResearchOpen.first_at,
                "last_at": ResearchOpen.last_at,
                "times": ResearchOpen.times,
                "finished_at": ResearchOpen.finished_at,
            },
            default="-last_at",
            filters=(
                Filter("who", _l("Who"), lambda text: WHO.icontains(text, autoescape=True), personal=True),
                Filter("q", _l("Title"), lambda text: READ.c.title.icontains(text, autoescape=True)),
                Filter("chain", _l("Product chain"), lambda text: READ.c.chain == text, choices=words.chains()),
                Filter("kind", _l("Kind"), lambda text: ResearchItem.kind == text, choices=tuple((key.value, label) for key, label in words.KINDS.items())),
                Filter("end", _l("To the end"), _end, choices=(("yes", _l("Yes")), ("no", _l("No")))),
                day_filter("from", _l("Opened from"), lambda day: ResearchOpen.last_at >= day),
                Filter("item", _l("Title"), lambda text: ResearchItem.public_id == text, hidden=True, offers=_titles),
            ),
        ),
        OPEN_COLUMNS,
        source=lambda asked: opens.listed(asked.actor, today()),
        fields=(
            Field("client_no", _l("Client number"), lambda row: row[0].client_no),
            Field("who", _l("Who"), lambda row: row.who),
            Field("title", _l("Title"), lambda row: row.title),
            Field("chain", _l("Product chain"), lambda row: str(words.INTERESTS[row.chain])),
            Field("first_at", _l("First opened"), lambda row: row[0].first_at),
            Field("last_at", _l("Last opened"), lambda row: row[0].last_at),
            Field("times", _l("Times"), lambda row: row[0].times),
            Field("finished_at", _l("To the end"), lambda row: row[0].finished_at),
        ),
        file_name="research-opens",
    )
)
LEAD_COLUMNS = columns(
    Column("title", _l("Title"), sort=True),
    Column("chain", _l("Product chain"), sort=True),
    Column("published_at", _l("Published on"), sort=True),
    Column("readers", _l("Readers by name"), sort=True, number=True),
    Column("opens", _l("Times opened"), sort=True, number=True),
    Column("leads", _l("Leads after it"), sort=True, number=True),
    Column("conversions", _l("Clients by now"), sort=True, number=True),
)


def _preceded(asked: Asked) -> pl.DataFrame:
    """A row for each report that was published, with the leads that it preceded."""
    found = preceding.by_item(preceding.pairs(), current_app.config["PORTAL"].research_lead_days)
    rows = [
        {
            "key": row[0].public_id,
            "number": row[0].id,
            "title": row.title,
            "chain": row.chain,
            "kind": row[0].kind,
            "published_at": row[0].published_at,
            "readers": row.readers,
            "opens": row.opens,
            "leads": len(leads := found.get(row[0].id, [])),
            "conversions": sum(lead.converted for lead in leads),
        }
        for row in db.session.execute(opens.items().where(ResearchItem.published_version.is_not(None)))
    ]
    kinds: dict[str, Any] = {"key": pl.String, "number": pl.Int64, "title": pl.String, "chain": pl.String, "kind": pl.String, "published_at": pl.Datetime("us", "UTC")}
    return pl.DataFrame(rows, schema={**kinds, **dict.fromkeys(("readers", "opens", "leads", "conversions"), pl.Int64)})


LEAD_LIST = declare(
    ListPage(
        "research_opens.leads",
        _l("Research before leads"),
        Listing(
            tiebreak="number",
            sorts={name: name for name in ("title", "chain", "published_at", "readers", "opens", "leads", "conversions")},
            default="-leads",
            filters=(
                Filter("q", _l("Title"), lambda text: pl.col("title").str.to_lowercase().str.contains(text.lower(), literal=True)),
                Filter("chain", _l("Product chain"), lambda text: pl.col("chain") == text, choices=words.chains()),
                Filter("kind", _l("Kind"), lambda text: pl.col("kind") == text, choices=tuple((key.value, label) for key, label in words.KINDS.items())),
            ),
        ),
        LEAD_COLUMNS,
        source=_preceded,
        fields=(
            Field("title", _l("Title"), lambda row: row["title"]),
            Field("kind", _l("Kind"), lambda row: str(words.KINDS[ResearchKind(row["kind"])])),
            Field("chain", _l("Product chain"), lambda row: str(words.INTERESTS[row["chain"]])),
            Field("published_at", _l("Published on"), lambda row: row["published_at"]),
            Field("readers", _l("Readers by name"), lambda row: row["readers"]),
            Field("opens", _l("Times opened"), lambda row: row["opens"]),
            Field("leads", _l("Leads after it"), lambda row: row["leads"]),
            Field("conversions", _l("Clients by now"), lambda row: row["conversions"]),
        ),
        file_name="research-before-leads",
    )
)


@bp.get("/opens")
@requires(Can.RESEARCH_OPENS)
def index() -> ResponseReturnValue:
    """Who opened what, of the clients of whom the reader may know it."""
    return show_list(OPEN_LIST, "research/opens.html", words=words)


@bp.get("/leads")
@requires(Can.RESEARCH_SEE)
def leads() -> ResponseReturnValue:
    """Each report with the leads that came after it."""
    within = current_app.config["PORTAL"].research_lead_days
    return show_list(LEAD_LIST, "research/leads.html", words=words, within=within)
