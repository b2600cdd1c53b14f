"""The plan editor: a draft as a form, judged by the reader of the import, looked at by the checker, put before a second person."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models import db
from models.plan_drafts import DraftState, PlanDraft
from models.values.calendar import Month
from portal import clock
from portal.commission import drafts, plan_queries
from portal.commission.clauses import clauses
from portal.commission.plan_diff import clause_changes, terms_of, version_at, version_pairs
from portal.commission.plan_proposal import Proposal, proposal
from portal.commission.plan_reading import SHAPE, plans_text, read_text
from portal.commission.plan_sheet import Sheet, blank, changed, field_of, filled, find, sheet_of
from portal.imports.plan_activation import ask
from portal.jobs.shadow import ask_for_shadow
from portal.local_day import today
from portal.pages import plan_words
from portal.permissions import Can
from portal.refusals import Conflict, NotFound, Refusal
from portal.settlement.decoding import Undecodable, decoded
from portal.settlement.wording import expected, remedy, sentence
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("plan_drafts", __name__, url_prefix="/plans/drafts")
LARGEST_TEXT = 2 * 1024 * 1024


@dataclass(frozen=True)
class Form:
    """A sheet with what is wrong beside each field, as the template asks for it."""

    sheet: Sheet
    wrong: dict[str, list[str]]
    locked: bool = False

    def value(self, field: str) -> Any:
        """What stands in a field or row."""
        return find(self.sheet, field)

    def faults(self, field: str) -> list[str]:
        """What is wrong with it, in sentences."""
        return self.wrong.get(field, [])


def _form(sheet: Sheet, found: Proposal, *, locked: bool) -> Form:
    wrong: dict[str, list[str]] = {}
    for fault in found.faults:
        finding = fault.finding
        wanted = expected(finding)
        said = sentence(finding) + " " + (_("Expected: %(what)s.", what=wanted) if wanted else remedy(finding))
        wrong.setdefault(fault.field, []).append(said)
    return Form(sheet, wrong, locked)


def _overrides_allowed() -> bool:
    allowed: bool = current_app.config["PORTAL"].allow_overrides
    return allowed


@bp.post("")
@requires(Can.PLAN_EDIT)
def begin() -> ResponseReturnValue:
    """Begin a draft: from a plan, from a text of plans.json, or from nothing."""
    source = request.form.get("source", "")
    sheet, based_on = _from_text() if source == "text" else _from_plan(request.form.get("plan", "")) if source == "plan" else (blank(), "")
    with transaction():
        draft_id = drafts.begin(sheet, based_on, current_actor(), clock.now()).id
    return redirect(url_for("plan_drafts.draft", draft_id=draft_id), 303)


def _from_plan(code: str) -> tuple[Sheet, str]:
    entry = plan_queries.entries().get(code)
    if entry is None:
        raise NotFound("there is no plan %(code)s that you may see", code=code)
    return sheet_of(entry), code


def _from_text() -> tuple[Sheet, str]:
    """The entry of a pasted or uploaded plans.json that the code names, or its only one. Raises Refusal for what is no such text."""
    given = request.files.get("file")
    try:
        text = decoded(given.read(LARGEST_TEXT)) if given and given.filename else request.form.get("text", "")
    except Undecodable as error:
        raise Refusal("this is no text of plans.json: %(why)s", why=f"UTF-8, GB18030; byte {error.offset}") from error
    text = text.strip()
    plans = text if text.startswith("[") else f"[{text}]"
    findings = [finding for finding in read_text(plans, overrides_allowed=True) if finding.code in SHAPE]
    if findings:
        raise Refusal("this is no text of plans.json: %(why)s", why=f"{findings[0].field} {sentence(findings[0])} {findings[0].found}".strip())
    entries = [plan for plan in json.loads(plans) if isinstance(plan, dict)]
    code = request.form.get("code", "").strip()
    chosen = [plan for plan in entries if not code or plan.get("code") == code]
    if len(chosen) != 1:
        raise Refusal(
            "the text holds %(count)s plans that fit: name the code of one of %(codes)s", count=len(chosen), codes=", ".join(str(plan.get("code")) for plan in entries[:20]) or "–"
        )
    return sheet_of(chosen[0]), ""


@bp.get("/<int:draft_id>")
@requires(Can.PLAN_DRAFT_SEE)
def draft(draft_id: int) -> ResponseReturnValue:
    """The editor of a draft; to who may not edit, and while it waits, the same without fields to change."""
    found = drafts.draft_for(current_actor(), draft_id)
    state = drafts.state_of(found)
    locked = state is not DraftState.OPEN or not current_actor().may(Can.PLAN_EDIT)
    return _page(found, found.sheet, locked=locked)


def _page(found: PlanDraft, sheet: Sheet, *, locked: bool, status: int = 200) -> ResponseReturnValue:
    looked = proposal(sheet, overrides_allowed=_overrides_allowed())
    state = drafts.state_of(found)
    values = {
        "draft": found,
        "state": state.value,
        "form": _form(sheet, looked, locked=locked),
        "may_edit": current_actor().may(Can.PLAN_EDIT),
        "periods": plan_queries.computed_periods(),
        "shadows": drafts.shadows_of_draft(found.id),
        "components": plan_words.COMPONENTS,
        "measures": plan_words.MEASURES,
        "modes": plan_words.MODES,
        "overrides_allowed": _overrides_allowed(),
        "next_month": str(Month.of(today()).plus(1).first),
    }
    return render_template("plans/draft.html", **values, **_looked(sheet, looked)), status


def _looked(sheet: Sheet, found: Proposal) -> dict[str, Any]:
    """What stands beside the form: the plan in words, what is wrong, what the checker found, the data."""
    faults = [(fault.field, plan_words.place_words(fault.field), sentence(fault.finding), fault.finding.found) for fault in found.faults]
    checks = [(check, field_of(check.place, sheet)) for check in found.checks]
    pairs = version_pairs(found.believed, found.plan) if not found.faults else []
    changed_from = {start for start, before, after in pairs if before is None or _changes(before, after)} or {start for start, _before, _after in pairs[-1:]}
    return {
        "proposal": found,
        "faults": faults,
        "checks": [(check, field, plan_words.place_words(field)) for check, field in checks],
        "readings": [(version, clauses(version), version["valid_from"] in changed_from) for version in found.plan["versions"]] if not found.faults else [],
        "differences": [(start, _changes(before or version_at(found.believed, start), after), before is None, after is None) for start, before, after in pairs],
        "json_text": plans_text([found.plan]),
    }


def _changes(before: Any, after: Any) -> list[Any]:
    old, new = terms_of(before) if before else None, terms_of(after) if after else None
    return clause_changes(old, new) if old != new else []


@bp.post("/<int:draft_id>")
@requires(Can.PLAN_EDIT)
def save(draft_id: int) -> ResponseReturnValue:
    """Save what was typed, and do what the button said: add, remove or move a row."""
    wish = request.form.get("do", "")
    try:
        sheet = _keep(draft_id, wish)
    except Conflict as error:
        found = drafts.draft_for(current_actor(), draft_id)
        if drafts.state_of(found) is not DraftState.OPEN:
            raise
        flash(_(error.message, **error.values), "warning")
        return _page(found, filled(found.sheet, _fields()), locked=False, status=409)
    if not wish:
        flash(_("The draft is saved."), "success")
    return redirect(url_for("plan_drafts.draft", draft_id=draft_id, _anchor=_anchor(wish, sheet)), 303)


def _keep(draft_id: int, wish: str) -> Sheet:
    """Save the form as it was typed, after what the button said. Raises Conflict where somebody else saved meanwhile."""
    with transaction():
        found = drafts.draft_for(current_actor(), draft_id, lock=True)
        sheet = filled(found.sheet, _fields())
        sheet = changed(sheet, wish) if wish else sheet
        drafts.keep(found, sheet, request.form.get("revision", default=found.revision, type=int), current_actor(), clock.now())
    return sheet


def _fields() -> Iterable[tuple[str, str]]:
    return request.form.items()


def _anchor(wish: str, sheet: Sheet) -> str | None:
    """Where the page goes on after a button: the row that came, or the list that it was in."""
    if not wish:
        return None
    verb, where = [*wish.split(" "), ""][:2]
    rows = find(sheet, where)
    if verb == "add" and isinstance(rows, list):
        return f"f-{where}.{len(rows) - 1}"
    return f"f-{where.rpartition('.')[0]}" if where.rpartition(".")[2].isdecimal() else f"f-{where}"


@bp.post("/<int:draft_id>/look")
@requires(Can.PLAN_DRAFT_SEE)
def look(draft_id: int) -> ResponseReturnValue:
    """What the form says as it is typed, without saving it: the part beside it."""
    found = drafts.draft_for(current_actor(), draft_id)
    sheet = filled(found.sheet, _fields())
    return render_template("plans/_looked.html", draft=found, **_looked(sheet, proposal(sheet, overrides_allowed=_overrides_allowed())))


@bp.post("/<int:draft_id>/discard")
@requires(Can.PLAN_EDIT)
def discard(draft_id: int) -> ResponseReturnValue:
    """Throw a draft away."""
    with transaction():
        drafts.discard(drafts.draft_for(current_actor(), draft_id, lock=True), current_actor(), clock.now())
    flash(_("The draft was thrown away."), "success")
    return redirect(url_for("plans.index"), 303)


@bp.post("/<int:draft_id>/shadow")
@requires(Can.PLAN_EDIT)
def shadow(draft_id: int) -> ResponseReturnValue:
    """Ask for a shadow run of a draft over some months."""
    found = drafts.draft_for(current_actor(), draft_id)
    looked = proposal(found.sheet, overrides_allowed=_overrides_allowed())
    if looked.faults:
        raise Refusal("the draft cannot be read as a plan yet: correct what is marked first")
    return _asked(looked.plan, draft_id)


def _asked(plan: dict[str, Any], draft_id: int | None) -> ResponseReturnValue:
    brokers = request.form.get("brokers", "").replace(",", " ").replace("，", " ").split()
    with transaction():
        job = ask_for_shadow(plan, request.form.getlist("period"), brokers, current_actor(), clock.now(), draft_id=draft_id, as_if=request.form.get("as_if", ""))
        public_id = job.public_id
    return redirect(url_for("plan_shadows.show", public_id=public_id), 303)


@bp.post("/of-plan/<plan_code>/shadow")
@requires(Can.PLAN_EDIT)
def shadow_of_plan(plan_code: str) -> ResponseReturnValue:
    """Ask for a shadow run of a plan as it stands, for brokers who are not on it."""
    plan_queries.plan_for(current_actor(), plan_code)
    return _asked(plan_queries.entries()[plan_code], None)


@bp.post("/<int:draft_id>/ask")
@requires(Can.PLAN_EDIT)
def ask_second(draft_id: int) -> ResponseReturnValue:
    """Put a draft before a second person."""
    with transaction():
        found = drafts.draft_for(current_actor(), draft_id, lock=True)
        approval = ask(found, request.form.get("digest", ""), request.form.get("reason", "")[:2000], current_actor(), clock.now(), overrides_allowed=_overrides_allowed())
        db.session.flush()
        number = approval.id
    flash(_("The draft waits for a second person (approval %(id)s).", id=number), "success")
    return redirect(url_for("plan_drafts.draft", draft_id=draft_id), 303)
