"""Rows as downloads: what the screen shows, whole, as CSV or XLSX; what a file of each form is."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from flask import Response, request

from portal.web.exports import Cell, csv_lines, write_xlsx

TYPES = {"zip": "application/zip", "pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
"""What a file of each form is, as browsers are told."""


def wants_file() -> str:
    """`csv` or `xlsx` where the address of something that is no list of its own asks for a file, else empty."""
    form = request.args.get("format", "")
    return form if form in {"csv", "xlsx"} else ""


def as_file(form: str, name: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The rows as an attachment. `name` has no ending."""
    if form == "xlsx":
        target = io.BytesIO()
        write_xlsx(target, name, headers, rows)
        response = Response(target.getvalue(), mimetype="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    else:
        response = Response(b"".join(csv_lines(headers, rows)), mimetype="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{form}"
    return response


def as_attachment(body: bytes, media: str, name: str) -> Response:
    """Bytes that a browser saves under a name of plain letters. What tells of people or of the firm's books leaves by
    `portal.pages.taken_out.paper_out`, which writes it down."""
    response = Response(body, mimetype=media)
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "_" for letter in name)
    response.headers["Content-Disposition"] = f"attachment; filename={plain}"
    return response
