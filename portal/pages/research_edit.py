"""Writing a report or course: the form, a first version and later ones. What does not hold stands above the form, with what was typed."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from models.research import Audience, ResearchItem, ResearchKind, ResearchVersion
from models.service_plans import Interest
from portal import clock
from portal.handed_in import LARGEST
from portal.local_day import today
from portal.pages import research_words as words
from portal.permissions import Can
from portal.refusals import NotFound, Refusal
from portal.research import drafting
from portal.research.drafting import Draft, Pdf
from portal.research.lessons import MOST_LESSONS, questions_text, read_questions
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("research_edit", __name__, url_prefix="/research/desk")
SPARE = 2
"""So many empty lessons stand below those that are written."""
PLAIN = ("title", "summary", "risk", "locale", "body", "author", "licence_no", "risk_line")
RISK_LINE = {
    "zh": "期货交易有风险，投资须谨慎。本内容仅供参考，不构成任何投资建议，不保证盈利或避免亏损。",
    "en": "Futures trading carries risk. This is for reference alone: it is no investment advice, and promises neither profit nor freedom from loss.",
}
"""What stands in the field of a new one; it may be changed, never left out."""


@bp.get("/new")
@requires(Can.RESEARCH_EDIT)
def new() -> ResponseReturnValue:
    """An empty form of a report or of a course."""
    return _form(_kind(), None, {"risk": "R4", "locale": "zh", "risk_line": RISK_LINE["zh"]})


@bp.post("/new")
@requires(Can.RESEARCH_EDIT)
def create() -> ResponseReturnValue:
    """Write a first version down."""
    kind = _kind()
    try:
        draft = _typed(kind)
        with transaction():
            key = drafting.begin(kind, draft, current_actor(), clock.now(), today()).public_id
    except Refusal as refusal:
        return _form(kind, None, _again(request.form), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept as a draft: look at whom it reaches, then put it before a second person."), "success")
    return redirect(url_for("research_desk.show", research_key=key), 303)


@bp.get("/<research_key>/edit")
@requires(Can.RESEARCH_EDIT)
def edit(research_key: str) -> ResponseReturnValue:
    """The form with the newest version."""
    item = drafting.item_by(research_key)
    return _form(ResearchKind(item.kind), item, _shown(drafting.newest_of(item)))


@bp.post("/<research_key>/edit")
@requires(Can.RESEARCH_EDIT)
def revise(research_key: str) -> ResponseReturnValue:
    """Write a new version down; what is read stays until the new one is released."""
    item = drafting.item_by(research_key)
    kind = ResearchKind(item.kind)
    try:
        draft = _typed(kind)
        with transaction():
            drafting.revise(drafting.held_item(research_key), draft, current_actor(), clock.now(), today())
    except NotFound:
        raise
    except Refusal as refusal:
        return _form(kind, drafting.item_by(research_key), _again(request.form), _(refusal.message, **refusal.values), refusal.status)
    flash(_("Kept as a draft: look at whom it reaches, then put it before a second person."), "success")
    return redirect(url_for("research_desk.show", research_key=research_key), 303)


def _form(kind: ResearchKind, item: ResearchItem | None, values: dict[str, Any], fault: str = "", status: int = 200) -> ResponseReturnValue:
    lessons = values.get("lessons") or []
    places = range(1, min(MOST_LESSONS, len(lessons) + SPARE) + 1)
    pdf = drafting.pdf_facts(drafting.newest_of(item)) if item is not None else None
    shown = {"places": places, "lessons": lessons, "tiers": words.tiers(), "segments": words.segments(), "limit": LARGEST // 2**20, "pdf": pdf}
    return render_template("research/edit.html", kind=kind.value, item=item, values=values, fault=fault, words=words, today=today(), **shown), status


def _kind() -> ResearchKind:
    text = request.args.get("kind", "") or request.form.get("kind", "") or ResearchKind.REPORT.value
    if text not in set(ResearchKind):
        raise Refusal("choose a report or a course")
    return ResearchKind(text)


def _shown(version: ResearchVersion) -> dict[str, Any]:
    """A version as the form shows it."""
    lessons = [{**lesson, "questions": questions_text(lesson["questions"])} for lesson in version.lessons]
    plain = {name: getattr(version, name) for name in PLAIN}
    return plain | {
        "chain": version.chain,
        "products": " ".join(version.products),
        "valid_until": version.valid_until,
        "for": f"{version.audience}:{version.audience_ref}",
        "lessons": lessons,
    }


def _again(form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed, as the form shows it once more."""
    return {**{name: form.get(name, "") for name in (*PLAIN, "chain", "products", "valid_until", "for")}, "lessons": _lessons(form)}


def _lessons(form: MultiDict[str, str]) -> list[dict[str, str]]:
    """The lessons that were typed; those that are empty altogether are left out."""
    typed = [{name: form.get(f"{name}-{place}", "").replace("\0", "").strip() for name in ("title", "text", "questions")} for place in range(1, MOST_LESSONS + 1)]
    return [lesson for lesson in typed if any(lesson.values())]


def _typed(kind: ResearchKind) -> Draft:
    """A draft from the form. Raises Refusal for what cannot be read."""
    form = request.form
    if form.get("chain", "") not in set(Interest):
        raise Refusal("choose a product chain")
    try:
        valid_until = date.fromisoformat(form.get("valid_until", ""))
    except ValueError as error:
        raise Refusal("say until which day it is valid") from error
    audience, _colon, ref = form.get("for", "").partition(":")
    if audience not in set(Audience):
        raise Refusal("say for whom it is")
    plain = {name: form.get(name, "") for name in PLAIN}
    lessons = [{**lesson, "questions": read_questions(lesson["questions"])} for lesson in _lessons(form)] if kind is ResearchKind.COURSE else []
    return Draft(
        **plain,
        chain=Interest(form["chain"]),
        products=form.get("products", "").replace(",", " ").replace("，", " ").replace("、", " ").split(),
        valid_until=valid_until,
        audience=Audience(audience),
        audience_ref=ref,
        lessons=lessons,
        pdf=_pdf(),
        keep_pdf=form.get("keep_pdf") == "yes",
    )


def _pdf() -> Pdf | None:
    """The PDF that was handed in; what is longer than the limit is read no further, and refused by its length."""
    file = request.files.get("pdf")
    if file is None or not file.filename:
        return None
    try:
        return Pdf(file.filename, file.read(LARGEST + 1))
    finally:
        file.close()
