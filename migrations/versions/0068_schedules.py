"""Lists that come by themselves, and every time that they came or did not.

Revision ID: 0068
Revises: 0067
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import models.columns

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    op.create_table('export_schedule',
    sa.Column('id', NUMBER, autoincrement=True, nullable=False),
    sa.Column('public_id', sa.String(length=32), nullable=False),
    sa.Column('owner_id', NUMBER, nullable=False),
    sa.Column('endpoint', sa.String(length=120), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('form', sa.String(length=8), nullable=False),
    sa.Column('columns', models.columns.JsonText(), nullable=False),
    sa.Column('locale', sa.String(length=16), nullable=False),
    sa.Column('rhythm', sa.String(length=15), nullable=False),
    sa.Column('next_on', sa.Date(), nullable=False),
    sa.Column('since', models.columns.Moment(timezone=True), nullable=False),
    sa.Column('ended_at', models.columns.Moment(timezone=True), nullable=True),
    sa.Column('ended_why', sa.String(length=300), nullable=False),
    sa.CheckConstraint("rhythm IN ('daily', 'weekly', 'monthly')", name=op.f('ck_export_schedule_rhythm_known')),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_export_schedule_owner_id_user')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_export_schedule')),
    sa.UniqueConstraint('public_id', name=op.f('uq_export_schedule_public_id'))
    )
    op.create_index('ix_export_schedule_due', 'export_schedule', ['ended_at', 'next_on'], unique=False)
    op.create_index(op.f('ix_export_schedule_owner_id'), 'export_schedule', ['owner_id'], unique=False)
    op.create_table('export_sending',
    sa.Column('id', NUMBER, autoincrement=True, nullable=False),
    sa.Column('schedule_id', NUMBER, nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('begun_at', models.columns.Moment(timezone=True), nullable=False),
    sa.Column('outcome', sa.String(length=15), nullable=False),
    sa.Column('ended_at', models.columns.Moment(timezone=True), nullable=True),
    sa.Column('export_no', sa.String(length=32), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('why', sa.String(length=300), nullable=False),
    sa.CheckConstraint("outcome IN ('begun', 'sent', 'failed', 'stopped')", name=op.f('ck_export_sending_outcome_known')),
    sa.ForeignKeyConstraint(['schedule_id'], ['export_schedule.id'], name=op.f('fk_export_sending_schedule_id_export_schedule')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_export_sending')),
    sa.UniqueConstraint('schedule_id', 'due_on', name=op.f('uq_export_sending_schedule_id_due_on'))
    )


def downgrade():
    for table in ("export_sending", "export_schedule"):
        op.drop_table(table)
