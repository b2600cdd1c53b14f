"""What the model alone forecast for a client who was handed over, and by which version and past handovers the forecast was made.

Revision ID: 0059
Revises: 0057
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0059"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("handover_client", sa.Column("model_follow", sa.BigInteger(), nullable=True))
    op.execute("UPDATE handover_client SET model_follow = follow")  # until now a forecast was the model's own
    op.add_column("handover", sa.Column("forecast_by", models.columns.JsonText(), nullable=True))


def downgrade():
    with op.batch_alter_table("handover") as table:
        table.drop_column("forecast_by")
    with op.batch_alter_table("handover_client") as table:
        table.drop_column("model_follow")
