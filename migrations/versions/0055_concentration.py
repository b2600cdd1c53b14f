"""Concentration: books of the staff and figures by day, limits with their events; what was sent to the association; managers of brokers in a handover.

Revision ID: 0055
Revises: 0053
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0055"
down_revision = "0053"
branch_labels = None
depends_on = None

FACTS = ("concentration_limit", "limit_event", "association_sending", "association_reminder")


def upgrade():
    op.create_table(
        "association_reminder",
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period", "what", name=op.f("pk_association_reminder")),
    )
    op.create_table(
        "concentration_day",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("branch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("known_recording_id", sa.BigInteger(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("several", sa.BigInteger(), nullable=False),
        sa.Column("one", sa.BigInteger(), nullable=False),
        sa.Column("nobody", sa.BigInteger(), nullable=False),
        sa.Column("all_equity", sa.BigInteger(), nullable=False),
        sa.Column("under_brokers", sa.BigInteger(), nullable=False),
        sa.Column("brokers", sa.BigInteger(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trade_date", "branch_id", name=op.f("pk_concentration_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "concentration_figure",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("branch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(length=15), nullable=False),
        sa.Column("measure", sa.String(length=20), nullable=False),
        sa.Column("holders", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("top_1", sa.BigInteger(), nullable=False),
        sa.Column("top_5", sa.BigInteger(), nullable=False),
        sa.Column("top_10", sa.BigInteger(), nullable=False),
        sa.Column("hhi", sa.Integer(), nullable=False),
        sa.CheckConstraint("holder IN ('broker', 'staff', 'branch', 'channel')", name=op.f("ck_concentration_figure_holder_known")),
        sa.CheckConstraint("measure IN ('equity', 'retained_fee')", name=op.f("ck_concentration_figure_measure_known")),
        sa.PrimaryKeyConstraint("trade_date", "branch_id", "holder", "measure", name=op.f("pk_concentration_figure")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "limit_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=22), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("turn", sa.String(length=14), nullable=False),
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("allowed", sa.Integer(), nullable=True),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint(
            "name IN ('broker_top_1', 'broker_top_5', 'broker_top_10', 'broker_index', 'staff_top_1', 'staff_top_5', 'staff_index', 'branch_top_1', 'under_brokers', 'single_contact', 'no_contact')",
            name=op.f("ck_limit_event_name_known"),
        ),
        sa.CheckConstraint("turn IN ('broken', 'healed')", name=op.f("ck_limit_event_turn_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_event")),
        sa.UniqueConstraint("name", "place", name=op.f("uq_limit_event_name_place")),
    )
    op.create_table(
        "staff_book",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("branch_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("alone", sa.BigInteger(), nullable=False),
        sa.Column("alone_equity", sa.BigInteger(), nullable=False),
        sa.Column("retained_fee", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trade_date", "staff_id", "branch_id", name=op.f("pk_staff_book")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "association_sending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("through", sa.String(length=120), nullable=False),
        sa.Column("receipt_no", sa.String(length=120), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("brokers", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recorded_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_association_sending_recorded_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_association_sending")),
        sa.UniqueConstraint("period", "place", name=op.f("uq_association_sending_period_place")),
    )
    op.create_table(
        "concentration_limit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=22), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("set_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("set_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_by_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "name IN ('broker_top_1', 'broker_top_5', 'broker_top_10', 'broker_index', 'staff_top_1', 'staff_top_5', 'staff_index', 'branch_top_1', 'under_brokers', 'single_contact', 'no_contact')",
            name=op.f("ck_concentration_limit_name_known"),
        ),
        sa.CheckConstraint("value IS NULL OR value BETWEEN 0 AND 10000", name=op.f("ck_concentration_limit_value")),
        sa.ForeignKeyConstraint(["set_by_id"], ["user.id"], name=op.f("fk_concentration_limit_set_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_concentration_limit")),
    )
    op.create_table(
        "handover_broker",
        sa.Column("handover_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("proposed_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reasons", models.columns.JsonText(), nullable=False),
        sa.Column("decided_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("written_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("(decided_id IS NULL) = (decided_at IS NULL)", name=op.f("ck_handover_broker_decided")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_handover_broker_broker_id_broker")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_handover_broker_decided_by_id_user")),
        sa.ForeignKeyConstraint(["decided_id"], ["staff.id"], name=op.f("fk_handover_broker_decided_id_staff")),
        sa.ForeignKeyConstraint(["handover_id"], ["handover.id"], name=op.f("fk_handover_broker_handover_id_handover")),
        sa.ForeignKeyConstraint(["proposed_id"], ["staff.id"], name=op.f("fk_handover_broker_proposed_id_staff")),
        sa.PrimaryKeyConstraint("handover_id", "broker_id", name=op.f("pk_handover_broker")),
    )
    op.create_index("ix_handover_broker_broker", "handover_broker", ["broker_id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_handover_broker_broker", table_name="handover_broker")
    op.drop_table("handover_broker")
    op.drop_table("concentration_limit")
    op.drop_table("association_sending")
    op.drop_table("staff_book")
    op.drop_table("limit_event")
    op.drop_table("concentration_figure")
    op.drop_table("concentration_day")
    op.drop_table("association_reminder")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
