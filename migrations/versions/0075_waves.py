"""Inviting in waves, in an order drawn by lot.

Revision ID: 0075
Revises: 0074
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = models.columns.Moment(timezone=True)
FACTS = ("club_wave_plan", "club_wave", "club_wave_client", "club_wave_sending", "club_wave_effect")


def _key(name: str, column: str, other: str):
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{name}_{column}_{other}"))


def upgrade():
    op.create_table(
        "club_wave_plan",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("criteria", models.columns.JsonText(), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("gap_days", sa.Integer(), nullable=False),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.Column("drawn_by_id", NUMBER, nullable=True),
        sa.Column("drawn_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("gap_days > 0", name=op.f("ck_club_wave_plan_gap")),
        _key("club_wave_plan", "event_id", "club_event"),
        _key("club_wave_plan", "drawn_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_wave_plan")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_wave_plan_public_id")),
    )
    op.create_index("ix_club_wave_plan_event", "club_wave_plan", ["event_id"])
    op.create_table(
        "club_wave",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("plan_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        _key("club_wave", "plan_id", "club_wave_plan"),
        _key("club_wave", "event_id", "club_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_wave")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_club_wave_plan_id")),
    )
    op.create_index("ix_club_wave_event", "club_wave", ["event_id"])
    op.create_table(
        "club_wave_client",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("plan_id", NUMBER, nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("equity", sa.BigInteger(), nullable=False),
        _key("club_wave_client", "plan_id", "club_wave_plan"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_wave_client")),
        sa.UniqueConstraint("plan_id", "client_no", name=op.f("uq_club_wave_client_plan_id")),
    )
    op.create_index("ix_club_wave_client_client", "club_wave_client", ["client_no"])
    op.create_table(
        "club_wave_sending",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("wave_id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("unreached", sa.Integer(), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        _key("club_wave_sending", "wave_id", "club_wave"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_wave_sending")),
        sa.UniqueConstraint("wave_id", name=op.f("uq_club_wave_sending_wave_id")),
    )
    op.create_table(
        "club_wave_effect",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("plan_id", NUMBER, nullable=False),
        sa.Column("until_day", sa.Date(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("result", models.columns.JsonText(), nullable=False),
        _key("club_wave_effect", "plan_id", "club_wave_plan"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_wave_effect")),
    )
    op.create_index("ix_club_wave_effect_plan", "club_wave_effect", ["plan_id", "id"])
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    for table in reversed(FACTS):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
