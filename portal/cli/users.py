"""`flask users`: add people, list them, disable them, and print the links with which they choose their passwords."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app

from models import db
from models.identity import LinkPurpose, Role, User
from portal import clock
from portal.actors import TERMINAL
from portal.cli.refusing import RefusingGroup
from portal.identity import passwords, queries, verbs
from portal.refusals import NotFound, Refusal
from portal.settings import Settings
from portal.transaction import transaction

group = RefusingGroup("users", help="The people who sign in.")


@group.command("add")
@click.argument("email")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", "roles", required=True, multiple=True, type=click.Choice([role.value for role in Role]), help="May be given more than once.")
@click.option("--broker-no", help="The introducing broker that the person is.")
@click.option("--client-no", help="The client that the person is.")
@click.option("--staff-no", help="The member of staff that the person is.")
@click.option("--branch-no", help="The branch that the person belongs to.")
@click.option("--demo-password", help="A printed password instead of an invitation; only in a demonstration firm.")
def add(email: str, name: str, roles: tuple[str, ...], demo_password: str | None, **numbers: Any) -> None:
    """Add a user; the last line is the link with which he chooses his password."""
    settings = _settings()
    if demo_password and not settings.demo:
        raise Refusal("Printed passwords are for a demonstration firm alone (PORTAL_DEMO=1). Leave --demo-password out.")
    hashed = passwords.hashed(demo_password, settings.password_cost) if demo_password else None
    with transaction():
        user = verbs.add_user(email=email, name=name, roles=[Role(role) for role in roles], **numbers, demo_password_hash=hashed, actor=TERMINAL, moment=clock.now())
        last_line = f"{_base()}/sign-in" if demo_password else _link(user, LinkPurpose.INVITE)
        click.echo(f"added {user.email}", err=True)
    click.echo(last_line)


@group.command("list")
@click.option("--role", default="", help="Only this role.")
@click.option("--state", default="", help="Only this state: invited, active or disabled.")
def list_users(role: str, state: str) -> None:
    """List users: address, state, roles, numbers and name, separated by tabs."""
    found = queries.users_visible_to(TERMINAL).order_by(User.email)
    found = found.where(queries.in_role(role)) if role else found
    for user in db.session.scalars(found.where(User.state == state) if state else found):
        numbers = ",".join(number for number in (user.broker_no, user.client_no, user.staff_no, user.branch_no) if number)
        click.echo("\t".join((user.email, user.state, ",".join(row.role for row in user.roles), numbers or "-", user.name)))


@group.command("disable")
@click.argument("email")
@click.option("--reason", default="at the terminal", help="Why; kept in the audit log.")
def disable(email: str, reason: str) -> None:
    """Keep somebody out: sessions and links are dead at once."""
    with transaction():
        verbs.disable(user=_user(email), reason=reason, actor=TERMINAL, moment=clock.now())
    click.echo(f"disabled {email}")


@group.command("enable")
@click.argument("email")
@click.option("--reason", default="at the terminal", help="Why; kept in the audit log.")
def enable(email: str, reason: str) -> None:
    """Let somebody in again."""
    with transaction():
        verbs.enable(user=_user(email), reason=reason, actor=TERMINAL, moment=clock.now())
    click.echo(f"enabled {email}")


@group.command("link")
@click.argument("email")
def link(email: str) -> None:
    """Print a new one-time link: an invitation, or a reset where there is a password already."""
    with transaction():
        user = _user(email)
        last_line = _link(user, LinkPurpose.RESET if user.password_hash else LinkPurpose.INVITE)
    click.echo(last_line)


@group.command("remove-second-factor")
@click.argument("email")
@click.option("--reason", required=True, help="How the person's identity was checked; kept in the audit log.")
def remove_second_factor(email: str, reason: str) -> None:
    """Take away a lost second factor."""
    with transaction():
        verbs.remove_second_factor(user=_user(email), reason=reason, actor=TERMINAL, moment=clock.now())
    click.echo(f"removed the second factor of {email}")


def _user(email: str) -> User:
    user = queries.user_by_email(email)
    if user is None:
        raise NotFound("There is no user with the address %(email)s. `flask users list` shows all of them.", email=email)
    return user


def _link(user: User, purpose: LinkPurpose) -> str:
    token = verbs.issue_link(user=user, purpose=purpose, secret=str(current_app.secret_key), actor=TERMINAL, moment=clock.now())
    return f"{_base()}/{purpose.value}/{token}"


def _base() -> str:
    return _settings().base_url.rstrip("/")


def _settings() -> Settings:
    settings: Settings = current_app.config["PORTAL"]
    return settings
