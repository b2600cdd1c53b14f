"""What scores of past days were worth is kept, so that a page can show it.

Revision ID: 0039
Revises: 0033
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0039"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "risk_backtest",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("result", models.columns.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_backtest")),
    )


def downgrade():
    op.drop_table("risk_backtest")
