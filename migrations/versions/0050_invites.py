"""Invitation lists with a hold-out by lot, what events cost, and what came of them.

Revision ID: 0050
Revises: 0052
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0050"
down_revision = "0052"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("club_invite_list", "club_invitee", "club_invite_sending", "club_event_cost", "club_event_effect")


def upgrade():
    lists()
    op.create_table(
        "club_event_cost",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", NUMBER, nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("undoes_id", NUMBER, nullable=True),
        sa.CheckConstraint("kind IN ('venue', 'catering', 'speaker', 'subsidy', 'staff', 'other')", name=op.f("ck_club_event_cost_kind_known")),
        sa.CheckConstraint("amount > 0 AND minutes >= 0", name=op.f("ck_club_event_cost_amount")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_event_cost_event_id_club_event")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_club_event_cost_actor_id_user")),
        sa.ForeignKeyConstraint(["undoes_id"], ["club_event_cost.id"], name=op.f("fk_club_event_cost_undoes_id_club_event_cost")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_event_cost")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_club_event_cost_undoes_id")),
    )
    op.create_index("ix_club_event_cost_event", "club_event_cost", ["event_id", "id"])
    op.create_table(
        "club_event_effect",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("made_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("result", models.columns.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_event_effect_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_event_effect")),
    )
    op.create_index("ix_club_event_effect_event", "club_event_effect", ["event_id", "id"])
    append_only.install(op.get_bind(), FACTS)


def lists():
    """Lists, who stands in them, and that they were sent."""
    op.create_table(
        "club_invite_list",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("criteria", models.columns.JsonText(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("why_none", sa.String(length=400), nullable=False),
        sa.Column("contractual", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("drawn_on", sa.Date(), nullable=False),
        sa.Column("drawn_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("drawn_by_id", NUMBER, nullable=True),
        sa.Column("drawn_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("percent = 0 OR percent BETWEEN 10 AND 20", name=op.f("ck_club_invite_list_percent")),
        sa.CheckConstraint("percent > 0 OR contractual OR length(why_none) > 1", name=op.f("ck_club_invite_list_why_none")),
        sa.CheckConstraint("percent = 0 OR NOT contractual", name=op.f("ck_club_invite_list_contractual")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_invite_list_event_id_club_event")),
        sa.ForeignKeyConstraint(["drawn_by_id"], ["user.id"], name=op.f("fk_club_invite_list_drawn_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_invite_list")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_invite_list_public_id")),
    )
    op.create_index("ix_club_invite_list_event", "club_invite_list", ["event_id"])
    op.create_table(
        "club_invitee",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("list_id", NUMBER, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("arm", sa.String(length=16), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("risk_class", sa.String(length=20), nullable=False),
        sa.Column("chance", sa.Integer(), nullable=True),
        sa.CheckConstraint("arm IN ('invited', 'held_out', 'owed')", name=op.f("ck_club_invitee_arm_known")),
        sa.ForeignKeyConstraint(["list_id"], ["club_invite_list.id"], name=op.f("fk_club_invitee_list_id_club_invite_list")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_invitee_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_invitee")),
        sa.UniqueConstraint("event_id", "client_no", name=op.f("uq_club_invitee_event_id")),
    )
    op.create_index("ix_club_invitee_list", "club_invitee", ["list_id", "arm"])
    op.create_index("ix_club_invitee_client", "club_invitee", ["client_no"])
    op.create_table(
        "club_invite_sending",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("list_id", NUMBER, nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("unreached", sa.Integer(), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["club_invite_list.id"], name=op.f("fk_club_invite_sending_list_id_club_invite_list")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_invite_sending")),
        sa.UniqueConstraint("list_id", name=op.f("uq_club_invite_sending_list_id")),
    )


def downgrade():
    for table in ("club_event_effect", "club_event_cost", "club_invite_sending", "club_invitee", "club_invite_list"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
