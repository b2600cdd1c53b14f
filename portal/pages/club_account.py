"""The account that members transfer to: what counts now, and a change that a second person approves."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal import clock
from portal.club import bank_account
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, requires

bp = Blueprint("club_account", __name__, url_prefix="/club/money/account")


@bp.get("")
@requires(Can.CLUB_MONEY)
def show() -> ResponseReturnValue:
    """The account, and a form to change it."""
    return _page()


def _page(fault: str = "", status: int = 200) -> ResponseReturnValue:
    return render_template("club/account.html", account=bank_account.present(), newest=bank_account.newest(), typed=request.form, fault=fault), status


@bp.post("")
@requires(Can.CLUB_MONEY)
def propose() -> ResponseReturnValue:
    """Put another account before a second person."""
    try:
        with transaction():
            typed = (request.form.get(name, "") for name in ("company", "bank", "account_no"))
            bank_account.propose(*typed, actor=current_actor(), moment=clock.now())
    except Refusal as refusal:
        return _page(_(refusal.message, **refusal.values), refusal.status)
    flash(_("Prepared. A second person approves exactly what you see."), "success")
    return redirect(url_for("club_account.show"), 303)
