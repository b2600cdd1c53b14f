"""The second factor: asked for after the password, set up where a role needs one or somebody wants one."""

from __future__ import annotations

import io

import segno
from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from models.identity import User
from portal.identity import factors, signing_in
from portal.identity.forms import CodeForm, PlainForm
from portal.identity.routes.blueprint import bp, forget_form_session, me, my_session, my_user, now, onward, see_other, show_error, start_try
from portal.identity.signing_in import WrongCode
from portal.keys import keyring
from portal.permissions import Can
from portal.sealing import Unreadable
from portal.transaction import transaction
from portal.web.guard import fresh, requires, while_signing_in
from portal.web.requests import request_id, safe_next
from portal.web.signed_in import hand_out


@bp.route("/second-factor", methods=["GET", "POST"])
@while_signing_in
def second_factor() -> ResponseReturnValue:
    """Between password and portal: give the code, or set the factor up where there is none yet."""
    wanted = safe_next(request.values.get("next"))
    user = my_user()
    if not me().half:
        return see_other(onward(wanted))
    if not factors.enrolled(user):
        return _enrol(user, url_for("identity.second_factor", next=wanted), onward(wanted), first=True)
    form = CodeForm()
    if form.validate_on_submit():
        attempt_id = start_try("second factor", user.public_id, known=True)
        with transaction():
            token = signing_in.confirm(user=my_user(), row=my_session(), code=str(form.code.data), attempt_id=attempt_id, ring=keyring(), moment=now(), request_id=request_id())
        if token is not None:
            forget_form_session()
            return hand_out(see_other(onward(wanted)), token)
        show_error(form.code, WrongCode())
    return render_template("identity/second_factor.html", form=form, next=wanted), (422 if form.errors else 200)


@bp.route("/me/second-factor", methods=["GET", "POST"])
@requires(Can.OWN_SETTINGS)
@fresh
def my_second_factor() -> ResponseReturnValue:
    """Set up a second factor of one's own accord, or move it to another phone."""
    return _enrol(my_user(), url_for("identity.my_second_factor"), url_for("identity.me"), first=False)


@bp.post("/me/spare-codes")
@requires(Can.OWN_SETTINGS)
@fresh
def my_spare_codes() -> ResponseReturnValue:
    """Ten new spare codes; the old ones stop working."""
    if not PlainForm().validate_on_submit() or not factors.enrolled(my_user()):
        return see_other(url_for("identity.me"))
    with transaction():
        codes = signing_in.renew_spare_codes(user=my_user(), ring=keyring(), moment=now(), request_id=request_id())
    return render_template("identity/spare_codes.html", codes=codes, onward=url_for("identity.me"))


def _enrol(user: User, action: str, target: str, *, first: bool) -> ResponseReturnValue:
    """Show a secret until its first code is given. The secret waits sealed in the form: opening the page changes nothing."""
    form = CodeForm()
    secret = _pending(form) if request.method == "POST" else None
    if secret is not None and form.validate_on_submit():
        attempt_id = start_try("second factor", user.public_id, known=True)
        try:
            with transaction():
                codes, token = signing_in.enrol(
                    user=my_user(),
                    row=my_session(),
                    secret=secret,
                    code=str(form.code.data),
                    half=first,
                    attempt_id=attempt_id,
                    ring=keyring(),
                    moment=now(),
                    request_id=request_id(),
                )
        except WrongCode as refusal:
            show_error(form.code, refusal)
        else:
            forget_form_session()
            return hand_out(make_response(render_template("identity/spare_codes.html", codes=codes, onward=target)), token)
    elif request.method == "POST" and secret is None:
        form.code.errors = [_("The picture has expired. Scan the new one.")]
    secret = secret or factors.fresh_secret()
    form.pending.data = keyring().seal(secret, _about_pending())
    picture = _picture(factors.address_of(secret, user.email))
    return render_template("identity/enrol.html", form=form, action=action, first=first, secret=secret, picture=picture), (422 if form.errors else 200)


def _about_pending() -> str:
    return f"pending second factor of session {me().session_id}"


def _pending(form: CodeForm) -> str | None:
    try:
        return keyring().open(str(form.pending.data or ""), _about_pending()) or None
    except (Unreadable, ValueError):
        return None


def _picture(address: str) -> Markup:
    """The QR code as SVG that needs neither style attributes nor a file of its own."""
    out = io.BytesIO()
    segno.make(address, error="m").save(out, kind="svg", xmldecl=False, svgns=True, svgclass="qr", lineclass=None, omitsize=True, border=4, dark="#000", light="#fff")
    return Markup(out.getvalue().decode())  # noqa: S704 - drawn here from our own data, no text of anybody's in it
