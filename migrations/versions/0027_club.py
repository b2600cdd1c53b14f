"""The club: events, bookings, seats, check-ins, card payments and refunds.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

FACTS = ("club_entry", "check_in", "stripe_event", "money_incident")


def upgrade():
    op.create_table(
        "stripe_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=120), nullable=False),
        sa.Column("type", sa.String(length=80), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=120), nullable=False),
        sa.Column("received_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("payload", models.columns.JsonText(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stripe_event")),
        sa.UniqueConstraint("event_id", name=op.f("uq_stripe_event_event_id")),
    )
    op.create_index(op.f("ix_stripe_event_object_id"), "stripe_event", ["object_id"], unique=False)
    op.create_index(op.f("ix_stripe_event_received_at"), "stripe_event", ["received_at"], unique=False)
    op.create_table(
        "club_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("about", sa.String(length=4000), nullable=False),
        sa.Column("about_en", sa.String(length=4000), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("party_most", sa.Integer(), nullable=False),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.Column("sales_end_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("policy", models.columns.JsonText(), nullable=False),
        sa.Column("education_only", sa.Boolean(), nullable=False),
        sa.Column("branch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cancelled_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("cancelled_why", sa.String(length=400), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'published', 'cancelled')", name=op.f("ck_club_event_state_known")),
        sa.CheckConstraint("capacity >= 0", name=op.f("ck_club_event_capacity")),
        sa.CheckConstraint("hold_minutes > 0", name=op.f("ck_club_event_hold")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_club_event_branch_id_branch")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_club_event_created_by_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_event")),
        sa.UniqueConstraint("key", name=op.f("uq_club_event_key")),
    )
    op.create_table(
        "club_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("starts_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("ends_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("venue", sa.String(length=120), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("online_url", sa.String(length=400), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_club_session_order")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_session_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_session")),
    )
    op.create_index("ix_club_session_event", "club_session", ["event_id", "starts_at"], unique=False)
    op.create_index("ix_club_session_start", "club_session", ["starts_at"], unique=False)
    op.create_table(
        "ticket_kind",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("on_sale", sa.Boolean(), nullable=False),
        sa.CheckConstraint("price >= 0", name=op.f("ck_ticket_kind_price")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_ticket_kind_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_kind")),
    )
    op.create_index("ix_ticket_kind_event", "ticket_kind", ["event_id", "position"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket_kind_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("policy", models.columns.JsonText(), nullable=False),
        sa.Column("starts_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("hold_until", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("granted_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=40), nullable=False),
        sa.CheckConstraint("state IN ('held', 'granted', 'cancelled', 'lapsed')", name=op.f("ck_booking_state_known")),
        sa.CheckConstraint("price >= 0 AND amount >= 0", name=op.f("ck_booking_amount")),
        sa.CheckConstraint("seats > 0", name=op.f("ck_booking_seats")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_booking_event_id_club_event")),
        sa.ForeignKeyConstraint(["ticket_kind_id"], ["ticket_kind.id"], name=op.f("fk_booking_ticket_kind_id_ticket_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_booking_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("public_id", name=op.f("uq_booking_public_id")),
    )
    op.create_index("ix_booking_event", "booking", ["event_id", "state"], unique=False)
    op.create_index("ix_booking_hold", "booking", ["state", "hold_until"], unique=False)
    op.create_index("ix_booking_user", "booking", ["user_id", "id"], unique=False)
    op.create_index(
        "uq_booking_active",
        "booking",
        ["event_id", "person"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'granted')"),
        postgresql_where=sa.text("state IN ('held', 'granted')"),
    )
    op.create_table(
        "club_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("details", models.columns.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_club_entry_actor_id_user")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_entry_booking_id_booking")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_entry_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_entry")),
    )
    op.create_index("ix_club_entry_booking", "club_entry", ["booking_id", "id"], unique=False)
    op.create_index("ix_club_entry_event", "club_entry", ["event_id", "id"], unique=False)
    op.create_table(
        "club_payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=23), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=120), nullable=False),
        sa.Column("params", models.columns.JsonText(), nullable=False),
        sa.Column("session_id", sa.String(length=120), nullable=True),
        sa.Column("intent_id", sa.String(length=120), nullable=True),
        sa.Column("url", sa.String(length=1000), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("paid_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("disputed_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=400), nullable=False),
        sa.CheckConstraint(
            "state IN ('intended', 'open', 'processing', 'paid', 'refund_due', 'partly_refunded', 'refunded', 'lapsed', 'failed')", name=op.f("ck_club_payment_state_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_club_payment_amount")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_payment_booking_id_booking")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_payment")),
        sa.UniqueConstraint("booking_id", "number", name=op.f("uq_club_payment_booking_id_number")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_club_payment_idempotency_key")),
        sa.UniqueConstraint("intent_id", name=op.f("uq_club_payment_intent_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_payment_public_id")),
        sa.UniqueConstraint("session_id", name=op.f("uq_club_payment_session_id")),
    )
    op.create_index("ix_club_payment_state", "club_payment", ["state", "created_at"], unique=False)
    op.create_table(
        "club_seat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("consent_edition", sa.String(length=20), nullable=False),
        sa.Column("consented_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("freed_at", models.columns.Moment(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_seat_booking_id_booking")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_seat_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_seat")),
        sa.UniqueConstraint("booking_id", "position", name=op.f("uq_club_seat_booking_id_position")),
        sa.UniqueConstraint("code", name=op.f("uq_club_seat_code")),
    )
    op.create_index("ix_club_seat_event", "club_seat", ["event_id"], unique=False)
    op.create_table(
        "check_in",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("undo", sa.Boolean(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("desk", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.Column("scan_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_check_in_actor_id_user")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_check_in_event_id_club_event")),
        sa.ForeignKeyConstraint(["seat_id"], ["club_seat.id"], name=op.f("fk_check_in_seat_id_club_seat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in")),
        sa.UniqueConstraint("scan_key", name=op.f("uq_check_in_scan_key")),
    )
    op.create_index("ix_check_in_event", "check_in", ["event_id", "id"], unique=False)
    op.create_index("ix_check_in_seat", "check_in", ["seat_id", "id"], unique=False)
    op.create_table(
        "club_refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("business_key", sa.String(length=120), nullable=False),
        sa.Column("why", sa.String(length=23), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=17), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("refund_id", sa.String(length=120), nullable=True),
        sa.Column("asked_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("asked_label", sa.String(length=200), nullable=False),
        sa.Column("sent_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("settled_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=400), nullable=False),
        sa.CheckConstraint("state IN ('due', 'pending', 'succeeded', 'failed', 'cancelled')", name=op.f("ck_club_refund_state_known")),
        sa.CheckConstraint("why IN ('cancelled', 'seat_returned', 'event_cancelled', 'no_seat', 'paid_twice', 'at_stripe')", name=op.f("ck_club_refund_why_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_club_refund_amount")),
        sa.ForeignKeyConstraint(["payment_id"], ["club_payment.id"], name=op.f("fk_club_refund_payment_id_club_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_refund")),
        sa.UniqueConstraint("business_key", name=op.f("uq_club_refund_business_key")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_club_refund_refund_id")),
    )
    op.create_index("ix_club_refund_payment", "club_refund", ["payment_id"], unique=False)
    op.create_index("ix_club_refund_state", "club_refund", ["state", "id"], unique=False)
    op.create_table(
        "money_incident",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("details", models.columns.JsonText(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["club_payment.id"], name=op.f("fk_money_incident_payment_id_club_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_money_incident")),
        sa.UniqueConstraint("key", name=op.f("uq_money_incident_key")),
    )
    op.create_index(op.f("ix_money_incident_at"), "money_incident", ["at"], unique=False)
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_index(op.f("ix_money_incident_at"), table_name="money_incident")
    op.drop_table("money_incident")
    op.drop_index("ix_club_refund_state", table_name="club_refund")
    op.drop_index("ix_club_refund_payment", table_name="club_refund")
    op.drop_table("club_refund")
    op.drop_index("ix_check_in_seat", table_name="check_in")
    op.drop_index("ix_check_in_event", table_name="check_in")
    op.drop_table("check_in")
    op.drop_index("ix_club_seat_event", table_name="club_seat")
    op.drop_table("club_seat")
    op.drop_index("ix_club_payment_state", table_name="club_payment")
    op.drop_table("club_payment")
    op.drop_index("ix_club_entry_event", table_name="club_entry")
    op.drop_index("ix_club_entry_booking", table_name="club_entry")
    op.drop_table("club_entry")
    op.drop_index("uq_booking_active", table_name="booking", sqlite_where=sa.text("state IN ('held', 'granted')"), postgresql_where=sa.text("state IN ('held', 'granted')"))
    op.drop_index("ix_booking_user", table_name="booking")
    op.drop_index("ix_booking_hold", table_name="booking")
    op.drop_index("ix_booking_event", table_name="booking")
    op.drop_table("booking")
    op.drop_index("ix_ticket_kind_event", table_name="ticket_kind")
    op.drop_table("ticket_kind")
    op.drop_index("ix_club_session_start", table_name="club_session")
    op.drop_index("ix_club_session_event", table_name="club_session")
    op.drop_table("club_session")
    op.drop_table("club_event")
    op.drop_index(op.f("ix_stripe_event_received_at"), table_name="stripe_event")
    op.drop_index(op.f("ix_stripe_event_object_id"), table_name="stripe_event")
    op.drop_table("stripe_event")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
