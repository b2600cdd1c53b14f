"""Reading documents back: the text of a PDF's pages, the cells of a workbook, the amounts of a page."""

from __future__ import annotations

import io
import re
from collections import Counter
from typing import Any

from bs4 import BeautifulSoup
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

AMOUNT = re.compile(r"-?¥[\d,]+\.\d{2}|-?[\d,]+\.\d{2} ?%")


def pages(body: bytes) -> list[str]:
    """The text of each page."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(body)).pages]


def amounts(text: str) -> Counter[str]:
    """Every amount and ratio in a text, with how often it stands there."""
    return Counter(found.replace(" ", "") for found in AMOUNT.findall(text))


def amounts_of_page(html: str) -> Counter[str]:
    """Every amount and ratio in the tables of a page."""
    return amounts("\n".join(cell.get_text(" ", strip=True) for cell in BeautifulSoup(html, "html.parser").select("main table td")))


def sheets(body: bytes) -> dict[str, list[list[Any]]]:
    """The rows of each sheet of a workbook."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def structure(body: bytes) -> Counter[str]:
    """How often each kind of element stands in the tagged structure."""
    root = PdfReader(io.BytesIO(body)).trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    found: Counter[str] = Counter()
    stack = [root["/StructTreeRoot"]]
    while stack:
        node = stack.pop().get_object()
        if isinstance(node, list):
            stack.extend(node)
            continue
        if not hasattr(node, "get"):
            continue
        if node.get("/S"):
            found[str(node["/S"])] += 1
        if "/K" in node:
            stack.append(node["/K"])
    return found


def fonts_inside(body: bytes) -> bool:
    """Whether every font of every page carries its glyphs."""
    for page in PdfReader(io.BytesIO(body)).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            below = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            if not any(name in below for name in ("/FontFile", "/FontFile2", "/FontFile3")):
                return False
    return True
