"""How commands answer: a refusal is a sentence and exit status 1, never a traceback; people are named by their mail address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask_babel import gettext
from sqlalchemy import func, select

from models import db
from models.identity import User
from portal.actors import Actor, actor_of
from portal.refusals import Refusal


@contextmanager
def answered() -> Iterator[None]:
    """Print what was refused, and end with status 1."""
    try:
        yield
    except Refusal as refusal:
        raise click.ClickException(gettext(refusal.message, **refusal.values)) from refusal


def somebody(email: str) -> Actor:
    """The person with this mail address; whether he may act is for the verb to say. Ends the command where there is none."""
    user = db.session.execute(select(User).where(func.lower(User.email) == email.strip().lower())).scalar_one_or_none()
    if user is None:
        raise click.ClickException(f"nobody signs in as {email}")
    return actor_of(user)
