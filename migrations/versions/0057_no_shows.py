"""Who did not come to an event: found, told, heard and decided; the rule by which it counts; where tiers stand on waitlists.

Revision ID: 0057
Revises: 0056
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACTS = ("club_no_show_waiver", "club_no_show_rule")


def upgrade():
    op.add_column("wait_place", sa.Column("behind_until", models.columns.Moment(timezone=True), nullable=True))
    op.add_column("club_tier", sa.Column("wait_priority", sa.Integer(), server_default="0", nullable=False))
    _no_shows()
    op.create_table(
        "club_no_show_waiver",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("why IN ('trading_halt', 'ours', 'other')", name=op.f("ck_club_no_show_waiver_why_known")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_no_show_waiver_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_no_show_waiver")),
        sa.UniqueConstraint("event_id", name=op.f("uq_club_no_show_waiver_event_id")),
    )
    op.create_table(
        "club_no_show_rule",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("within_days", sa.Integer(), nullable=False),
        sa.Column("behind_days", sa.Integer(), nullable=False),
        sa.Column("half_life_days", sa.Integer(), nullable=False),
        sa.Column("appeal_days", sa.Integer(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("count > 0 AND within_days > 0 AND behind_days > 0 AND half_life_days > 0 AND appeal_days > 0", name=op.f("ck_club_no_show_rule_days")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_no_show_rule")),
    )
    append_only.install(op.get_bind(), FACTS, {})


def _no_shows():
    op.create_table(
        "club_no_show",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", NUMBER, nullable=False),
        sa.Column("booking_id", NUMBER, nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("starts_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("found_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("appeal_until", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("appealed_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("decided_label", sa.String(length=200), nullable=False),
        sa.Column("decided_why", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(decided_at IS NULL) = (state IN ('told', 'appealed'))", name=op.f("ck_club_no_show_decided")),
        sa.CheckConstraint("state IN ('told', 'appealed', 'upheld', 'excused', 'came')", name=op.f("ck_club_no_show_state_known")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_no_show_booking_id_booking")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_no_show_event_id_club_event")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_club_no_show_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_no_show")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_club_no_show_booking_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_no_show_public_id")),
    )
    op.create_index("ix_club_no_show_person", "club_no_show", ["person", "state"])
    op.create_index("ix_club_no_show_event", "club_no_show", ["event_id", "id"])
    op.create_index("ix_club_no_show_state", "club_no_show", ["state", "id"])


def downgrade():
    for table in ("club_no_show", *FACTS):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
    op.drop_column("club_tier", "wait_priority")
    op.drop_column("wait_place", "behind_until")
