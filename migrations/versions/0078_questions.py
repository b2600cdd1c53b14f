"""Questions of events, and what each seat answered.

Revision ID: 0078
Revises: 0076
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0078"
down_revision = "0076"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = models.columns.Moment(timezone=True)


def _key(name: str, column: str, other: str):
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{name}_{column}_{other}"))


def upgrade():
    op.create_table(
        "club_question",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=14), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=False),
        sa.Column("words_en", sa.String(length=200), nullable=False),
        sa.Column("choices", models.columns.JsonText(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("at_door", sa.Boolean(), nullable=False),
        sa.Column("gone_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('words', 'choice', 'tick')", name=op.f("ck_club_question_kind_known")),
        sa.CheckConstraint("position > 0", name=op.f("ck_club_question_position")),
        _key("club_question", "event_id", "club_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_question")),
    )
    op.create_index("ix_club_question_event", "club_question", ["event_id", "position"])
    op.create_table(
        "club_question_rule",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("hours_before", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours_before >= 0", name=op.f("ck_club_question_rule_hours")),
        _key("club_question_rule", "event_id", "club_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_question_rule")),
        sa.UniqueConstraint("event_id", name=op.f("uq_club_question_rule_event_id")),
    )
    op.create_table(
        "club_said",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("seat_id", NUMBER, nullable=False),
        sa.Column("question_id", NUMBER, nullable=False),
        sa.Column("asked", sa.String(length=200), nullable=False),
        sa.Column("said", sa.String(length=200), nullable=False),
        sa.Column("by_guest", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _key("club_said", "event_id", "club_event"),
        _key("club_said", "seat_id", "club_seat"),
        _key("club_said", "question_id", "club_question"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_said")),
        sa.UniqueConstraint("seat_id", "question_id", name=op.f("uq_club_said_seat_id")),
    )
    op.create_index("ix_club_said_event", "club_said", ["event_id", "question_id"])


def downgrade():
    for table in ("club_said", "club_question_rule", "club_question"):
        op.drop_table(table)
