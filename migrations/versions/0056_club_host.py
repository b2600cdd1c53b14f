"""Whom an event is for beside its tiers: kinds of persons, and the least grade of suitability; what is handed out at it.

Revision ID: 0056
Revises: 0055
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.add_column("club_event", sa.Column("admitted", models.columns.JsonText(), server_default="[]", nullable=False))
    op.add_column("club_event", sa.Column("grade_least", sa.String(length=2), server_default="", nullable=False))
    op.add_column("club_seat", sa.Column("badge", sa.String(length=40), server_default="", nullable=False))
    _materials()


def _materials():
    op.create_table(
        "club_material",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=400), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("handed_to", sa.String(length=20), nullable=False),
        sa.Column("added_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("added_by_id", sa.BigInteger(), nullable=True),
        sa.Column("told_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("removed_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("(address = '') = (size > 0)", name=op.f("ck_club_material_file_or_link")),
        sa.CheckConstraint("handed_to IN ('came', 'booked')", name=op.f("ck_club_material_handed_to")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_material_event_id_club_event")),
        sa.ForeignKeyConstraint(["added_by_id"], ["user.id"], name=op.f("fk_club_material_added_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_material")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_material_public_id")),
    )
    op.create_index("ix_club_material_event", "club_material", ["event_id", "id"])
    op.create_table(
        "club_material_file",
        sa.Column("material_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["material_id"], ["club_material.id"], name=op.f("fk_club_material_file_material_id_club_material")),
        sa.PrimaryKeyConstraint("material_id", name=op.f("pk_club_material_file")),
    )
    op.create_table(
        "club_material_open",
        sa.Column("material_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("booking_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("last_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_club_material_open_times")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_material_open_booking_id_booking")),
        sa.ForeignKeyConstraint(["material_id"], ["club_material.id"], name=op.f("fk_club_material_open_material_id_club_material")),
        sa.PrimaryKeyConstraint("material_id", "booking_id", name=op.f("pk_club_material_open")),
    )

    op.create_table(
        "club_duty",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("starts_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("ends_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("added_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("added_by_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_club_duty_order")),
        sa.CheckConstraint("what IN ('host', 'door', 'speaker', 'photo', 'setting_up', 'other')", name=op.f("ck_club_duty_what")),
        sa.ForeignKeyConstraint(["added_by_id"], ["user.id"], name=op.f("fk_club_duty_added_by_id_user")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_duty_event_id_club_event")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_club_duty_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_duty")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_duty_public_id")),
    )
    op.create_index("ix_club_duty_event", "club_duty", ["event_id", "starts_at"])
    op.create_index("ix_club_duty_staff", "club_duty", ["staff_id", "starts_at"])


def downgrade():
    op.drop_table("club_duty")
    op.drop_table("club_material_open")
    op.drop_table("club_material_file")
    op.drop_table("club_material")
    with op.batch_alter_table("club_seat") as table:
        table.drop_column("badge")
    with op.batch_alter_table("club_event") as table:
        table.drop_column("grade_least")
        table.drop_column("admitted")
