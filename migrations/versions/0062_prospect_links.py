"""A prospect's own page of the club, by a link that opens once.

Revision ID: 0062
Revises: 0061
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = "club_prospect_link"


def upgrade():
    op.create_table(
        NAME,
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("member_id", NUMBER, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("grant_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", NUMBER, nullable=True),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("used_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("consent_edition", sa.String(length=40), nullable=False),
        sa.Column("consented_at", models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_club_prospect_link_created_by_id_user")),
        sa.ForeignKeyConstraint(["member_id"], ["club_member.id"], name=op.f("fk_club_prospect_link_member_id_club_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_prospect_link")),
        sa.UniqueConstraint("grant_digest", name=op.f("uq_club_prospect_link_grant_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_club_prospect_link_token_digest")),
    )
    op.create_index(op.f("ix_club_prospect_link_member_id"), NAME, ["member_id"], unique=False)


def downgrade():
    op.drop_table(NAME)
