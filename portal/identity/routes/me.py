"""One's own settings: name, language, look, password, second factor, and the devices on which one is signed in."""

from __future__ import annotations

from flask import flash, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.identity import factors, passwords, signing_in, verbs
from portal.identity.devices import device_of
from portal.identity.forms import ChangePasswordForm, PlainForm, SettingsForm
from portal.identity.queries import live_sessions
from portal.identity.routes import blueprint as own
from portal.identity.routes.blueprint import bp, my_user, now, see_other, settings, show_error
from portal.permissions import Can
from portal.transaction import transaction
from portal.web.guard import requires
from portal.web.requests import request_id
from portal.web.signed_in import hand_out


@bp.get("/me")
@requires(Can.OWN_SETTINGS)
def me() -> ResponseReturnValue:
    """The settings."""
    return _page(SettingsForm(obj=my_user()), ChangePasswordForm())


@bp.post("/me")
@requires(Can.OWN_SETTINGS)
def change_settings() -> ResponseReturnValue:
    """Change name, language and look."""
    form = SettingsForm()
    if not form.validate_on_submit():
        return _page(form, ChangePasswordForm(formdata=None)), 422
    chosen = {name: str(form[name].data or "") for name in ("name", "locale", "theme", "rises")}
    with transaction():
        verbs.change_settings(user=my_user(), **chosen, moment=now(), request_id=request_id())
    for name in ("locale", "theme"):
        session.pop(name, None)  # what was chosen in passing gives way to what is kept
    flash(_("Your settings are kept."), "success")
    return see_other(url_for("identity.me"))


@bp.post("/me/password")
@requires(Can.OWN_SETTINGS)
def change_password() -> ResponseReturnValue:
    """Change the password; every other device is signed out."""
    form = ChangePasswordForm()
    user = my_user()
    if form.validate_on_submit() and _acceptable(form):
        hashed = passwords.hashed(str(form.password.data), settings().password_cost)
        with transaction():
            token = verbs.change_password(user=my_user(), password_hash=hashed, this_session=own.me().session_id, moment=now(), request_id=request_id())
        flash(_("Your password is changed. Every other device is signed out."), "success")
        return hand_out(see_other(url_for("identity.me")), token)
    return _page(SettingsForm(formdata=None, obj=user), form), 422


def _acceptable(form: ChangePasswordForm) -> bool:
    """Whether the old password is right and the new one is strong; what is not is said beside its field."""
    user = my_user()
    try:
        passwords.check_strength(str(form.password.data), email=user.email, name=user.name)
    except passwords.WeakPassword as refusal:
        show_error(form.password, refusal)
        return False
    if own.my_password_is(str(form.old.data)):
        return True
    form.old.errors = [_("This is not your password.")]
    return False


@bp.post("/me/sessions/<int:session_id>/end")
@requires(Can.OWN_SETTINGS)
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign one device out."""
    PlainForm().validate_on_submit()
    with transaction():
        signing_in.leave(user=my_user(), session_id=session_id, why="ended by the user", moment=now(), request_id=request_id())
    flash(_("The device is signed out."), "success")
    return see_other(url_for("identity.me"))


@bp.post("/me/sessions/end-others")
@requires(Can.OWN_SETTINGS)
def end_other_sessions() -> ResponseReturnValue:
    """Sign every other device out."""
    with transaction():
        signing_in.leave_others(user=my_user(), session_id=own.me().session_id, moment=now(), request_id=request_id())
    flash(_("Every other device is signed out."), "success")
    return see_other(url_for("identity.me"))


def _page(settings_form: SettingsForm, password_form: ChangePasswordForm) -> str:
    user = my_user()
    return render_template(
        "identity/me.html",
        user=user,
        form=settings_form,
        password_form=password_form,
        plain=PlainForm(formdata=None),
        sessions=live_sessions([user.id], now()),
        device=device_of,
        this_session=own.me().session_id,
        enrolled=factors.enrolled(user),
        spare_codes_left=factors.spare_codes_left(user.id),
    )
