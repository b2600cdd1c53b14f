"""Signals that somebody may leave, who looked at them, what was explained, and the hearing of whom a suspicion speaks.

Revision ID: 0054
Revises: 0051
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0054"
down_revision = "0051"
branch_labels = None
depends_on = None

FACTS = ("signal_run", "departure_signal", "signal_rest", "signal_look", "hearing_entry")


def upgrade():
    op.create_table(
        "signal_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("rule_version", sa.String(length=20), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("persons", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_run")),
    )
    op.create_index("ix_signal_run_day", "signal_run", ["on_day", "id"], unique=False)
    op.create_table(
        "departure_signal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=22), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("evidence", models.columns.JsonText(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('agreement_ends', 'licence_ends', 'no_sign_in', 'no_lead', 'no_contact', 'withdrawals', 'silent_clients', 'look_ups', 'exports')",
            name=op.f("ck_departure_signal_kind_known"),
        ),
        sa.CheckConstraint("(staff_id IS NULL) <> (broker_id IS NULL)", name=op.f("ck_departure_signal_one_person")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_departure_signal_broker_id_broker")),
        sa.ForeignKeyConstraint(["run_id"], ["signal_run.id"], name=op.f("fk_departure_signal_run_id_signal_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_departure_signal_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure_signal")),
    )
    op.create_index("ix_departure_signal_broker", "departure_signal", ["broker_id"], unique=False)
    op.create_index("ix_departure_signal_run", "departure_signal", ["run_id"], unique=False)
    op.create_index("ix_departure_signal_staff", "departure_signal", ["staff_id"], unique=False)
    op.create_table(
        "signal_rest",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=22), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("departure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "kind IN ('agreement_ends', 'licence_ends', 'no_sign_in', 'no_lead', 'no_contact', 'withdrawals', 'silent_clients', 'look_ups', 'exports')",
            name=op.f("ck_signal_rest_kind_known"),
        ),
        sa.CheckConstraint("(staff_id IS NULL) <> (broker_id IS NULL)", name=op.f("ck_signal_rest_one_person")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_signal_rest_actor_id_user")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_signal_rest_broker_id_broker")),
        sa.ForeignKeyConstraint(["departure_id"], ["departure.id"], name=op.f("fk_signal_rest_departure_id_departure")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_signal_rest_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_rest")),
    )
    op.create_index(op.f("ix_signal_rest_broker_id"), "signal_rest", ["broker_id"], unique=False)
    op.create_index(op.f("ix_signal_rest_staff_id"), "signal_rest", ["staff_id"], unique=False)
    op.create_table(
        "signal_look",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(staff_id IS NULL) <> (broker_id IS NULL)", name=op.f("ck_signal_look_one_person")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_signal_look_actor_id_user")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_signal_look_broker_id_broker")),
        sa.ForeignKeyConstraint(["run_id"], ["signal_run.id"], name=op.f("fk_signal_look_run_id_signal_run")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_signal_look_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_look")),
    )
    op.create_index(op.f("ix_signal_look_at"), "signal_look", ["at"], unique=False)
    op.create_table(
        "hearing_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("departure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("heard_on", sa.Date(), nullable=True),
        sa.Column("heard_by", sa.String(length=120), nullable=False),
        sa.CheckConstraint("(action = 'heard') = (heard_on IS NOT NULL)", name=op.f("ck_hearing_entry_heard_on_a_day")),
        sa.CheckConstraint("action IN ('told', 'answered', 'heard', 'upheld', 'rejected')", name=op.f("ck_hearing_entry_action_known")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_hearing_entry_actor_id_user")),
        sa.ForeignKeyConstraint(["departure_id"], ["departure.id"], name=op.f("fk_hearing_entry_departure_id_departure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hearing_entry")),
    )
    op.create_index(op.f("ix_hearing_entry_departure_id"), "hearing_entry", ["departure_id"], unique=False)
    append_only.install(op.get_bind(), FACTS, {})


def downgrade():
    for table in reversed(FACTS):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
