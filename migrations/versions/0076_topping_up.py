"""Invitation lists that are topped up from their reserve.

Revision ID: 0076
Revises: 0075
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = "club_invite_top_up"


def upgrade():
    op.add_column("club_invite_sending", sa.Column("upto_place", sa.Integer(), nullable=True))
    op.create_table(
        NAME,
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("list_id", NUMBER, nullable=False),
        sa.Column("upto_place", sa.Integer(), nullable=False),
        sa.Column("free", sa.Integer(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("unreached", sa.Integer(), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("free > 0", name=op.f("ck_club_invite_top_up_free")),
        sa.ForeignKeyConstraint(["list_id"], ["club_invite_list.id"], name=op.f("fk_club_invite_top_up_list_id_club_invite_list")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_invite_top_up")),
        sa.UniqueConstraint("list_id", "upto_place", name=op.f("uq_club_invite_top_up_list_id")),
    )
    append_only.install(op.get_bind(), (NAME,))


def downgrade():
    op.drop_table(NAME)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION IF EXISTS {NAME}_append_only()")
    op.drop_column("club_invite_sending", "upto_place")
