"""What the portal asks about scores."""

from __future__ import annotations

from sqlalchemy import select

from models import db
from models.clients import Account


def account_numbers() -> dict[int, str]:
    """Every account's number by its id."""
    return {row.id: row.account_no for row in db.session.execute(select(Account.id, Account.account_no))}
