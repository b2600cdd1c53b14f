"""Disputes: a question put to a line of commission, and what was said about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FACTS = ("dispute_entry",)
STATES = ("open", "in_review", "answered", "accepted", "escalated", "closed", "withdrawn")
LIVE = sa.text("state NOT IN ('accepted', 'closed', 'withdrawn')")
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dispute",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("broker_id", KEY, nullable=False),
        sa.Column("period", sa.String(7), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("account_no", sa.String(64), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=True),
        sa.Column("exchange", sa.String(16), nullable=False),
        sa.Column("product", sa.String(32), nullable=False),
        sa.Column("line_key", sa.String(200), nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("evidence", models.columns.JsonText(), nullable=False),
        sa.Column("state", sa.String(max(len(state) for state in STATES) + 8), nullable=False),
        sa.Column("opened_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("opened_by_id", KEY, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("taken_by_id", KEY, nullable=True),
        sa.Column("answered_by_id", KEY, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("approval_id", KEY, nullable=True),
        sa.CheckConstraint("state IN (" + ", ".join(f"'{state}'" for state in STATES) + ")", name=op.f("ck_dispute_state_known")),
        sa.CheckConstraint("answered_by_id IS NULL OR answered_by_id <> opened_by_id", name=op.f("ck_dispute_four_eyes")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_dispute_broker_id_broker")),
        sa.ForeignKeyConstraint(["run_id"], ["commission_run.id"], name=op.f("fk_dispute_run_id_commission_run")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["user.id"], name=op.f("fk_dispute_opened_by_id_user")),
        sa.ForeignKeyConstraint(["taken_by_id"], ["user.id"], name=op.f("fk_dispute_taken_by_id_user")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["user.id"], name=op.f("fk_dispute_answered_by_id_user")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_dispute_approval_id_approval")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
    )
    op.create_index(op.f("ix_dispute_broker_id"), "dispute", ["broker_id"])
    op.create_index("ix_dispute_state", "dispute", ["state", "due_on"])
    op.create_index("uq_dispute_live", "dispute", ["broker_id", "period", "line_key"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE)
    op.create_table(
        "dispute_entry",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("dispute_id", KEY, nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("actor_label", sa.String(200), nullable=False),
        sa.Column("by_desk", sa.Boolean(), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dispute_id"], ["dispute.id"], name=op.f("fk_dispute_entry_dispute_id_dispute")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_dispute_entry_actor_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_entry")),
    )
    op.create_index(op.f("ix_dispute_entry_dispute_id"), "dispute_entry", ["dispute_id"])
    append_only.install(op.get_bind(), FACTS)


def downgrade() -> None:
    """Take them away, with their triggers."""
    op.drop_table("dispute_entry")
    op.drop_table("dispute")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS dispute_entry_append_only()")
