"""The desk gives dues back, for reasons of their own, and says whether the membership stays.

Going down is for who has given none back yet.

Revision ID: 0061
Revises: 0060
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.checks_changed import change_words

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

BEFORE = ("cancelled", "seat_returned", "event_cancelled", "no_seat", "paid_twice", "at_stripe")
AFTER = (*BEFORE, "dues_unused", "dues_ours", "dues_error", "dues_goodwill")


def upgrade():
    op.add_column("club_refund", sa.Column("keeps", sa.Boolean(), server_default=sa.false(), nullable=False))
    change_words(op.get_bind(), "club_refund", "why", BEFORE, AFTER, ("club_bank_return",))


def downgrade():
    change_words(op.get_bind(), "club_refund", "why", AFTER, BEFORE, ("club_bank_return",))
    op.drop_column("club_refund", "keeps")
