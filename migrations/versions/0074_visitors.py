"""Visitors of the club's events, who take seats without an account.

Revision ID: 0074
Revises: 0070
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0074"
down_revision = "0070"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = models.columns.Moment(timezone=True)


def upgrade():
    op.add_column("user", sa.Column("visitor", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "club_visitor",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("mailbox", sa.String(length=64), nullable=False),
        sa.Column("lead_id", NUMBER, nullable=True),
        sa.Column("phone_sealed", sa.String(length=400), nullable=True),
        sa.Column("consent_version", sa.Integer(), nullable=False),
        sa.Column("consent_digest", sa.String(length=64), nullable=False),
        sa.Column("consented_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("forgotten_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_club_visitor_lead_id_lead")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_club_visitor_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_visitor")),
        sa.UniqueConstraint("mailbox", name=op.f("uq_club_visitor_mailbox")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_visitor_public_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_club_visitor_user_id")),
    )
    op.create_index(op.f("ix_club_visitor_lead_id"), "club_visitor", ["lead_id"])
    op.create_index(op.f("ix_club_visitor_seen_at"), "club_visitor", ["seen_at"])
    op.create_table(
        "club_visitor_link",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", NUMBER, nullable=True),
        sa.Column("mailbox", sa.String(length=64), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("asked_sealed", sa.String(length=4000), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_visitor_link_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_visitor_link")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_visitor_link_public_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_club_visitor_link_token_digest")),
    )
    op.create_index(op.f("ix_club_visitor_link_expires_at"), "club_visitor_link", ["expires_at"])
    op.create_index(op.f("ix_club_visitor_link_mailbox"), "club_visitor_link", ["mailbox"])


def downgrade():
    op.drop_table("club_visitor_link")
    op.drop_table("club_visitor")
    op.drop_column("user", "visitor")
