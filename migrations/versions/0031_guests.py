"""The pages of the guests whom members bring to an event.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table(
        "club_invitation",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("seat_id", BIG, nullable=False),
        sa.Column("link_id", BIG, nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", BIG, nullable=True),
        sa.Column("declined_at", models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["seat_id"], ["club_seat.id"], name=op.f("fk_club_invitation_seat_id_club_seat")),
        sa.ForeignKeyConstraint(["link_id"], ["introduction_link.id"], name=op.f("fk_club_invitation_link_id_introduction_link")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_club_invitation_created_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_invitation")),
        sa.UniqueConstraint("seat_id", name=op.f("uq_club_invitation_seat_id")),
        sa.UniqueConstraint("token", name=op.f("uq_club_invitation_token")),
    )


def downgrade():
    op.drop_table("club_invitation")
