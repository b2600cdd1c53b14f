"""Mails gathered in one a day: by group, at a person's hour.

Revision ID: 0069
Revises: 0068
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("outbox_message", sa.Column("digest", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("message_choice", sa.Column("digest", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("message_contact", sa.Column("digest_hour", sa.Integer(), server_default="18", nullable=False))


def downgrade():
    op.drop_column("message_contact", "digest_hour")
    op.drop_column("message_choice", "digest")
    op.drop_column("outbox_message", "digest")
