"""Kept answers of the attribution audit: what two states of knowledge pay differently.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "difference_report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("known_before", sa.BigInteger(), nullable=False),
        sa.Column("known_after", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.String(length=7), nullable=False),
        sa.Column("last", sa.String(length=7), nullable=False),
        sa.Column("computed_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("totals", models.columns.JsonText(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference_report")),
        sa.UniqueConstraint("known_before", "known_after", "first", "last", name=op.f("uq_difference_report_known_before_known_after_first_last")),
    )


def downgrade() -> None:
    op.drop_table("difference_report")
