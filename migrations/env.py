"""How Alembic reaches the portal's database: through the running application, on its own engine."""

from __future__ import annotations

from alembic import context
from flask import current_app

from models import db

config = context.config


def run_migrations() -> None:
    """Run the migrations on the application's database."""
    whole = {"isolation_level": "READ COMMITTED"} if db.engine.dialect.name == "postgresql" else {}
    with db.engine.connect().execution_options(**whole) as connection:
        context.configure(connection=connection, target_metadata=db.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
        if connection.in_transaction():
            connection.commit()


if context.is_offline_mode():
    context.configure(url=current_app.config["SQLALCHEMY_DATABASE_URI"], target_metadata=db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_migrations()
