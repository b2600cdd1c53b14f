"""Transfers and cases between claims.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FACTS = ("sight_end", "case_entry")


def upgrade():
    op.create_table(
        "sight_end",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("recording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_sight_end_account_id_account")),
        sa.ForeignKeyConstraint(["broker_id"], ["broker.id"], name=op.f("fk_sight_end_broker_id_broker")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_sight_end_recording_id_recording")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sight_end")),
    )
    op.create_index("ix_sight_end_pair", "sight_end", ["broker_id", "account_id", "recording_id"], unique=False)
    op.create_table(
        "transfer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=18), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("from_broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("to_broker_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=2000), nullable=False),
        sa.Column("asked", models.columns.JsonText(), nullable=False),
        sa.Column("rows", models.columns.JsonText(), nullable=True),
        sa.Column("money", models.columns.JsonText(), nullable=True),
        sa.Column("known_recording_id", sa.Integer(), nullable=True),
        sa.Column("prepared_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("prepared_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("prepared_label", sa.String(length=200), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("approval_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("done_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('accounts', 'book', 'correction')", name=op.f("ck_transfer_kind_known")),
        sa.CheckConstraint(
            "reason IN ('broker_left', 'staff_left', 'client_asked', 'case_decided', 'data_error', 'compliance', 'agreement')", name=op.f("ck_transfer_reason_known")
        ),
        sa.CheckConstraint("state IN ('draft', 'previewed', 'waiting', 'done', 'refused', 'withdrawn')", name=op.f("ck_transfer_state_known")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_transfer_approval_id_approval")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_transfer_branch_id_branch")),
        sa.ForeignKeyConstraint(["from_broker_id"], ["broker.id"], name=op.f("fk_transfer_from_broker_id_broker")),
        sa.ForeignKeyConstraint(["prepared_by_id"], ["user.id"], name=op.f("fk_transfer_prepared_by_id_user")),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_transfer_recording_id_recording")),
        sa.ForeignKeyConstraint(["to_broker_id"], ["broker.id"], name=op.f("fk_transfer_to_broker_id_broker")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("public_id", name=op.f("uq_transfer_public_id")),
    )
    op.create_index(op.f("ix_transfer_branch_id"), "transfer", ["branch_id"], unique=False)
    op.create_index(op.f("ix_transfer_from_broker_id"), "transfer", ["from_broker_id"], unique=False)
    op.create_index("ix_transfer_state", "transfer", ["state", "id"], unique=False)
    op.create_index(op.f("ix_transfer_to_broker_id"), "transfer", ["to_broker_id"], unique=False)
    op.create_table(
        "claim_case",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("lead_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("held_claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("contesting_claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("opened_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("proposal", models.columns.JsonText(), nullable=True),
        sa.Column("winner_claim_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("appeal_until", sa.Date(), nullable=True),
        sa.Column("appeal_decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("suspended", models.columns.JsonText(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'decided', 'appealed', 'closed', 'withdrawn')", name=op.f("ck_claim_case_state_known")),
        sa.CheckConstraint("appeal_decided_by_id IS NULL OR appeal_decided_by_id <> decided_by_id", name=op.f("ck_claim_case_another_decides_the_appeal")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_claim_case_account_id_account")),
        sa.ForeignKeyConstraint(["appeal_decided_by_id"], ["user.id"], name=op.f("fk_claim_case_appeal_decided_by_id_user")),
        sa.ForeignKeyConstraint(["contesting_claim_id"], ["claim.id"], name=op.f("fk_claim_case_contesting_claim_id_claim")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_claim_case_decided_by_id_user")),
        sa.ForeignKeyConstraint(["held_claim_id"], ["claim.id"], name=op.f("fk_claim_case_held_claim_id_claim")),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_claim_case_lead_id_lead")),
        sa.ForeignKeyConstraint(["opened_by_id"], ["user.id"], name=op.f("fk_claim_case_opened_by_id_user")),
        sa.ForeignKeyConstraint(["winner_claim_id"], ["claim.id"], name=op.f("fk_claim_case_winner_claim_id_claim")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_case")),
        sa.UniqueConstraint("public_id", name=op.f("uq_claim_case_public_id")),
    )
    op.create_index(op.f("ix_claim_case_account_id"), "claim_case", ["account_id"], unique=False)
    op.create_index("ix_claim_case_state", "claim_case", ["state", "due_on"], unique=False)
    op.create_index(
        "uq_claim_case_live",
        "claim_case",
        ["lead_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'decided', 'appealed')"),
        postgresql_where=sa.text("state IN ('open', 'decided', 'appealed')"),
    )
    op.create_table(
        "case_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_case_entry_actor_id_user")),
        sa.ForeignKeyConstraint(["case_id"], ["claim_case.id"], name=op.f("fk_case_entry_case_id_claim_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_entry")),
    )
    op.create_index(op.f("ix_case_entry_case_id"), "case_entry", ["case_id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index(op.f("ix_case_entry_case_id"), table_name="case_entry")
    op.drop_table("case_entry")
    op.drop_index(
        "uq_claim_case_live",
        table_name="claim_case",
        sqlite_where=sa.text("state IN ('open', 'decided', 'appealed')"),
        postgresql_where=sa.text("state IN ('open', 'decided', 'appealed')"),
    )
    op.drop_index("ix_claim_case_state", table_name="claim_case")
    op.drop_index(op.f("ix_claim_case_account_id"), table_name="claim_case")
    op.drop_table("claim_case")
    op.drop_index(op.f("ix_transfer_to_broker_id"), table_name="transfer")
    op.drop_index("ix_transfer_state", table_name="transfer")
    op.drop_index(op.f("ix_transfer_from_broker_id"), table_name="transfer")
    op.drop_index(op.f("ix_transfer_branch_id"), table_name="transfer")
    op.drop_table("transfer")
    op.drop_index("ix_sight_end_pair", table_name="sight_end")
    op.drop_table("sight_end")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
