"""Scores keep their equity and what a contact would change; people correct proposed causes.

Revision ID: 0033
Revises: 0032
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0033"
down_revision = "0036"
branch_labels = None
depends_on = None

FACTS = ("cause_correction",)
CAUSES = "'abandoned', 'poached', 'forced', 'own_will', 'lost_money', 'drawn_away', 'taken_by_staff', 'taken_by_broker'"


def upgrade():
    op.add_column("risk_score", sa.Column("equity", sa.BigInteger(), nullable=True))
    op.add_column("risk_score", sa.Column("contacted", sa.Integer(), nullable=True))
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "cause_correction",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("account_id", number, nullable=False),
        sa.Column("run_id", number, nullable=False),
        sa.Column("proposed", sa.String(length=23), nullable=False),
        sa.Column("cause", sa.String(length=23), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", number, nullable=True),
        sa.CheckConstraint(f"cause IN ({CAUSES})", name=op.f("ck_cause_correction_cause_known")),
        sa.CheckConstraint(f"proposed IN ({CAUSES})", name=op.f("ck_cause_correction_proposed_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_cause_correction_account_id_account")),
        sa.ForeignKeyConstraint(["run_id"], ["risk_run.id"], name=op.f("fk_cause_correction_run_id_risk_run")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_cause_correction_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cause_correction")),
    )
    op.create_index("ix_cause_correction_account", "cause_correction", ["account_id", "id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_cause_correction_account", table_name="cause_correction")
    op.drop_table("cause_correction")
    op.drop_column("risk_score", "contacted")
    op.drop_column("risk_score", "equity")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
