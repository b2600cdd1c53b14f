"""The database handle and the habits every table shares.

Constraint names follow one convention, so that a migration on SQLite and one on PostgreSQL speak of the same thing.
"""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, Engine, MetaData
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table's parent; holds the one metadata."""

    metadata = MetaData(naming_convention=NAMING)


class PortalSession(Session):
    """The session of a request or a job; for a while it may speak to another database than the application's."""

    bound_to: Engine | None = None

    def get_bind(self, *args: Any, **options: Any) -> Engine | Connection:
        """The database that a statement goes to."""
        return self.bound_to if self.bound_to is not None and options.get("bind") is None else super().get_bind(*args, **options)


db = SQLAlchemy(model_class=Base, session_options={"class_": PortalSession})
