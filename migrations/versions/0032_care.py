"""Care, departures and risk: contacts and tasks, who goes, and the scores with the model that made them.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

FACTS = ("contact", "departure_step", "risk_run")


def upgrade():
    op.create_table(
        "risk_model",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("method", sa.String(length=14), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("learned_to", sa.Date(), nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("weights", models.columns.JsonText(), nullable=False),
        sa.Column("grades", models.columns.JsonText(), nullable=True),
        sa.CheckConstraint("method IN ('priors', 'fitted')", name=op.f("ck_risk_model_method_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_model")),
        sa.UniqueConstraint("version", name=op.f("uq_risk_model_version")),
    )
    op.create_table(
        "risk_score",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("follow", sa.Integer(), nullable=False),
        sa.Column("expected_loss", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(length=23), nullable=False),
        sa.Column("drivers", models.columns.JsonText(), nullable=False),
        sa.CheckConstraint(
            "cause IN ('abandoned', 'poached', 'forced', 'own_will', 'lost_money', 'drawn_away', 'taken_by_staff', 'taken_by_broker')", name=op.f("ck_risk_score_cause_known")
        ),
        sa.CheckConstraint("probability BETWEEN 0 AND 1000000 AND follow BETWEEN 0 AND 1000000", name=op.f("ck_risk_score_probabilities")),
        sa.PrimaryKeyConstraint("run_id", "account_id", name=op.f("pk_risk_score")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_risk_score_account", "risk_score", ["account_id", "run_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=15), nullable=False),
        sa.Column("outcome", sa.String(length=17), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("replaces_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("channel IN ('call', 'visit', 'message', 'email', 'event')", name=op.f("ck_contact_channel_known")),
        sa.CheckConstraint("outcome IN ('reached', 'no_answer', 'call_back', 'declined')", name=op.f("ck_contact_outcome_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_contact_account_id_account")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_contact_recorded_by_id_user")),
        sa.ForeignKeyConstraint(["replaces_id"], ["contact.id"], name=op.f("fk_contact_replaces_id_contact")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_contact_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_contact_replaces_id")),
    )
    op.create_index("ix_contact_account", "contact", ["account_id", "at"], unique=False)
    op.create_index("ix_contact_staff", "contact", ["staff_id", "at"], unique=False)
    op.create_table(
        "departure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=21), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("announced_on", sa.Date(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("destination", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(kind IN ('staff_leaves', 'staff_moves')) = (staff_id IS NOT NULL)", name=op.f("ck_departure_person_of_kind")),
        sa.CheckConstraint("kind IN ('staff_leaves', 'staff_moves', 'broker_ends', 'broker_moves', 'broker_lapses')", name=op.f("ck_departure_kind_known")),
        sa.CheckConstraint("state IN ('suspected', 'announced', 'effective', 'settled', 'withdrawn')", name=op.f("ck_departure_state_known")),
        sa.CheckConstraint("state NOT IN ('effective', 'settled') OR effective_on IS NOT NULL", name=op.f("ck_departure_effective_has_day")),
        sa.CheckConstraint("(staff_id IS NULL) <> (broker_id IS NULL)", name=op.f("ck_departure_one_person")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_departure_broker_id_broker")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_departure_recorded_by_id_user")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_departure_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure")),
    )
    op.create_index(op.f("ix_departure_broker_id"), "departure", ["broker_id"], unique=False)
    op.create_index(op.f("ix_departure_staff_id"), "departure", ["staff_id"], unique=False)
    op.create_index("ix_departure_state", "departure", ["state", "effective_on"], unique=False)
    op.create_index(
        "uq_departure_live_broker",
        "departure",
        ["broker_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('suspected', 'announced')"),
        postgresql_where=sa.text("state IN ('suspected', 'announced')"),
    )
    op.create_index(
        "uq_departure_live_staff",
        "departure",
        ["staff_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('suspected', 'announced')"),
        postgresql_where=sa.text("state IN ('suspected', 'announced')"),
    )
    op.create_table(
        "risk_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("model_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["risk_model.id"], name=op.f("fk_risk_run_model_id_risk_model")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_run")),
    )
    op.create_index("ix_risk_run_day", "risk_run", ["on_day", "id"], unique=False)
    op.create_table(
        "care_task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("business_key", sa.String(length=160), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("moved_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("outcome_note", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("finished_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("finished_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(state = 'open') = (finished_at IS NULL)", name=op.f("ck_care_task_finished")),
        sa.CheckConstraint("state IN ('open', 'done', 'cancelled')", name=op.f("ck_care_task_state_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_care_task_account_id_account")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_care_task_contact_id_contact")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_care_task_created_by_id_user")),
        sa.ForeignKeyConstraint(["finished_by_id"], ["user.id"], name=op.f("fk_care_task_finished_by_id_user")),
        sa.ForeignKeyConstraint(["moved_from_id"], ["staff.id"], name=op.f("fk_care_task_moved_from_id_staff")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_care_task_owner_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_task")),
        sa.UniqueConstraint("business_key", name=op.f("uq_care_task_business_key")),
    )
    op.create_index("ix_care_task_account", "care_task", ["account_id", "state"], unique=False)
    op.create_index("ix_care_task_owner", "care_task", ["owner_id", "state", "due_on"], unique=False)
    op.create_table(
        "departure_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("departure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("after", models.columns.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_departure_step_actor_id_user")),
        sa.ForeignKeyConstraint(["departure_id"], ["departure.id"], name=op.f("fk_departure_step_departure_id_departure")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure_step")),
    )
    op.create_index(op.f("ix_departure_step_departure_id"), "departure_step", ["departure_id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index(op.f("ix_departure_step_departure_id"), table_name="departure_step")
    op.drop_table("departure_step")
    op.drop_index("ix_care_task_owner", table_name="care_task")
    op.drop_index("ix_care_task_account", table_name="care_task")
    op.drop_table("care_task")
    op.drop_index("ix_risk_run_day", table_name="risk_run")
    op.drop_table("risk_run")
    op.drop_index(
        "uq_departure_live_staff",
        table_name="departure",
        sqlite_where=sa.text("state IN ('suspected', 'announced')"),
        postgresql_where=sa.text("state IN ('suspected', 'announced')"),
    )
    op.drop_index(
        "uq_departure_live_broker",
        table_name="departure",
        sqlite_where=sa.text("state IN ('suspected', 'announced')"),
        postgresql_where=sa.text("state IN ('suspected', 'announced')"),
    )
    op.drop_index("ix_departure_state", table_name="departure")
    op.drop_index(op.f("ix_departure_staff_id"), table_name="departure")
    op.drop_index(op.f("ix_departure_broker_id"), table_name="departure")
    op.drop_table("departure")
    op.drop_index("ix_contact_staff", table_name="contact")
    op.drop_index("ix_contact_account", table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_risk_score_account", table_name="risk_score")
    op.drop_table("risk_score")
    op.drop_table("risk_model")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
