"""A day's sums of the brokers' books come by the hundred thousand and are derived: they bear no foreign keys.

Checking two keys of each row took PostgreSQL longer than writing the day's balances and trades together.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

KEYS = {"broker_id": "broker", "branch_id": "branch"}
SUMS = ("accounts", "funded", "active", "equity", "retained_fee", "lots")


def upgrade():
    if op.get_bind().dialect.name == "postgresql":
        for column, table in KEYS.items():
            op.drop_constraint(f"fk_broker_book_{column}_{table}", "broker_book", type_="foreignkey")
        return
    _make_again(sqlite_with_rowid=False)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        for column, table in KEYS.items():
            op.create_foreign_key(f"fk_broker_book_{column}_{table}", "broker_book", table, [column], ["id"])
        return
    _make_again(*(sa.ForeignKeyConstraint([column], [f"{table}.id"], name=f"fk_broker_book_{column}_{table}") for column, table in KEYS.items()))


def _make_again(*more, **options):
    """SQLite changes no constraint of a table: a new one takes the rows over."""
    op.rename_table("broker_book", "broker_book_before")
    op.create_table(
        "broker_book",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("broker_id", sa.BigInteger(), nullable=False),
        sa.Column("branch_id", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        *more,
        sa.PrimaryKeyConstraint("trade_date", "broker_id", "branch_id", name="pk_broker_book"),
        **options,
    )
    columns = ", ".join(("trade_date", *KEYS, *SUMS))
    op.execute(f"INSERT INTO broker_book ({columns}) SELECT {columns} FROM broker_book_before")  # noqa: S608 - names of our own columns
    op.drop_table("broker_book_before")
