"""Messages that go out, evenings of the club, points.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns
from models import append_only

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FACTS = ("club_feedback", "club_point_rule", "club_point_lot", "club_point_entry")


def upgrade():
    op.create_table(
        "club_point_reward",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("ends_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("on_offer", sa.Boolean(), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("cost > 0", name=op.f("ck_club_point_reward_cost")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_point_reward")),
    )
    op.create_table(
        "club_point_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("fact", sa.String(length=18), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("per", sa.Integer(), nullable=False),
        sa.Column("most_a_month", sa.Integer(), nullable=False),
        sa.Column("wait_days", sa.Integer(), nullable=False),
        sa.Column("lasts_days", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("approved_by", models.columns.JsonText(), nullable=False),
        sa.CheckConstraint("fact IN ('attended', 'learnt', 'feedback', 'referred', 'lots', 'commission')", name=op.f("ck_club_point_rule_fact_known")),
        sa.CheckConstraint("points > 0 AND per > 0 AND most_a_month > 0 AND wait_days >= 0 AND lasts_days > 0", name=op.f("ck_club_point_rule_amounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_point_rule")),
    )
    op.create_index(op.f("ix_club_point_rule_code"), "club_point_rule", ["code"], unique=False)
    op.create_table(
        "message_stop",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("address_digest", sa.String(length=64), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_stop")),
        sa.UniqueConstraint("address_digest", name=op.f("uq_message_stop_address_digest")),
    )
    op.create_table(
        "club_point_holder",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("client_no", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_club_point_holder_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_point_holder")),
        sa.UniqueConstraint("person", name=op.f("uq_club_point_holder_person")),
    )
    op.create_table(
        "club_point_redemption",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("public_id", sa.String(length=32), nullable=False),
        sa.Column("reward_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('asked', 'given', 'refunded')", name=op.f("ck_club_point_redemption_state_known")),
        sa.ForeignKeyConstraint(["reward_id"], ["club_point_reward.id"], name=op.f("fk_club_point_redemption_reward_id_club_point_reward")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_club_point_redemption_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_point_redemption")),
        sa.UniqueConstraint("public_id", name=op.f("uq_club_point_redemption_public_id")),
    )
    op.create_index("ix_club_point_redemption_person", "club_point_redemption", ["person", "id"], unique=False)
    op.create_index("ix_club_point_redemption_reward", "club_point_redemption", ["reward_id", "state"], unique=False)
    op.create_table(
        "message_choice",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic", sa.String(length=30), nullable=False),
        sa.Column("way", sa.String(length=12), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.CheckConstraint("way IN ('mail', 'sms')", name=op.f("ck_message_choice_way_known")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_message_choice_user_id_user")),
        sa.PrimaryKeyConstraint("user_id", "topic", "way", name=op.f("pk_message_choice")),
    )
    op.create_table(
        "message_contact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone_sealed", sa.String(length=400), nullable=True),
        sa.Column("any_time", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_message_contact_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_contact")),
        sa.UniqueConstraint("user_id", name=op.f("uq_message_contact_user_id")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("business_key", sa.String(length=400), nullable=False),
        sa.Column("way", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("locale", sa.String(length=16), nullable=False),
        sa.Column("link", sa.String(length=400), nullable=False),
        sa.Column("values", models.columns.JsonText(), nullable=False),
        sa.Column("about", models.columns.JsonText(), nullable=False),
        sa.Column("secret_sealed", sa.String(length=2000), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("send_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("until", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("ended_at", models.columns.Moment(timezone=True), nullable=True),
        sa.Column("failure", sa.String(length=400), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed', 'given_up', 'kept')", name=op.f("ck_outbox_message_state_known")),
        sa.CheckConstraint("way IN ('mail', 'sms')", name=op.f("ck_outbox_message_way_known")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_outbox_message_user_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
        sa.UniqueConstraint("business_key", name=op.f("uq_outbox_message_business_key")),
    )
    op.create_index("ix_outbox_message_due", "outbox_message", ["state", "send_at"], unique=False)
    op.create_index("ix_outbox_message_kind", "outbox_message", ["kind"], unique=False)
    op.create_index("ix_outbox_message_user", "outbox_message", ["user_id", "id"], unique=False)
    op.create_table(
        "club_feedback",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("words", sa.String(length=2000), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("score BETWEEN 0 AND 10", name=op.f("ck_club_feedback_score")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_feedback_booking_id_booking")),
        sa.ForeignKeyConstraint(["event_id"], ["club_event.id"], name=op.f("fk_club_feedback_event_id_club_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_feedback")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_club_feedback_booking_id")),
    )
    op.create_index("ix_club_feedback_event", "club_feedback", ["event_id", "score"], unique=False)
    op.create_table(
        "club_told",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("booking_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("starts_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("what IN ('reminder', 'asked')", name=op.f("ck_club_told_what_known")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_club_told_booking_id_booking")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_told")),
        sa.UniqueConstraint("booking_id", "what", "starts_at", name=op.f("uq_club_told_booking_id_what_starts_at")),
    )
    op.create_table(
        "club_point_lot",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=160), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("rule_code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("earned_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("active_from", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("expires_at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("recorded_at", models.columns.Moment(timezone=True), nullable=False),
        sa.CheckConstraint("expires_at > active_from AND active_from >= earned_at", name=op.f("ck_club_point_lot_order")),
        sa.CheckConstraint("points > 0", name=op.f("ck_club_point_lot_points")),
        sa.ForeignKeyConstraint(["payment_id"], ["club_payment.id"], name=op.f("fk_club_point_lot_payment_id_club_payment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_point_lot")),
        sa.UniqueConstraint("source", name=op.f("uq_club_point_lot_source")),
    )
    op.create_index("ix_club_point_lot_expiry", "club_point_lot", ["expires_at"], unique=False)
    op.create_index("ix_club_point_lot_payment", "club_point_lot", ["payment_id"], unique=False)
    op.create_index("ix_club_point_lot_person", "club_point_lot", ["person", "expires_at"], unique=False)
    op.create_table(
        "club_point_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person", sa.String(length=80), nullable=False),
        sa.Column("lot_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.String(length=18), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("at", models.columns.Moment(timezone=True), nullable=False),
        sa.Column("redemption_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("actor_label", sa.String(length=200), nullable=False),
        sa.CheckConstraint("what IN ('earned', 'spent', 'restored', 'expired', 'reversed', 'reinstated', 'settled', 'corrected')", name=op.f("ck_club_point_entry_what_known")),
        sa.CheckConstraint("points <> 0", name=op.f("ck_club_point_entry_points")),
        sa.ForeignKeyConstraint(["actor_id"], ["user.id"], name=op.f("fk_club_point_entry_actor_id_user")),
        sa.ForeignKeyConstraint(["lot_id"], ["club_point_lot.id"], name=op.f("fk_club_point_entry_lot_id_club_point_lot")),
        sa.ForeignKeyConstraint(["redemption_id"], ["club_point_redemption.id"], name=op.f("fk_club_point_entry_redemption_id_club_point_redemption")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_club_point_entry")),
    )
    op.create_index("ix_club_point_entry_lot", "club_point_entry", ["lot_id"], unique=False)
    op.create_index("ix_club_point_entry_person", "club_point_entry", ["person", "id"], unique=False)
    op.add_column("club_seat", sa.Column("email", sa.String(length=254), server_default="", nullable=False))
    append_only.install(op.get_bind(), FACTS)


def downgrade():
    op.drop_column("club_seat", "email")
    op.drop_index("ix_club_point_entry_person", table_name="club_point_entry")
    op.drop_index("ix_club_point_entry_lot", table_name="club_point_entry")
    op.drop_table("club_point_entry")
    op.drop_index("ix_club_point_lot_person", table_name="club_point_lot")
    op.drop_index("ix_club_point_lot_payment", table_name="club_point_lot")
    op.drop_index("ix_club_point_lot_expiry", table_name="club_point_lot")
    op.drop_table("club_point_lot")
    op.drop_table("club_told")
    op.drop_index("ix_club_feedback_event", table_name="club_feedback")
    op.drop_table("club_feedback")
    op.drop_index("ix_outbox_message_user", table_name="outbox_message")
    op.drop_index("ix_outbox_message_kind", table_name="outbox_message")
    op.drop_index("ix_outbox_message_due", table_name="outbox_message")
    op.drop_table("outbox_message")
    op.drop_table("message_contact")
    op.drop_table("message_choice")
    op.drop_index("ix_club_point_redemption_reward", table_name="club_point_redemption")
    op.drop_index("ix_club_point_redemption_person", table_name="club_point_redemption")
    op.drop_table("club_point_redemption")
    op.drop_table("club_point_holder")
    op.drop_table("message_stop")
    op.drop_index(op.f("ix_club_point_rule_code"), table_name="club_point_rule")
    op.drop_table("club_point_rule")
    op.drop_table("club_point_reward")
    if op.get_bind().dialect.name == "postgresql":
        for table in FACTS:
            op.execute(f"DROP FUNCTION IF EXISTS {table}_append_only()")
