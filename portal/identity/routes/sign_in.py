"""Signing in and out, one-time links, the forgotten password, and the password once more before a sensitive step."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.identity import LinkPurpose, UserState
from portal.identity import forgotten, links, passwords, sessions, signing_in, throttle, verbs
from portal.identity.forms import ConfirmPasswordForm, ForgotForm, NewPasswordForm, SignInForm
from portal.identity.queries import normal_email, password_hash_of, user_by_email
from portal.identity.routes.blueprint import (
    bp,
    forget_form_session,
    known_browser,
    me,
    my_password_is,
    my_user,
    now,
    onward,
    remember_browser,
    see_other,
    settings,
    show_error,
    start_try,
)
from portal.identity.throttle import Outcome
from portal.keys import secret
from portal.local_day import zone
from portal.permissions import Can
from portal.refusals import NotFound
from portal.transaction import transaction
from portal.web.formats import moment_text
from portal.web.guard import public, requires, while_signing_in
from portal.web.requests import caller_address, caller_browser, request_id, safe_next
from portal.web.signed_in import hand_out, signed_in, take_back


@bp.route("/sign-in", methods=["GET", "POST"])
@public
def sign_in() -> ResponseReturnValue:
    """Address and password. One answer for every reason why not."""
    form = SignInForm()
    wanted = safe_next(request.values.get("next"))
    if request.method == "GET" and (person := signed_in()) is not None and not person.half:
        return see_other(onward(wanted))
    if not form.validate_on_submit():
        return render_template("identity/sign_in.html", form=form, next=wanted), (422 if form.errors else 200)
    admitted = _try(str(form.email.data), str(form.password.data))
    if admitted is None:
        form.password.errors = [_("The address and the password do not belong together, or this sign-in is not open.")]
        return render_template("identity/sign_in.html", form=form, next=wanted), 422
    token, half = admitted
    forget_form_session()
    target = url_for("identity.second_factor", next=wanted) if half else onward(wanted)
    return remember_browser(hand_out(see_other(target), token), normal_email(str(form.email.data)))


def _try(email: str, password: str) -> tuple[str, bool] | None:
    """One try: counted first, then checked outside any transaction, then admitted."""
    address = normal_email(email)
    browser = known_browser(address)
    attempt_id = start_try("known browser" if browser else "sign-in", f"{address}:{browser}" if browser else address, known=browser is not None)
    stored, cost = password_hash_of(address), settings().password_cost
    right = passwords.opens(stored, password, cost)
    rehashed = passwords.hashed(password, cost) if right and stored and passwords.is_outdated(stored, cost) else None
    with transaction():
        # The user is read only now: he may have been disabled, or the password changed, while it was being checked; and held,
        # so that whoever changes it in this very moment also ends the session that begins here. Where the password is wrong
        # nobody is read: the time that takes would tell who has a sign-in.
        user = user_by_email(address, lock=True) if right else None
        if user is None or user.state != UserState.ACTIVE or user.password_hash != stored:
            throttle.finish(attempt_id, Outcome.FAILED)
            return None
        return signing_in.admit(
            user=user,
            attempt_id=attempt_id,
            demo_firm=settings().demo,
            rehashed=rehashed,
            user_agent=caller_browser(),
            address=caller_address(),
            account_key=throttle.account_key(secret(), "sign-in", address),
            moment=now(),
            request_id=request_id(),
        )


@bp.post("/sign-out")
@while_signing_in
def sign_out() -> ResponseReturnValue:
    """End this session, here and on the server."""
    person = me()
    try:
        with transaction():
            signing_in.leave(user=my_user(), session_id=person.session_id, moment=now(), request_id=request_id())
    except NotFound:
        pass  # ended in the same moment from elsewhere: signed out all the same
    forget_form_session()
    flash(_("You are signed out."), "success")
    response = take_back(see_other(url_for("identity.sign_in")))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.route("/invite/<token>", methods=["GET", "POST"])
@public
def invite(token: str) -> ResponseReturnValue:
    """Choose the first password."""
    return _choose_password(token, LinkPurpose.INVITE)


@bp.route("/reset/<token>", methods=["GET", "POST"])
@public
def reset(token: str) -> ResponseReturnValue:
    """Choose another password."""
    return _choose_password(token, LinkPurpose.RESET)


def _choose_password(token: str, purpose: LinkPurpose) -> ResponseReturnValue:
    owner = links.owner(token=token, purpose=purpose, secret=secret(), moment=now())
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            passwords.check_strength(str(form.password.data), email=owner.email, name=owner.name)
        except passwords.WeakPassword as refusal:
            show_error(form.password, refusal)
        else:
            hashed = passwords.hashed(str(form.password.data), settings().password_cost)
            with transaction():
                verbs.choose_password(token=token, purpose=purpose, secret=secret(), password_hash=hashed, moment=now(), request_id=request_id())
            forget_form_session()
            flash(_("Your password is set. Sign in with it now."), "success")
            return take_back(see_other(url_for("identity.sign_in")))
    return render_template("identity/choose_password.html", form=form, owner=owner, purpose=purpose), (422 if form.errors else 200)


@bp.route("/forgot", methods=["GET", "POST"])
@public
def forgot() -> ResponseReturnValue:
    """Ask for a new password. The answer is the same whether there is such a sign-in or not."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return render_template("identity/forgot.html", form=form, asked=False), (422 if form.errors else 200)
    key = throttle.account_key(secret(), "reset", normal_email(str(form.email.data)))
    with transaction():
        refusal = throttle.start(key=key, address=caller_address(), moment=now(), outcome=Outcome.ASKED)[1]
        if refusal is None:
            forgotten.ask(normal_email(str(form.email.data)), now())
    if refusal is not None:
        raise refusal
    return render_template("identity/forgot.html", form=form, asked=True)


@bp.route("/confirm-password", methods=["GET", "POST"])
@requires(Can.OWN_SETTINGS)
def confirm_password() -> ResponseReturnValue:
    """The password once more, before a step that a left-open browser must not be able to take."""
    form = ConfirmPasswordForm()
    wanted = safe_next(request.values.get("next"))
    if form.validate_on_submit():
        if my_password_is(str(form.password.data)):
            moment = now()
            until = moment + sessions.FRESH
            with transaction():
                token = sessions.renew(me().session_id, moment)
                verbs.password_confirmed(user=my_user(), until=until, moment=moment, request_id=request_id())
            flash(_("Sensitive steps are open until %(time)s; then your password is asked for again.", time=moment_text(until, zone())), "success")
            return hand_out(see_other(onward(wanted)), token)
        form.password.errors = [_("This is not your password.")]
    return render_template("identity/confirm_password.html", form=form, next=wanted), (422 if form.errors else 200)
