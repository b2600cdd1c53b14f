"""The club is paid by bank transfer too: the receiving account, what came in, what is to be transferred back.

Revision ID: 0038
Revises: 0039
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0038"
down_revision = "0039"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'recorded', 'prepared', 'taken', 'given_back', 'void'"
WHYS = "'refund', 'too_little', 'too_much', 'paid_twice', 'other_payer', 'event_cancelled', 'booking_over', 'no_order', 'not_wanted'"


def upgrade():
    op.add_column("club_payment", sa.Column("way", sa.String(length=16), server_default="card", nullable=False))
    op.add_column("club_payment", sa.Column("reference", sa.String(length=20), nullable=True))
    op.create_index("uq_club_payment_reference", "club_payment", ["reference"], unique=True)
    op.create_table(
        "club_bank_account",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("company", sa.String(length=120), nullable=False),
        sa.Column("bank", sa.String(length=120), nullable=False),
        sa.Column("account_no", sa.String(length=40), nullable=False),
        sa.Column("since", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("prepared_label", sa.String(length=200), nullable=False),
        sa.Column("approved_label", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_bank_account")),
    )
    incoming()
    outgoing()


def incoming():
    """What came in, by the bank's own numbers."""
    op.create_table(
        "club_bank_transfer",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("serial", sa.String(length=60), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("payer", sa.String(length=120), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=18), nullable=False),
        sa.Column("payment_id", NUMBER, nullable=True),
        sa.Column("approval_id", NUMBER, nullable=True),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_by_id", NUMBER, nullable=True),
        sa.Column("recorded_label", sa.String(length=200), nullable=False),
        sa.Column("settled_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_club_bank_transfer_state_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_club_bank_transfer_amount")),
        sa.CheckConstraint("state <> 'taken' OR payment_id IS NOT NULL", name=op.f("ck_club_bank_transfer_taken_for")),
        sa.ForeignKeyConstraint(["payment_id"], ["club_payment.id"], name=op.f("fk_club_bank_transfer_payment_id_club_payment")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_club_bank_transfer_approval_id_approval")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_club_bank_transfer_recorded_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_bank_transfer")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_bank_transfer_public_id")),
    )
    counted = sa.text("state <> 'void'")
    op.create_index("uq_club_bank_transfer_serial", "club_bank_transfer", ["serial"], unique=True, sqlite_where=counted, postgresql_where=counted)
    op.create_index("ix_club_bank_transfer_state", "club_bank_transfer", ["state", "id"])
    op.create_index("ix_club_bank_transfer_payment", "club_bank_transfer", ["payment_id"])


def outgoing():
    """What is to be transferred back."""
    op.create_table(
        "club_bank_return",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("refund_id", NUMBER, nullable=True),
        sa.Column("transfer_id", NUMBER, nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(length=23), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("serial", sa.String(length=60), nullable=True),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("approval_id", NUMBER, nullable=True),
        sa.Column("asked_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("settled_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('due', 'prepared', 'done')", name=op.f("ck_club_bank_return_state_known")),
        sa.CheckConstraint(f"why IN ({WHYS})", name=op.f("ck_club_bank_return_why_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_club_bank_return_amount")),
        sa.CheckConstraint("(refund_id IS NULL) <> (transfer_id IS NULL)", name=op.f("ck_club_bank_return_one_cause")),
        sa.CheckConstraint("(state = 'due') = (serial IS NULL)", name=op.f("ck_club_bank_return_serial_known")),
        sa.ForeignKeyConstraint(["refund_id"], ["club_refund.id"], name=op.f("fk_club_bank_return_refund_id_club_refund")),
        sa.ForeignKeyConstraint(["transfer_id"], ["club_bank_transfer.id"], name=op.f("fk_club_bank_return_transfer_id_club_bank_transfer")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_club_bank_return_approval_id_approval")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_bank_return")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_bank_return_public_id")),
    )
    for column in ("refund", "transfer"):
        op.create_index(f"uq_club_bank_return_{column}", "club_bank_return", [f"{column}_id"], unique=True)
    op.create_index("uq_club_bank_return_serial", "club_bank_return", ["serial"], unique=True)
    op.create_index("ix_club_bank_return_state", "club_bank_return", ["state", "id"])


def downgrade():
    for table in ("club_bank_return", "club_bank_transfer", "club_bank_account"):
        op.drop_table(table)
    op.drop_index("uq_club_payment_reference", "club_payment")
    op.drop_column("club_payment", "reference")
    op.drop_column("club_payment", "way")
