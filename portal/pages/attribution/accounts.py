"""One account through both times: what was believed of it at every step of knowledge, who changed it, and who could see it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from models import db
from models.audit import AuditEntry
from models.clients import AccountVersion
from models.columns import OPEN_END
from models.identity import Role
from models.settlement import Balance, SettlementDay
from models.values.rates import decimal_text
from portal import local_day
from portal.attribution.history import Change, Claim, Epoch, at, history
from portal.attribution.known import ranks
from portal.commission.reports import moved_by_steps
from portal.commission.sight import could_see
from portal.identity.wording import ROLES
from portal.pages import words
from portal.pages.attribution import wording
from portal.pages.attribution.blueprint import account_for, bp
from portal.pages.attribution.picture import picture
from portal.pages.attribution.when import LAST_DAY, When, read_day, read_when
from portal.pages.taken_out import taken_out
from portal.permissions import Can
from portal.versions import current
from portal.web.downloads import wants_file
from portal.web.exports import Cell
from portal.web.formats import yuan_text
from portal.web.guard import current_actor, requires
from portal.web.templating import give

STEPS_SHOWN = 60
"""Steps drawn and listed on the page; the export has all of them."""


@bp.get("/accounts/<account_no>")
@requires(Can.ATTRIBUTION_AUDIT)
def account(account_no: str) -> ResponseReturnValue:
    """The account's timeline: valid time across, knowledge down, and every change with what stood before and after."""
    account_id = account_for(current_actor(), account_no)
    steps, when = history(account_id), read_when(request.args)
    form = wants_file()
    if form:
        headers = [
            _("Recording"),
            _("Recorded at"),
            _("By what right"),
            _("Source"),
            _("Broker"),
            *(str(_l("Before: %(what)s", what=name)) for name in _names()),
            *(str(_l("After: %(what)s", what=name)) for name in _names()),
        ]
        return taken_out(form, f"attribution-{account_no}", headers, _cells(steps))
    version = db.session.execute(current(AccountVersion, None, AccountVersion.account_id == account_id)).scalar_one()
    believed = at(steps, when.known)
    return render_template(
        "attribution/account.html",
        account_no=account_no,
        version=version,
        when=when,
        believed=believed,
        claims=believed.on(when.day) if believed and when.day else (),
        equity=_equity(account_id, when),
        steps=steps[::-1][:STEPS_SHOWN],
        step_count=len(steps),
        picture=picture(steps[-STEPS_SHOWN:][::-1], when.day, when.known, _last_day()),
        moved=_moved(steps[-STEPS_SHOWN:], account_id),
        changed=changed,
        span_text=span_text,
        open_end=OPEN_END,
        states=words.STATES,
        tones=words.STATE_TONES,
        recorded=wording.RECORDED,
    )


@bp.get("/accounts/<account_no>/sight")
@requires(Can.ATTRIBUTION_AUDIT)
def sight(account_no: str) -> ResponseReturnValue:
    """Who could see the account between two days, and who did look, as far as looks are written down."""
    account_id = account_for(current_actor(), account_no)
    notices: list[str] = []
    when = read_when(request.args)
    last = read_day(request.args.get("until", ""), notices) or when.day or LAST_DAY
    first = read_day(request.args.get("from", ""), notices) or last.replace(day=1)
    if first > last:
        notices.append(_("The first day lies after the last; they were exchanged."))
        first, last = last, first
    could, did = could_see(account_id, first, last, when.known), _did_see(account_no, first, last)
    form = wants_file()
    if form:
        headers = [_("What"), _("Number"), _("Name"), _("Share"), _("From"), _("Until (exclusive)"), _("Sign-in")]
        rows = ((str(wording.WAYS[one.way]), one.number, one.name, _share(one.share), one.first, one.until, " ".join(one.users)) for one in could)
        return taken_out(form, f"sight-{account_no}-{first}-{last}", headers, rows)
    return render_template(
        "attribution/sight.html",
        account_no=account_no,
        when=when,
        first=first,
        last=last,
        notices_of=[*when.notices, *notices],
        could=could,
        did=did,
        ways_of=wording.WAYS,
        role_words=_roles,
        share=_share,
    )


def _did_see(account_no: str, first: date, last: date) -> list[AuditEntry]:
    """The audit log's lines about the account in those calendar days: looks in the clear, and whatever else names it."""
    query = select(AuditEntry).where(
        AuditEntry.subject_type == "account", AuditEntry.subject_key == account_no, AuditEntry.at >= local_day.begins(first), AuditEntry.at < local_day.ends(last)
    )
    return list(db.session.execute(query.order_by(AuditEntry.seq.desc()).limit(200)).scalars())


def _roles(text: str) -> str:
    return ", ".join(str(ROLES[Role(role)]) for role in text.split(", "))


def _share(share: int | None) -> str:
    return "" if share is None else f"{decimal_text(share, 4)} %"


def _last_day() -> date | None:
    return db.session.execute(select(func.max(SettlementDay.trade_date))).scalar()


def _equity(account_id: int, when: When) -> int | None:
    """The account's closing equity on the day as known at the recording; None where it has none."""
    version = select(func.max(SettlementDay.version)).where(SettlementDay.trade_date == when.day, SettlementDay.recording_id <= when.known).scalar_subquery()
    query = select(Balance.equity, Balance.gone).where(Balance.trade_date == when.day, Balance.account_id == account_id, Balance.version <= version)
    row = db.session.execute(query.order_by(Balance.version.desc()).limit(1)).one_or_none()
    return None if row is None or row.gone else row.equity


def _moved(steps: list[Epoch], account_id: int) -> dict[int, dict[str, str]]:
    """What each step moved of the account, in words, where a comparison of it is kept."""
    numbers = dict(ranks().select("broker_id", "broker_no").iter_rows())
    told = {}
    for step, (first, last, sums) in moved_by_steps([one.recording_id for one in steps], account_id).items():
        what = " · ".join(f"{numbers[broker]} {'+' if fen > 0 else ''}{yuan_text(fen)}" for broker, fen in sums.items())
        told[step] = {"what": what or yuan_text(0), "first": first, "last": last}
    return told


def _names() -> list[str]:
    return [_("Share"), _("State"), _("From"), _("Until (exclusive)"), _("Confirmed on")]


def changed(change: Change) -> list[tuple[str, str | None, str | None]]:
    """What differs between a row before and after, each as (label, before, after)."""
    before, after = _texts(change.before), _texts(change.after)
    return [(name, old, new) for name, old, new in zip(_names(), before, after, strict=True) if old != new]


def _texts(claim: Claim | None) -> list[str | None]:
    if claim is None:
        return [None] * 5
    end = _("open") if claim.valid_to == OPEN_END else str(claim.valid_to)
    return [_share(claim.share), str(words.STATES[claim.state]), str(claim.valid_from), end, str(claim.confirmed_on) if claim.confirmed_on else None]


def span_text(claim: Claim) -> str:
    """A claim's days in words."""
    return f"{claim.valid_from} – {_('open') if claim.valid_to == OPEN_END else claim.valid_to}"


def _cells(steps: list[Epoch]) -> Iterator[list[Cell]]:
    for step in steps:
        for change in step.changes:
            row = change.after or change.before
            assert row is not None
            yield [step.recording_id, step.recorded_at, step.recorded_by, step.note or step.kind, row.broker_no, *_texts(change.before), *_texts(change.after)]


give(bp, share_of=_share)
