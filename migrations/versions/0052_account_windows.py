"""What every account came to up to a settled day is kept in columns, so that a departure of thousands of accounts reads no day again.

Revision ID: 0052
Revises: 0038
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "account_window",
        sa.Column("trade_date", sa.Date(), nullable=False),
        sa.Column("known_recording_id", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trade_date", name=op.f("pk_account_window")),
    )


def downgrade():
    op.drop_table("account_window")
