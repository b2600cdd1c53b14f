"""Requests of people that their data be erased.

Revision ID: 0067
Revises: 0066
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "erase_request",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("subject_kind", sa.String(length=14), nullable=False),
        sa.Column("subject_no", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("asked_by_id", NUMBER, nullable=True),
        sa.Column("approval_id", NUMBER, nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_label", sa.String(length=200), nullable=False),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.Column("counts", models.columns.JsonText(), nullable=False),
        sa.CheckConstraint("state IN ('asked', 'prepared', 'done', 'refused')", name=op.f("ck_erase_request_state_known")),
        sa.CheckConstraint("subject_kind IN ('client', 'broker')", name=op.f("ck_erase_request_subject_kind_known")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_erase_request_approval_id_approval")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user.id"], name=op.f("fk_erase_request_asked_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erase_request")),
        sa.UniqueConstraint("public_id", name=op.f("uq_erase_request_public_id")),
    )
    op.create_index(op.f("ix_erase_request_approval_id"), "erase_request", ["approval_id"], unique=False)
    op.create_index(
        "uq_erase_request_open",
        "erase_request",
        ["subject_kind", "subject_no"],
        unique=True,
        sqlite_where=sa.text("state IN ('asked', 'prepared')"),
        postgresql_where=sa.text("state IN ('asked', 'prepared')"),
    )


def downgrade():
    op.drop_table("erase_request")
