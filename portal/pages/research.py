"""Research for its readers: what they may read, one report or course, and what they say about being told and being recorded."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select

from models.research import ResearchItem, ResearchKind, ResearchOpen, ResearchVersion
from models.service_plans import Interest
from portal import clock
from portal.actors import Actor
from portal.club.booking import person_of
from portal.pages import research_words as words
from portal.pages.segment_words import as_of
from portal.permissions import Can
from portal.refusals import Refusal
from portal.research import courses, drafting, reading, wishes
from portal.research.markdown import html_of
from portal.research.reading import Reader, Shown
from portal.transaction import transaction
from portal.web.guard import current_actor, requires
from portal.web.list_pages import Asked, Field, ListPage, declare, show_list
from portal.web.once import once
from portal.web.paging import Column, Filter, Listing, columns

bp = Blueprint("research", __name__, url_prefix="/research")
READ = {"new": _l("Not opened yet"), "opened": _l("Not finished yet"), "finished": _l("Read to the end")}
COLUMNS = columns(
    Column("title", _l("Title"), sort=True),
    Column("kind", _l("Kind"), sort=True),
    Column("chain", _l("Product chain"), sort=True),
    Column("needs", _l("Needs the grade"), sort=True),
    Column("published_at", _l("Published on"), sort=True),
    Column("valid_until", _l("Valid through"), sort=True),
    Column("state", _l("Read so far")),
)


def _read(text: str) -> Any:
    return {"new": ResearchOpen.id.is_(None), "opened": ResearchOpen.id.is_not(None) & ResearchOpen.finished_at.is_(None), "finished": ResearchOpen.finished_at.is_not(None)}[text]


def _mine(asked: Asked) -> Any:
    """What the reader may read, with what is kept of his reading."""
    now = as_of()
    ids = [one.item.id for one in reading.visible(_reader(asked.actor), now)]
    query = select(ResearchItem, ResearchVersion, ResearchOpen)
    query = query.join(ResearchVersion, and_(ResearchVersion.item_id == ResearchItem.id, ResearchVersion.number == ResearchItem.published_version))
    query = query.outerjoin(ResearchOpen, and_(ResearchOpen.item_id == ResearchItem.id, ResearchOpen.person == person_of(asked.actor)))
    return query.where(ResearchItem.id.in_(ids))


def state_of(row: Any) -> str:
    """How far a reader is with a row."""
    return "new" if row[2] is None else "finished" if row[2].finished_at is not None else "opened"


LIST = declare(
    ListPage(
        "research.index",
        _l("Research and courses"),
        Listing(
            tiebreak=ResearchItem.id,
            sorts={
                "title": ResearchVersion.title,
                "kind": ResearchItem.kind,
                "chain": ResearchVersion.chain,
                "needs": ResearchVersion.risk,
                "published_at": ResearchItem.published_at,
                "valid_until": ResearchVersion.valid_until,
            },
            default="-published_at",
            filters=(
                Filter("q", _l("Title"), lambda text: ResearchVersion.title.icontains(text, autoescape=True)),
                Filter("kind", _l("Kind"), lambda text: ResearchItem.kind == text, choices=tuple((key.value, label) for key, label in words.KINDS.items())),
                Filter("chain", _l("Product chain"), lambda text: ResearchVersion.chain == text, choices=words.chains()),
                Filter("read", _l("Read so far"), _read, choices=tuple(READ.items())),
            ),
        ),
        COLUMNS,
        source=_mine,
        fields=(
            Field("title", _l("Title"), lambda row: row[1].title),
            Field("kind", _l("Kind"), lambda row: str(words.KINDS[row[0].kind])),
            Field("chain", _l("Product chain"), lambda row: str(words.INTERESTS[row[1].chain])),
            Field("needs", _l("Needs the grade"), lambda row: words.needs(row[1])),
            Field("published_at", _l("Published on"), lambda row: row[0].published_at),
            Field("valid_until", _l("Valid through"), lambda row: row[1].valid_until),
            Field("state", _l("Read so far"), lambda row: str(READ[state_of(row)])),
        ),
        file_name="research",
    )
)


@bp.get("")
@requires(Can.RESEARCH_READ)
def index() -> ResponseReturnValue:
    """Everything that the reader may read."""
    return show_list(LIST, "research/index.html", words=words, read=READ, state_of=state_of, facts=_reader(current_actor()).facts, today=as_of().day)


@bp.get("/<report_key>")
@requires(Can.RESEARCH_READ)
def show(report_key: str) -> ResponseReturnValue:
    """One report or course; that it was opened is kept, as far as the reader lets it be."""
    reader, shown = _one(report_key)
    if request.method == "GET":
        with transaction():
            reading.opened(shown.item, reader, clock.now())
    return _page(report_key)


def _page(report_key: str, fault: str = "", status: int = 200) -> ResponseReturnValue:
    reader, shown = _one(report_key)
    passed = wishes.lessons_of(reader.person, shown.item.id)
    return (
        render_template(
            "research/show.html",
            item=shown.item,
            version=shown.version,
            html=html_of(shown.version.body),
            html_of=html_of,
            pdf=drafting.pdf_facts(shown.version),
            opened=reading.open_of(shown.item, reader),
            reader=reader,
            passed=passed,
            next_lesson=courses.open_lesson(shown, passed),
            words=words,
            fault=fault,
            typed=request.form,
        ),
        status,
    )


@bp.get("/<report_key>/pdf")
@requires(Can.RESEARCH_READ)
def pdf(report_key: str) -> ResponseReturnValue:
    """The PDF of what is read."""
    return pdf_answer(_one(report_key)[1].version)


def pdf_answer(version: ResearchVersion) -> Response:
    """A version's PDF as a download: it is never shown inside a page of the portal."""
    response = Response(drafting.pdf_of(version).payload, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f"attachment; filename=report-{version.item_id}-{version.number}.pdf"
    return response


@bp.post("/<report_key>/finished")
@requires(Can.RESEARCH_READ)
def finish(report_key: str) -> ResponseReturnValue:
    """A report was read to its end."""
    reader, shown = _one(report_key)
    if shown.item.kind == ResearchKind.COURSE:
        raise Refusal("a course comes to its end when all of its lessons are passed")
    with transaction():
        reading.finished(shown.item, reader, clock.now())
    flash(_("Kept: you read it to the end."), "success")
    return redirect(url_for("research.index"), 303)


@bp.post("/<report_key>/lessons/<int:lesson>")
@requires(Can.RESEARCH_READ)
def answer(report_key: str, lesson: int) -> ResponseReturnValue:
    """Answer the questions of a lesson."""
    reader, shown = _one(report_key)
    many = len(shown.version.lessons[lesson - 1]["questions"]) if 1 <= lesson <= len(shown.version.lessons) else 0
    answers = [request.form.get(f"q-{place}", type=int) for place in range(many)]
    try:
        with transaction():
            found = courses.answer(shown, reader, lesson, answers, current_actor(), clock.now())
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(report_key, _(refusal.message, **refusal.values), refusal.status)
    if not found.passed:
        return _page(report_key, _("%(right)s of %(all)s are right, which is not enough yet: read it once more and try again.", right=found.right, all=found.of), 422)
    said = (
        _("You passed the course. Points for it stand under “My points”.")
        if found.earned
        else _("You passed the course.")
        if found.whole
        else _("Passed: go on with the next lesson.")
    )
    flash(said, "success")
    return redirect(url_for("research.show", report_key=report_key), 303)


@bp.get("/settings")
@requires(Can.RESEARCH_READ)
def settings() -> ResponseReturnValue:
    """What one is told of, and what is kept of one's reading."""
    person = person_of(current_actor())
    wanted, recorded = wishes.choice_of(person)
    more = {"subscribed": wishes.subscribed(person), "wanted": wanted, "recorded": recorded, "rows": wishes.kept_of(person)}
    return render_template("research/settings.html", words=words, **more)


@bp.post("/settings/chains")
@requires(Can.RESEARCH_READ)
def subscribe() -> ResponseReturnValue:
    """Subscribe to chains, and to no others."""
    chosen = request.form.getlist("chain")
    if not set(chosen) <= set(Interest):
        raise Refusal("choose product chains of the list")
    with transaction():
        wishes.subscribe([Interest(one) for one in chosen], current_actor(), clock.now())
    flash(_("Your settings are kept."), "success")
    return redirect(url_for("research.settings"), 303)


@bp.post("/settings/reading")
@requires(Can.RESEARCH_READ)
def choose() -> ResponseReturnValue:
    """Say whether research is put before one, and whether one's reading is kept."""
    with transaction():
        gone = wishes.choose(wanted=request.form.get("wanted") == "yes", recorded=request.form.get("recorded") == "yes", actor=current_actor(), moment=clock.now())
    flash(_("Your settings are kept. What was kept of your reading is deleted; how often it was opened stays.") if gone else _("Your settings are kept."), "success")
    return redirect(url_for("research.settings"), 303)


def _reader(actor: Actor) -> Reader:
    return once(("reader", actor.user_id), lambda: reading.reader_of(actor, as_of()))


def _one(report_key: str) -> tuple[Reader, Shown]:
    now = as_of()
    reader = reading.reader_of(current_actor(), now)
    return reader, reading.one_for(reader, report_key, now)
