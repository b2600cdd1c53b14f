"""Handovers: whom the clients of a departure were proposed and given to, and what became of them.

Revision ID: 0036
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "successor_terms",
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("languages", sa.String(length=80), nullable=False),
        sa.Column("products", sa.String(length=400), nullable=False),
        sa.Column("changed_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("changed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_successor_terms_capacity")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user.id"], name=op.f("fk_successor_terms_changed_by_id_user")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_successor_terms_staff_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_successor_terms")),
    )
    op.create_table(
        "handover",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("departure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=14), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("opened_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("closed_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_handover_state_known")),
        sa.ForeignKeyConstraint(["departure_id"], ["departure.id"], name=op.f("fk_handover_departure_id_departure")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["user.id"], name=op.f("fk_handover_opened_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
        sa.UniqueConstraint("departure_id", name=op.f("uq_handover_departure_id")),
    )
    op.create_table(
        "handover_client",
        sa.Column("handover_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("follow", sa.BigInteger(), nullable=True),
        sa.Column("proposed_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reasons", models.columns.JsonText(), nullable=False),
        sa.Column("decided_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("outcome_reason", sa.Text(), nullable=False),
        sa.Column("outcome_equity", sa.BigInteger(), nullable=True),
        sa.Column("outcome_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("outcome_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(outcome = '') = (outcome_at IS NULL)", name=op.f("ck_handover_client_outcome_at")),
        sa.CheckConstraint("outcome = '' OR decided_id IS NOT NULL", name=op.f("ck_handover_client_outcome_after_decision")),
        sa.CheckConstraint("(decided_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_handover_client_decided")),
        sa.CheckConstraint("follow IS NULL OR follow BETWEEN 0 AND 1000000", name=op.f("ck_handover_client_follow")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_handover_client_account_id_account")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_handover_client_decided_by_id_user")),
        sa.ForeignKeyConstraint(["decided_id"], ["staff.id"], name=op.f("fk_handover_client_decided_id_staff")),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handover_client_handover_id_handover")),
        sa.ForeignKeyConstraint(["outcome_by_id"], ["user.id"], name=op.f("fk_handover_client_outcome_by_id_user")),
        sa.ForeignKeyConstraint(["proposed_id"], ["staff.id"], name=op.f("fk_handover_client_proposed_id_staff")),
        sa.PrimaryKeyConstraint("handover_id", "account_id", name=op.f("pk_handover_client")),
    )
    op.create_index("ix_handover_client_account", "handover_client", ["account_id"], unique=False)
    op.create_index("ix_handover_client_decided", "handover_client", ["decided_id", "handover_id"], unique=False)


def downgrade():
    op.drop_index("ix_handover_client_decided", table_name="handover_client")
    op.drop_index("ix_handover_client_account", table_name="handover_client")
    op.drop_table("handover_client")
    op.drop_table("handover")
    op.drop_table("successor_terms")
