"""What brokers are paid for closed months: accounts, holds, payment runs and payments.

Revision ID: 0066
Revises: 0064
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0066"
down_revision = "0064"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("payout",)


def upgrade():
    op.create_table(
        "payout_hold",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("broker_id", NUMBER, nullable=False),
        sa.Column("why", sa.String(length=21), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("since", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("placed_label", sa.String(length=200), nullable=False),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_label", sa.String(length=200), nullable=False),
        sa.Column("ended_note", sa.String(length=400), nullable=False),
        sa.CheckConstraint("why IN ('clawback', 'dispute', 'investigation', 'invoice', 'court', 'other')", name=op.f("ck_payout_hold_why_known")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_payout_hold_broker_id_broker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_hold")),
    )
    op.create_index(op.f("ix_payout_hold_broker_id"), "payout_hold", ["broker_id"], unique=False)
    op.create_index("uq_payout_hold_broker", "payout_hold", ["broker_id"], unique=True, sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "payee",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("broker_id", NUMBER, nullable=False),
        sa.Column("holder", sa.String(length=120), nullable=False),
        sa.Column("bank", sa.String(length=120), nullable=False),
        sa.Column("account_no_sealed", sa.Text(), nullable=False),
        sa.Column("account_index", sa.String(length=64), nullable=False),
        sa.Column("account_tail", sa.String(length=4), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("approval_id", NUMBER, nullable=True),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_label", sa.String(length=200), nullable=False),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'valid', 'replaced', 'refused')", name=op.f("ck_payee_state_known")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_payee_approval_id_approval")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_payee_broker_id_broker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payee")),
        sa.UniqueConstraint("public_id", name=op.f("uq_payee_public_id")),
    )
    op.create_index(op.f("ix_payee_account_index"), "payee", ["account_index"], unique=False)
    op.create_index(op.f("ix_payee_approval_id"), "payee", ["approval_id"], unique=False)
    op.create_index("uq_payee_valid", "payee", ["broker_id"], unique=True, sqlite_where=sa.text("state = 'valid'"), postgresql_where=sa.text("state = 'valid'"))
    op.create_index("uq_payee_waiting", "payee", ["broker_id"], unique=True, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_table(
        "payout_batch",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("payments", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("approval_id", NUMBER, nullable=True),
        sa.Column("prepared_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("prepared_label", sa.String(length=200), nullable=False),
        sa.Column("approved_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("approved_label", sa.String(length=200), nullable=False),
        sa.Column("done_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('prepared', 'approved', 'done', 'void')", name=op.f("ck_payout_batch_state_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payout_batch_amount")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_payout_batch_approval_id_approval")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batch")),
        sa.UniqueConstraint("number", name=op.f("uq_payout_batch_number")),
    )
    op.create_index(op.f("ix_payout_batch_approval_id"), "payout_batch", ["approval_id"], unique=False)
    op.create_index("ix_payout_batch_period", "payout_batch", ["period", "id"], unique=False)
    op.create_table(
        "payout",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("batch_id", NUMBER, nullable=False),
        sa.Column("broker_id", NUMBER, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("payee_id", NUMBER, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("serial", sa.String(length=60), nullable=False),
        sa.Column("why", sa.String(length=400), nullable=False),
        sa.Column("settled_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("settled_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("state <> 'paid' OR (paid_on IS NOT NULL AND serial <> '')", name=op.f("ck_payout_paid_by_the_bank")),
        sa.CheckConstraint("state <> 'returned' OR why <> ''", name=op.f("ck_payout_returned_why")),
        sa.CheckConstraint("state IN ('prepared', 'approved', 'paid', 'returned', 'void')", name=op.f("ck_payout_state_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payout_amount")),
        sa.ForeignKeyConstraint(["batch_id"], ["payout_batch.id"], name=op.f("fk_payout_batch_id_payout_batch")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_payout_broker_id_broker")),
        sa.ForeignKeyConstraint(["payee_id"], ["payee.id"], name=op.f("fk_payout_payee_id_payee")),
        sa.ForeignKeyConstraint(["period"], ["month_close.period"], name=op.f("fk_payout_period_month_close")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sa.UniqueConstraint("reference", name=op.f("uq_payout_reference")),
    )
    op.create_index("ix_payout_batch", "payout", ["batch_id", "state"], unique=False)
    op.create_index("ix_payout_of_statement", "payout", ["broker_id", "period", "id"], unique=False)
    op.create_index(
        "uq_payout_statement",
        "payout",
        ["broker_id", "period"],
        unique=True,
        sqlite_where=sa.text("state IN ('prepared', 'approved', 'paid')"),
        postgresql_where=sa.text("state IN ('prepared', 'approved', 'paid')"),
    )
    append_only.install(op.get_bind(), FACTS, {"payout": ("state", "paid_on", "serial", "why", "settled_at", "settled_label")})


def downgrade():
    for table in ("payout", "payout_batch", "payee", "payout_hold"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
