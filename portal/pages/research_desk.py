"""The desk of research: everything that is written and published, whom it reaches and why not others, its release, and taking it out of sight."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models import db
from models.leads import Lead
from models.research import ResearchItem, ResearchState
from portal import clock
from portal.leads import queries as lead_queries
from portal.pages import leads_words as lead_words
from portal.pages import research_words as words
from portal.pages.research import pdf_answer
from portal.pages.segment_words import as_of
from portal.permissions import Can
from portal.research import drafting, opens, preceding, releasing
from portal.research.audiences import reach
from portal.research.markdown import html_of
from portal.research.opens import ENDS, OPENS, READ, READERS
from portal.research.preceding import Preceded
from portal.research.verdicts import KEPT_FROM
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("research_desk", __name__, url_prefix="/research/desk")
SHOWN = 50
"""So many leads are named beside a report."""
COLUMNS = columns(
    Column("title", _l("Title"), sort=True),
    Column("chain", _l("Product chain"), sort=True),
    Column("state", _l("State"), sort=True),
    Column("published_at", _l("Published on"), sort=True),
    Column("readers", _l("Readers by name"), sort=True, number=True),
    Column("opens", _l("Times opened"), sort=True, number=True),
    Column("ends", _l("To the end"), sort=True, number=True),
)
LIST = declare(
    ListPage(
        "research_desk.index",
        _l("Research and courses"),
        Listing(
            tiebreak=ResearchItem.id,
            sorts={
                "title": READ.c.title,
                "kind": ResearchItem.kind,
                "chain": READ.c.chain,
                "needs": READ.c.risk,
                "state": ResearchItem.state,
                "published_at": ResearchItem.published_at,
                "readers": READERS,
                "opens": OPENS,
                "ends": ENDS,
            },
            default="-published_at",
            filters=(
                Filter("q", _l("Title"), lambda text: READ.c.title.icontains(text, autoescape=True)),
                Filter("kind", _l("Kind"), lambda text: ResearchItem.kind == text, choices=tuple((key.value, label) for key, label in words.KINDS.items())),
                Filter("chain", _l("Product chain"), lambda text: READ.c.chain == text, choices=words.chains()),
                Filter("state", _l("State"), lambda text: ResearchItem.state == text, choices=tuple((key.value, label) for key, (label, _tone) in words.STATES.items())),
            ),
        ),
        COLUMNS,
        source=lambda asked: opens.items(),
        fields=(
            Field("title", _l("Title"), lambda row: row.title),
            Field("kind", _l("Kind"), lambda row: str(words.KINDS[row[0].kind])),
            Field("chain", _l("Product chain"), lambda row: str(words.INTERESTS[row.chain])),
            Field("needs", _l("Needs the grade"), words.needs),
            Field("state", _l("State"), lambda row: str(words.STATES[row[0].state][0])),
            Field("published_at", _l("Published on"), lambda row: row[0].published_at),
            Field("valid_until", _l("Valid through"), lambda row: row.valid_until),
            Field("readers", _l("Readers by name"), lambda row: row.readers),
            Field("opens", _l("Times opened"), lambda row: row.opens),
            Field("ends", _l("To the end"), lambda row: row.ends),
        ),
        file_name="research-desk",
    )
)


@bp.get("")
@requires(Can.RESEARCH_SEE)
def index() -> ResponseReturnValue:
    """Every report and course."""
    return show_list(LIST, "research/desk.html", words=words, today=as_of().day)


@bp.get("/<research_key>")
@requires(Can.RESEARCH_SEE)
def show(research_key: str) -> ResponseReturnValue:
    """One report or course as its readers see it, whom its newest version reaches, and what came of it."""
    item, now, actor = drafting.item_by(research_key), as_of(), current_actor()
    versions = drafting.versions_of(item)
    number = request.args.get("version", type=int)
    version = next((one for one in versions if one.number == number), versions[0])
    row = opens.one(item.id)
    within = current_app.config["PORTAL"].research_lead_days
    leads = preceding.by_item(preceding.pairs(item.id), within).get(item.id, [])
    return render_template(
        "research/desk_item.html",
        item=item,
        version=version,
        versions=versions,
        html=html_of(version.body),
        html_of=html_of,
        pdf=drafting.pdf_facts(version),
        reach=reach(version, now) if item.state != ResearchState.WITHDRAWN else None,
        kept_from=KEPT_FROM,
        over=version.valid_until < now.day,
        row=row,
        within=within,
        leads=leads,
        leads_seen=_seen(leads),
        lead_states=lead_words.STATES,
        may_edit=actor.may(Can.RESEARCH_EDIT),
        may_withdraw=actor.may(Can.RESEARCH_WITHDRAW),
        words=words,
    )


def _seen(found: Sequence[Preceded]) -> list[tuple[Preceded, Lead]]:
    """Of these leads those that the reader may see, the latest first; only so many."""
    ids = [one.lead_id for one in found]
    rows = {lead.id: lead for lead in db.session.execute(lead_queries.leads(current_actor()).where(Lead.id.in_(ids))).scalars()} if ids else {}
    return [(one, rows[one.lead_id]) for one in reversed(found) if one.lead_id in rows][:SHOWN]


@bp.get("/<research_key>/pdf/<int:number>")
@requires(Can.RESEARCH_SEE)
def pdf(research_key: str, number: int) -> ResponseReturnValue:
    """The PDF of a version."""
    return pdf_answer(drafting.version_of(drafting.item_by(research_key), number))


@bp.post("/<research_key>/release")
@requires(Can.RESEARCH_EDIT)
def release(research_key: str) -> ResponseReturnValue:
    """Put the newest version before a second person."""
    with transaction():
        releasing.ask(drafting.held_item(research_key), current_actor(), clock.now(), as_of())
    flash(_("It waits for a second person; nobody reads it before."), "success")
    return redirect(url_for("research_desk.show", research_key=research_key), 303)


@bp.post("/<research_key>/withdraw")
@requires(Can.RESEARCH_WITHDRAW)
def withdraw(research_key: str) -> ResponseReturnValue:
    """Take it out of sight."""
    with transaction():
        releasing.withdraw(drafting.held_item(research_key), request.form.get("why", ""), current_actor(), clock.now())
    flash(_("Withdrawn: nobody reads it any more."), "success")
    return redirect(url_for("research_desk.show", research_key=research_key), 303)
