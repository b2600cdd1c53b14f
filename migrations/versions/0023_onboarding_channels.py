"""Brokers' applications, and what channels cost.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FACTS = ("application_item", "lapse_mark", "channel_cost")


def upgrade():
    op.create_table(
        "channel_cost",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("channel IN ('staff', 'referral', 'broker', 'event', 'research', 'campaign', 'direct')", name=op.f("ck_channel_cost_channel_known")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_channel_cost_actor_id_user")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_channel_cost_branch_id_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_cost")),
    )
    op.create_index("ix_channel_cost_period", "channel_cost", ["period", "channel"], unique=False)
    op.create_table(
        "lapse_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=17), nullable=False),
        sa.Column("lapses_on", sa.Date(), nullable=False),
        sa.Column("days_before", sa.Integer(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('licence', 'agreement')", name=op.f("ck_lapse_mark_what_known")),
        sa.CheckConstraint("days_before > 0", name=op.f("ck_lapse_mark_before")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_lapse_mark_broker_id_broker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lapse_mark")),
        sa.UniqueConstraint("broker_id", "what", "lapses_on", "days_before", name=op.f("uq_lapse_mark_broker_id_what_lapses_on_days_before")),
    )
    op.create_table(
        "application",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("broker_no", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=19), nullable=False),
        sa.Column("id_no_sealed", sa.Text(), nullable=False),
        sa.Column("id_no_index", sa.String(length=64), nullable=False),
        sa.Column("phone_sealed", sa.Text(), nullable=False),
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("manager_staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_label", sa.String(length=200), nullable=False),
        sa.Column("approval_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('person', 'institution')", name=op.f("ck_application_kind_known")),
        sa.CheckConstraint("state IN ('draft', 'checked', 'waiting', 'active', 'refused', 'withdrawn')", name=op.f("ck_application_state_known")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_application_approval_id_approval")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_application_branch_id_branch")),
        sa.ForeignKeyConstraint(["manager_staff_id"], ["staff.id"], name=op.f("fk_application_manager_staff_id_staff")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["user.id"], name=op.f("fk_application_opened_by_id_user")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_application_recording_id_recording")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("public_id", name=op.f("uq_application_public_id")),
    )
    op.create_index(op.f("ix_application_branch_id"), "application", ["branch_id"], unique=False)
    op.create_index("ix_application_state", "application", ["state", "id"], unique=False)
    op.create_index(
        "uq_application_broker_no",
        "application",
        ["broker_no"],
        unique=True,
        sqlite_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
        postgresql_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
    )
    op.create_index(
        "uq_application_id_no",
        "application",
        ["id_no_index"],
        unique=True,
        sqlite_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
        postgresql_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
    )
    op.create_table(
        "application_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("application_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item", sa.String(length=19), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("shown_on", sa.Date(), nullable=False),
        sa.Column("details", models.columns.JsonText(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("item IN ('documents', 'licence', 'training', 'declaration', 'test', 'agreement')", name=op.f("ck_application_item_item_known")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_application_item_actor_id_user")),
        sa.ForeignKeyConstraint(["application_id"], ["application.id"], name=op.f("fk_application_item_application_id_application")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_item")),
    )
    op.create_index("ix_application_item_application", "application_item", ["application_id", "id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_application_item_application", table_name="application_item")
    op.drop_table("application_item")
    op.drop_index(
        "uq_application_id_no",
        table_name="application",
        sqlite_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
        postgresql_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
    )
    op.drop_index(
        "uq_application_broker_no",
        table_name="application",
        sqlite_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
        postgresql_where=sa.text("state IN ('draft', 'checked', 'waiting')"),
    )
    op.drop_index("ix_application_state", table_name="application")
    op.drop_index(op.f("ix_application_branch_id"), table_name="application")
    op.drop_table("application")
    op.drop_table("lapse_mark")
    op.drop_index("ix_channel_cost_period", table_name="channel_cost")
    op.drop_table("channel_cost")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
