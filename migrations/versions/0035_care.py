"""Care: every step of a task, and the dated settings of plays and key clients.

Revision ID: 0035
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0035"
down_revision = "0032"
branch_labels = None
depends_on = None

FACTS = ("care_step", "care_setting")
ERASED = {"care_step": ("note",)}


def upgrade():
    op.create_table(
        "care_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("after", models.columns.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_care_step_actor_id_user")),
        sa.ForeignKeyConstraint(["task_id"], ["care_task.id"], name=op.f("fk_care_step_task_id_care_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_step")),
    )
    op.create_index(op.f("ix_care_step_task_id"), "care_step", ["task_id"], unique=False)
    op.create_table(
        "care_setting",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("value", models.columns.JsonText(), nullable=False),
        sa.Column("set_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("set_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("set_by_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["set_by_id"], ["user.id"], name=op.f("fk_care_setting_set_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_setting")),
    )
    op.create_index("ix_care_setting_name", "care_setting", ["name", "id"], unique=False)
    append_only.install(op.get_bind(), FACTS, ERASED)


def downgrade():
    op.drop_index("ix_care_setting_name", table_name="care_setting")
    op.drop_table("care_setting")
    op.drop_index(op.f("ix_care_step_task_id"), table_name="care_step")
    op.drop_table("care_step")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
