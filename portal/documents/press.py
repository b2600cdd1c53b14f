"""The one compiler of papers: a template and JSON go in, a tagged PDF (PDF/UA-1, PDF/A-2a) with its fonts inside comes out.

Loaded, it compiles here; started as a program, it is a process of its own (portal/documents/apart.py) that takes its memory with it
when it ends: a compiler keeps what it worked out for the next papers, and of a long list that is half a gigabyte.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import typst
from pylopdf_fonts_zh_cn import sans_path

if sys.platform != "win32":
    import resource

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "print"
STANDARDS: Any = ["ua-1", "a-2a"]


@cache
def _compiler() -> Any:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(sans_path().parent)])
    return typst.Compiler(font_paths=fonts, root=str(TEMPLATES))


def pressed(template: str, content: str, timestamp: int) -> bytes:
    """The PDF that a template of templates/print makes of some JSON; `timestamp` (seconds) is what the file says of its making. Not for several
    threads at a time."""
    made = _compiler().compile((TEMPLATES / template).read_bytes(), format="pdf", sys_inputs={"paper": content}, pdf_standards=STANDARDS, timestamp=timestamp)
    return bytes(made)


def main() -> None:
    """Arguments: bytes of memory. The paper comes in as JSON (template, content, timestamp), the PDF goes out."""
    if sys.platform != "win32":
        memory = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    asked = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pressed(asked["template"], asked["content"], asked["timestamp"]))


if __name__ == "__main__":
    main()
