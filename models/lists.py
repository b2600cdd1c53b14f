"""What people keep of lists: saved views, and the files that they took out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.columns import JsonText, identifier, moment, payload, text


class SavedView(Base):
    """A list's filters and order under a name: private, or shared with everybody of one role or of one branch."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("ix_saved_view_endpoint", "endpoint", "owner_id"),)

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    endpoint: Mapped[str] = text(120)
    name: Mapped[str] = text(60)
    query: Mapped[str] = text()
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    shared_role: Mapped[str | None] = text(24, null=True)
    shared_branch_no: Mapped[str | None] = text(64, null=True)
    created_at: Mapped[datetime] = moment()


class DefaultView(Base):
    """With which view a person's list opens."""

    __tablename__ = "default_view"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    endpoint: Mapped[str] = mapped_column(text(120).column.type, primary_key=True)
    view_id: Mapped[int] = mapped_column(ForeignKey("saved_view.id"), index=True)


class ExportFile(Base):
    """A list taken out as a file: who, when, what of it. Its content stands in parts until it expires; only its maker downloads it."""

    __tablename__ = "export_file"

    id: Mapped[int] = identifier()
    public_id: Mapped[str] = text(32, unique=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    endpoint: Mapped[str] = text(120)
    address: Mapped[str] = text()
    title: Mapped[str] = text(200)
    name: Mapped[str] = text(120)
    form: Mapped[str] = text(8)
    columns: Mapped[Any] = mapped_column(JsonText)
    rows: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = moment()
    expires_at: Mapped[datetime] = moment(index=True)
    job_public_id: Mapped[str | None] = text(32, null=True, unique=True)


class ExportPart(Base):
    """A piece of a kept file, compressed; the pieces in their order are the file."""

    __tablename__ = "export_part"

    export_id: Mapped[int] = mapped_column(ForeignKey("export_file.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    payload: Mapped[bytes] = payload()
