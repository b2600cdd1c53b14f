"""The administration of users: the list, invitations, and what may be done to one sign-in."""

from __future__ import annotations

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from models.identity import LinkPurpose, User, UserState
from portal.identity import factors, queries, throttle, verbs
from portal.identity.forms import InviteForm, PlainForm, ReasonForm, RolesForm
from portal.identity.queries import UserFilter
from portal.identity.routes.blueprint import bp, link_address, now, secret, see_other, show_error
from portal.identity.wording import ROLES, STATES
from portal.permissions import Can
from portal.refusals import Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, fresh, requires
from portal.web.requests import request_id

PER_PAGE = 50


@bp.get("/admin/users")
@requires(Can.USER_SEE)
def users() -> ResponseReturnValue:
    """All sign-ins, narrowed and sorted by the address's query."""
    wanted = UserFilter(**{name: request.args.get(name, "")[:100] for name in ("q", "role", "state", "sort")})
    found = queries.users_listed(current_actor(), wanted)
    total = queries.counted(found)
    pages = max(1, -(-total // PER_PAGE))
    page = min(max(1, _whole(request.args.get("page", ""))), pages)
    rows = queries.fetched(found, offset=(page - 1) * PER_PAGE, limit=PER_PAGE)
    return render_template("identity/users.html", rows=rows, wanted=wanted, total=total, page=page, pages=pages, roles=ROLES, states=STATES)


def _whole(text: str) -> int:
    """A page number as typed; whatever is none is the first page."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


@bp.route("/admin/users/new", methods=["GET", "POST"])
@requires(Can.USER_MANAGE)
@fresh
def invite_user() -> ResponseReturnValue:
    """Add a user and show the invitation, which is handed on by whatever way is safe."""
    form = InviteForm()
    if not form.validate_on_submit():
        return render_template("identity/user_new.html", form=form), (422 if form.errors else 200)
    try:
        with transaction():
            user, link = _invited(form)
    except Refusal as refusal:
        show_error(form.email, refusal)
        return render_template("identity/user_new.html", form=form), refusal.status
    return _page(user.public_id, link=link)


def _invited(form: InviteForm) -> tuple[User, str]:
    user = verbs.add_user(
        email=str(form.email.data),
        name=str(form.name.data),
        roles=form.chosen_roles(),
        **form.numbers(),
        actor=current_actor(),
        moment=now(),
        request_id=request_id(),
    )
    return user, _issue(user, LinkPurpose.INVITE)


@bp.get("/admin/users/<user_public_id>")
@requires(Can.USER_SEE)
def user(user_public_id: str) -> ResponseReturnValue:
    """One sign-in."""
    return _page(user_public_id)


@bp.post("/admin/users/<user_public_id>/link")
@requires(Can.USER_MANAGE)
@fresh
def new_link(user_public_id: str) -> ResponseReturnValue:
    """A new one-time link: an invitation for who has no password yet, a reset for who has."""
    with transaction():
        user = _visible(user_public_id)
        link = _issue(user, LinkPurpose.RESET if user.password_hash else LinkPurpose.INVITE)
    return _page(user_public_id, link=link)


@bp.post("/admin/users/<user_public_id>/disable")
@requires(Can.USER_MANAGE)
@fresh
def disable_user(user_public_id: str) -> ResponseReturnValue:
    """Keep somebody out, at once."""
    return _with_reason(user_public_id, verbs.disable, _("The sign-in is disabled; every session and link of it is dead."))


@bp.post("/admin/users/<user_public_id>/enable")
@requires(Can.USER_MANAGE)
@fresh
def enable_user(user_public_id: str) -> ResponseReturnValue:
    """Let somebody in again."""
    return _with_reason(user_public_id, verbs.enable, _("The sign-in is open again."))


@bp.post("/admin/users/<user_public_id>/second-factor/remove")
@requires(Can.USER_MANAGE)
@fresh
def remove_second_factor(user_public_id: str) -> ResponseReturnValue:
    """Take away a lost second factor."""
    return _with_reason(user_public_id, verbs.remove_second_factor, _("The second factor is removed; a new one is set up at the next sign-in."))


@bp.post("/admin/users/<user_public_id>/roles")
@requires(Can.USER_MANAGE)
@fresh
def change_roles(user_public_id: str) -> ResponseReturnValue:
    """Give and take roles and the numbers that somebody is bound to."""
    form = RolesForm()
    _visible(user_public_id)
    if not form.validate_on_submit():
        return _page(user_public_id, roles_form=form), 422
    with transaction():
        verbs.change_roles(
            user=_visible(user_public_id),
            roles=form.chosen_roles(),
            numbers=form.numbers(),
            reason=str(form.reason.data),
            actor=current_actor(),
            moment=now(),
            request_id=request_id(),
        )
    flash(_("The roles are changed; the person signs in anew."), "success")
    return see_other(url_for("identity.user", user_public_id=user_public_id))


@bp.post("/admin/users/<user_public_id>/sessions/end")
@requires(Can.USER_MANAGE)
@fresh
def end_user_sessions(user_public_id: str) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    with transaction():
        verbs.end_sessions(user=_visible(user_public_id), actor=current_actor(), moment=now(), request_id=request_id())
    flash(_("Every session of this sign-in has ended."), "success")
    return see_other(url_for("identity.user", user_public_id=user_public_id))


def _visible(public_id: str) -> User:
    return queries.visible_user(current_actor(), public_id)


def _standing(user: User) -> dict[str, object]:
    return {"roles": [row.role for row in user.roles], "broker_no": user.broker_no, "client_no": user.client_no, "staff_no": user.staff_no, "branch_no": user.branch_no}


def _issue(user: User, purpose: LinkPurpose) -> str:
    token = verbs.issue_link(user=user, purpose=purpose, secret=secret(), actor=current_actor(), moment=now(), request_id=request_id())
    return link_address(purpose, token)


def _with_reason(public_id: str, verb: verbs.WithReason, done: str) -> ResponseReturnValue:
    form = ReasonForm()
    _visible(public_id)
    if not form.validate_on_submit():
        return _page(public_id, reason_form=form), 422
    with transaction():
        verb(user=_visible(public_id), reason=str(form.reason.data), actor=current_actor(), moment=now(), request_id=request_id())
    flash(done, "success")
    return see_other(url_for("identity.user", user_public_id=public_id))


def _page(public_id: str, *, link: str = "", reason_form: ReasonForm | None = None, roles_form: RolesForm | None = None) -> str:
    shown = _visible(public_id)
    return render_template(
        "identity/user.html",
        shown=shown,
        link=link,
        may_manage=current_actor().may(Can.USER_MANAGE),
        oneself=current_actor().user_id == shown.id,
        reason_form=reason_form or ReasonForm(formdata=None),
        roles_form=roles_form or RolesForm(formdata=None, data=_standing(shown)),
        plain=PlainForm(formdata=None),
        sessions=queries.live_sessions(shown.id, now()),
        tries=queries.latest_tries([throttle.account_key(secret(), what, shown.email) for what in ("sign-in", "reset")]),
        enrolled=factors.enrolled(shown),
        disabled=shown.state == UserState.DISABLED,
        roles=ROLES,
        states=STATES,
    )
