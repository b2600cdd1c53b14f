"""A client hands in a suitability test by himself.

Going down is for who has none of that kind yet.

Revision ID: 0060
Revises: 0059
"""

from __future__ import annotations

from alembic import op

from models.checks_changed import change_words

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

BEFORE = ("at_desk", "by_phone", "on_paper")
AFTER = (*BEFORE, "online")


def upgrade():
    change_words(op.get_bind(), "suitability_test", "taken_where", BEFORE, AFTER, ("risk_warning",))


def downgrade():
    change_words(op.get_bind(), "suitability_test", "taken_where", AFTER, BEFORE, ("risk_warning",))
