"""The administration of users: the list, invitations, and what may be done to one sign-in."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.identity import LinkPurpose, Role, User, UserState
from portal.identity import factors, grants, policy, queries, second_person, throttle, verbs
from portal.identity.devices import device_of
from portal.identity.forms import InviteForm, PlainForm, ReasonForm, RolesForm
from portal.identity.leaving import left_by
from portal.identity.links import LASTS
from portal.identity.routes.blueprint import bp, link_address, now, see_other, settings, show_error
from portal.identity.tokens import digest
from portal.identity.wording import ROLES, STATES
from portal.keys import keyring, secret
from portal.notices.kinds import INVITED, KINDS, RESET
from portal.notices.outbox import Letter, write_secret
from portal.permissions import Can
from portal.refusals import Conflict, Refusal
from portal.transaction import transaction
from portal.web.guard import current_actor, fresh, requires
from portal.web.list_pages import Field, ListPage, declare, show_list
from portal.web.paging import Column, Filter, Listing, columns
from portal.web.requests import request_id

COLUMNS = columns(
    Column("email", _l("E-mail address"), sort=True),
    Column("name", _l("Name"), sort=True),
    Column("roles", _l("Roles")),
    Column("numbers", _l("Numbers")),
    Column("state", _l("State"), sort=True),
    Column("created", _l("Added"), sort=True),
)
LIST = declare(
    ListPage(
        "identity.users",
        _l("Users"),
        Listing(
            tiebreak=User.id,
            sorts={"email": User.email, "name": User.name, "state": User.state, "created": User.created_at},
            default="email",
            filters=(
                Filter("q", _l("Name or address"), queries.spoken_of, personal=True),
                Filter("role", _l("Role"), queries.in_role, choices=tuple((role.value, name) for role, name in ROLES.items())),
                Filter("state", _l("State"), lambda text: User.state == text, choices=tuple((state.value, name) for state, name in STATES.items())),
            ),
            per_page=50,
        ),
        COLUMNS,
        source=lambda asked: queries.users_visible_to(asked.actor),
        fields=(
            Field("email", _l("E-mail address"), lambda row: row.email),
            Field("name", _l("Name"), lambda row: row.name),
            Field("roles", _l("Roles"), lambda row: ", ".join(str(ROLES[Role(one.role)]) for one in row.roles)),
            Field("numbers", _l("Numbers"), lambda row: " · ".join(filter(None, (row.broker_no, row.client_no, row.staff_no, row.branch_no)))),
            Field("state", _l("State"), lambda row: str(STATES[row.state])),
            Field("created", _l("Added"), lambda row: row.created_at),
        ),
        scalars=True,
        file_name="users",
    )
)


@bp.get("/admin/users")
@requires(Can.USER_SEE)
def users() -> ResponseReturnValue:
    """All sign-ins, narrowed and sorted by the address's query."""
    return show_list(LIST, "identity/users.html", roles=ROLES, states=STATES)


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
            if grants.adds_power(form.chosen_roles()):
                grants.ask_invitation(email=str(form.email.data), name=str(form.name.data), roles=form.chosen_roles(), numbers=form.numbers(), actor=current_actor(), moment=now())
                return _asked_for(str(form.email.data))
            user, link = _invited(form)
    except Refusal as refusal:
        show_error(form.email, refusal)
        return render_template("identity/user_new.html", form=form), refusal.status
    return _page(user.public_id, link=link)


def _asked_for(email: str) -> ResponseReturnValue:
    flash(_("%(who)s would hold rights over money or people: a second person has to approve it first. You are told when it is done; then make the link.", who=email), "info")
    return see_other(url_for("identity.users"))


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
    """A new one-time link: an invitation for who has no password yet, a reset for who has; for who holds rights over money a
    second administrator approves it first."""
    with transaction():
        user = _visible(user_public_id)
        allowed = second_person.may_reset(user=user, actor=current_actor(), moment=now())
        if not allowed:
            second_person.ask_reset(user=user, reason=request.form.get("reason", "").strip()[:500], actor=current_actor(), moment=now())
        link = "" if not allowed else _issue(user, LinkPurpose.RESET if user.password_hash else LinkPurpose.INVITE)
    return (
        _page(user_public_id, link=link)
        if link
        else _waits(user_public_id, _("A second administrator has to approve this first. You are told when he has; then make the link here."))
    )


