"""Files that people hand in for others to read: which kinds are taken, told by their bytes and not by their names."""

from __future__ import annotations

import io
import zipfile

from portal.packed import BROKEN
from portal.refusals import Refusal

LARGEST = 8 * 2**20
"""Bytes of a file."""
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
OFFICE = {
    "word/document.xml": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "ppt/presentation.xml": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "xl/workbook.xml": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
ENDINGS = {PDF: "pdf", PNG: "png", JPEG: "jpg", **dict(zip(OFFICE.values(), ("docx", "pptx", "xlsx"), strict=True))}
"""How the name of each kind ends."""


def kind_of(content: bytes) -> str:
    """The media type of a file. Raises Refusal where it is too large, of no kind that is taken, or carries a script."""
    _small(content)
    if _is_pdf(content):
        _plain(content)
        return PDF
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    return _office(content)


def check_pdf(content: bytes) -> None:
    """Raises Refusal where a file is too large, no whole PDF, or carries a script."""
    _small(content)
    if not _is_pdf(content):
        raise Refusal("this file is no whole PDF: choose one that a reader opens")
    _plain(content)


def _small(content: bytes) -> None:
    if len(content) > LARGEST:
        raise Refusal("this file is larger than %(limit)s MB: split it", limit=LARGEST // 2**20)


def _is_pdf(content: bytes) -> bool:
    return content.startswith(b"%PDF-") and b"%%EOF" in content[-2048:]


def _plain(pdf: bytes) -> None:
    if any(word in pdf for word in (b"/JavaScript", b"/JS ", b"/Launch", b"/EmbeddedFile")):
        raise Refusal("this PDF carries a script or another file: print it to a plain PDF and choose that")


def _office(content: bytes) -> str:
    try:
        names = set(zipfile.ZipFile(io.BytesIO(content)).namelist())
    except BROKEN:
        names = set()
    if any(name.endswith("vbaProject.bin") for name in names):
        raise Refusal("this file carries a script: save it without macros and choose that")
    found = [kind for name, kind in OFFICE.items() if name in names]
    if len(found) != 1:
        raise Refusal("this file is none of a whole PDF, a picture (PNG, JPEG), or a Word, PowerPoint or Excel file of today")
    return found[0]
