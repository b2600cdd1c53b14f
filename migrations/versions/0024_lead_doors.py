"""Keys and answers of the programs' door, forms sent at links, whether clients may be paid for friends.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FACTS = ("api_answer", "referral_pay")
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "api_key",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=24), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tail", sa.String(length=8), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("last_used_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("revoked_at", models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_key_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_key_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_api_key_public_id")),
    )
    op.create_index("ix_api_key_user", "api_key", ["user_id", "id"], unique=False)
    op.create_table(
        "api_answer",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("request_key", sa.String(length=255), nullable=False),
        sa.Column("body_index", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", models.columns.JsonText(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_api_answer_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_answer")),
        sa.UniqueConstraint("user_id", "request_key", name="uq_api_answer_request"),
    )
    op.create_table(
        "sent_form",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("link_id", BIG, nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("stamp_digest", sa.String(length=64), nullable=True),
        sa.Column("outcome", sa.String(length=18), nullable=False),
        sa.CheckConstraint("outcome IN ('registered', 'known', 'unreadable', 'again', 'trapped', 'throttled')", name=op.f("ck_sent_form_outcome_known")),
        sa.ForeignKeyConstraint(["link_id"], ["introduction_link.id"], name=op.f("fk_sent_form_link_id_introduction_link")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_form")),
        sa.UniqueConstraint("stamp_digest", name=op.f("uq_sent_form_stamp_digest")),
    )
    op.create_index("ix_sent_form_address", "sent_form", ["address_digest", "at"], unique=False)
    op.create_index(op.f("ix_sent_form_at"), "sent_form", ["at"], unique=False)
    op.create_index("ix_sent_form_link", "sent_form", ["link_id", "at"], unique=False)
    op.create_table(
        "referral_pay",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("jurisdiction", sa.String(length=8), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_referral_pay_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_pay")),
    )
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_table("referral_pay")
    op.drop_index("ix_sent_form_link", table_name="sent_form")
    op.drop_index(op.f("ix_sent_form_at"), table_name="sent_form")
    op.drop_index("ix_sent_form_address", table_name="sent_form")
    op.drop_table("sent_form")
    op.drop_table("api_answer")
    op.drop_index("ix_api_key_user", table_name="api_key")
    op.drop_table("api_key")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
