"""Who gets a seat: the waitlist, seats drawn by lot, reserved pools, vouchers, and scans that a desk sent later.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FACTS = ("late_scan",)


def upgrade():
    op.create_table(
        "seat_lot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entries_until", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("seed", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("drawn_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("result", models.columns.JsonText(), nullable=True),
        sa.CheckConstraint("(drawn_at IS NULL) = (result IS NULL)", name=op.f("ck_seat_lot_drawn")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_seat_lot_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_lot")),
        sa.UniqueConstraint("event_id", name=op.f("uq_seat_lot_event_id")),
    )
    op.create_index(op.f("ix_seat_lot_entries_until"), "seat_lot", ["entries_until"], unique=False)
    op.create_table(
        "seat_pool",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("release_hours", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=18), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("reason IN ('at_risk', 'key_client', 'speaker', 'partner', 'other')", name=op.f("ck_seat_pool_reason_known")),
        sa.CheckConstraint("seats >= 0 AND release_hours >= 0", name=op.f("ck_seat_pool_size")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_seat_pool_created_by_id_user")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_seat_pool_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_pool")),
        sa.UniqueConstraint("public_id", name=op.f("uq_seat_pool_public_id")),
    )
    op.create_index("ix_seat_pool_event", "seat_pool", ["event_id"], unique=False)
    op.create_table(
        "seat_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parties", sa.String(length=12), nullable=False),
        sa.Column("offer_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("parties IN ('skip', 'wait')", name=op.f("ck_seat_rule_parties_known")),
        sa.CheckConstraint("offer_minutes > 0", name=op.f("ck_seat_rule_offer")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_seat_rule_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat_rule")),
        sa.UniqueConstraint("event_id", name=op.f("uq_seat_rule_event_id")),
    )
    op.create_table(
        "pool_person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("pool_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("added_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("added_label", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["seat_pool.id"], name=op.f("fk_pool_person_pool_id_seat_pool")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_person")),
        sa.UniqueConstraint("pool_id", "client_no", name=op.f("uq_pool_person_pool_id_client_no")),
    )
    op.create_index("ix_pool_person_client", "pool_person", ["client_no"], unique=False)
    op.create_table(
        "voucher",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("off", sa.BigInteger(), nullable=False),
        sa.Column("uses_most", sa.Integer(), nullable=False),
        sa.Column("ends_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ticket_kind_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("pool_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("percent > 0 OR off > 0 OR pool_id IS NOT NULL", name=op.f("ck_voucher_something")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100 AND off >= 0 AND (percent = 0 OR off = 0)", name=op.f("ck_voucher_worth")),
        sa.CheckConstraint("uses_most > 0", name=op.f("ck_voucher_uses")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_voucher_created_by_id_user")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_voucher_event_id_club_event")),
        sa.ForeignKeyConstraint(["pool_id"], ["seat_pool.id"], name=op.f("fk_voucher_pool_id_seat_pool")),
        sa.ForeignKeyConstraint(["ticket_kind_id"], ["ticket_kind.id"], name=op.f("fk_voucher_ticket_kind_id_ticket_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher")),
        sa.UniqueConstraint("code", name=op.f("uq_voucher_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_voucher_public_id")),
    )
    op.create_index(op.f("ix_voucher_event_id"), "voucher", ["event_id"], unique=False)
    op.create_table(
        "pool_use",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("pool_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("seats > 0", name=op.f("ck_pool_use_seats")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_pool_use_booking_id_booking")),
        sa.ForeignKeyConstraint(["pool_id"], ["seat_pool.id"], name=op.f("fk_pool_use_pool_id_seat_pool")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_use")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_pool_use_booking_id")),
    )
    op.create_index("ix_pool_use_pool", "pool_use", ["pool_id"], unique=False)
    op.create_table(
        "voucher_use",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("voucher_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("off", sa.BigInteger(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("off >= 0 AND price >= off", name=op.f("ck_voucher_use_off")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_voucher_use_booking_id_booking")),
        sa.ForeignKeyConstraint(["voucher_id"], ["voucher.id"], name=op.f("fk_voucher_use_voucher_id_voucher")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_use")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_voucher_use_booking_id")),
    )
    op.create_index("ix_voucher_use_voucher", "voucher_use", ["voucher_id"], unique=False)
    op.create_table(
        "wait_place",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_kind_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("mailbox", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=15), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("joined_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("offered_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("offer_until", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=400), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("state <> 'offered' OR offer_until IS NOT NULL", name=op.f("ck_wait_place_until")),
        sa.CheckConstraint("state IN ('waiting', 'offered', 'claimed', 'left', 'lapsed', 'revoked', 'closed')", name=op.f("ck_wait_place_state_known")),
        sa.CheckConstraint("seats > 0", name=op.f("ck_wait_place_seats")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_wait_place_booking_id_booking")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_wait_place_event_id_club_event")),
        sa.ForeignKeyConstraint(["ticket_kind_id"], ["ticket_kind.id"], name=op.f("fk_wait_place_ticket_kind_id_ticket_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_wait_place_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_place")),
        sa.UniqueConstraint("public_id", name=op.f("uq_wait_place_public_id")),
    )
    op.create_index("ix_wait_place_event", "wait_place", ["event_id", "state"], unique=False)
    op.create_index("ix_wait_place_state", "wait_place", ["state", "offer_until"], unique=False)
    op.create_index("ix_wait_place_user", "wait_place", ["user_id"], unique=False)
    op.create_index(
        "uq_wait_place_mailbox",
        "wait_place",
        ["event_id", "mailbox"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'offered')"),
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_index(
        "uq_wait_place_person",
        "wait_place",
        ["event_id", "person"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'offered')"),
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_table(
        "late_scan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("said", sa.String(length=20), nullable=False),
        sa.Column("code_end", sa.String(length=4), nullable=False),
        sa.Column("claimed_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("desk", sa.String(length=40), nullable=False),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("scan_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_late_scan_event_id_club_event")),
        sa.ForeignKeyConstraint(["seat_id"], ["club_seat.id"], name=op.f("fk_late_scan_seat_id_club_seat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_scan")),
        sa.UniqueConstraint("scan_key", name=op.f("uq_late_scan_scan_key")),
    )
    op.create_index("ix_late_scan_event", "late_scan", ["event_id", "id"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index("ix_late_scan_event", table_name="late_scan")
    op.drop_table("late_scan")
    op.drop_index(
        "uq_wait_place_person", table_name="wait_place", sqlite_where=sa.text("state IN ('waiting', 'offered')"), postgresql_where=sa.text("state IN ('waiting', 'offered')")
    )
    op.drop_index(
        "uq_wait_place_mailbox", table_name="wait_place", sqlite_where=sa.text("state IN ('waiting', 'offered')"), postgresql_where=sa.text("state IN ('waiting', 'offered')")
    )
    op.drop_index("ix_wait_place_user", table_name="wait_place")
    op.drop_index("ix_wait_place_state", table_name="wait_place")
    op.drop_index("ix_wait_place_event", table_name="wait_place")
    op.drop_table("wait_place")
    op.drop_index("ix_voucher_use_voucher", table_name="voucher_use")
    op.drop_table("voucher_use")
    op.drop_index("ix_pool_use_pool", table_name="pool_use")
    op.drop_table("pool_use")
    op.drop_index(op.f("ix_voucher_event_id"), table_name="voucher")
    op.drop_table("voucher")
    op.drop_index("ix_pool_person_client", table_name="pool_person")
    op.drop_table("pool_person")
    op.drop_table("seat_rule")
    op.drop_index("ix_seat_pool_event", table_name="seat_pool")
    op.drop_table("seat_pool")
    op.drop_index(op.f("ix_seat_lot_entries_until"), table_name="seat_lot")
    op.drop_table("seat_lot")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