def _waits(public_id: str, sentence: str) -> ResponseReturnValue:
    flash(sentence, "info")
    return see_other(url_for("identity.user", user_public_id=public_id))


@bp.get("/admin/users/<user_public_id>/disable")
@requires(Can.USER_MANAGE)
@fresh
def look_before_disabling(user_public_id: str) -> ResponseReturnValue:
    """What disabling a sign-in ends and leaves without anyone, before it is done."""
    shown = _visible(user_public_id)
    policy.check_not_oneself(current_actor(), shown)
    return _before_disabling(shown, ReasonForm(formdata=None))


@bp.post("/admin/users/<user_public_id>/disable")
@requires(Can.USER_MANAGE)
@fresh
def disable_user(user_public_id: str) -> ResponseReturnValue:
    """Keep somebody out, at once; the address is typed, so that it is the one who was meant."""
    shown, form = _visible(user_public_id), ReasonForm()
    policy.check_not_oneself(current_actor(), shown)
    mistyped = request.form.get("typed", "").strip().lower() != shown.email.lower()
    if mistyped or not form.validate_on_submit():
        return _before_disabling(shown, form, mistyped=mistyped), 422
    return _with_reason(user_public_id, verbs.disable, _("The sign-in is disabled; every session and link of it is dead."))


def _before_disabling(user: User, form: ReasonForm, *, mistyped: bool = False) -> str:
    today = now().astimezone(ZoneInfo(settings().timezone)).date()
    return render_template("identity/disable.html", shown=user, roles=ROLES, reason_form=form, mistyped=mistyped, left=left_by(user, now(), today))


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
    """Take away a lost second factor; for who holds rights over money a second administrator approves it first."""
    form = ReasonForm()
    if second_person.protected(_visible(user_public_id)) and form.validate_on_submit():
        with transaction():
            second_person.ask_removal(user=_visible(user_public_id), reason=str(form.reason.data), actor=current_actor(), moment=now())
        return _waits(user_public_id, _("A second administrator has to approve this first. You are told what he decides."))
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
    try:
        with transaction():
            waits = _changed_roles(queries.locked_user(user_public_id), form)
    except Conflict as refusal:
        show_error(form.roles, refusal)
        return _page(user_public_id, roles_form=form), refusal.status
    if waits:
        return _waits(user_public_id, _("These roles bring rights over money or people: a second person has to approve them first. You are told what is decided."))
    flash(_("The roles are changed; the person signs in anew."), "success")
    return see_other(url_for("identity.user", user_public_id=user_public_id))


def _changed_roles(user: User, form: RolesForm) -> bool:
    """Change the roles, or put them before a second person where they bring power; says which: True where it waits."""
    asked: dict[str, Any] = {"user": user, "roles": form.chosen_roles(), "numbers": form.numbers(), "reason": str(form.reason.data), "actor": current_actor(), "moment": now()}
    if grants.adds_power(form.chosen_roles(), queries.roles_of(user)):
        grants.ask_grant(**asked)
        return True
    verbs.change_roles(**asked, seen=str(form.seen.data or ""), request_id=request_id())
    return False


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
    link = link_address(purpose, token)
    kind = KINDS[INVITED if purpose == LinkPurpose.INVITE else RESET]
    write_secret(user, kind, link, Letter(digest(token)[:24], until=now() + LASTS[purpose]), now(), keyring())
    return link


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
    roles_form = roles_form or RolesForm(formdata=None, data=_standing(shown))
    roles_form.seen.data = verbs.standing_digest(shown)
    return render_template(
        "identity/user.html",
        shown=shown,
        link=link,
        needs_second=second_person.protected(shown),
        may_link=second_person.may_reset(user=shown, actor=current_actor(), moment=now()),
        may_manage=current_actor().may(Can.USER_MANAGE),
        oneself=current_actor().user_id == shown.id,
        reason_form=reason_form or ReasonForm(formdata=None),
        roles_form=roles_form,
        plain=PlainForm(formdata=None),
        sessions=queries.live_sessions([shown.id], now()),
        device=device_of,
        tries=queries.latest_tries([throttle.account_key(secret(), what, shown.email) for what in ("sign-in", "reset")]),
        enrolled=factors.enrolled(shown),
        disabled=shown.state == UserState.DISABLED,
        roles=ROLES,
        states=STATES,
    )
