"""Long papers, pressed by a process of its own: its memory is bounded and given back, and it can be stopped at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from portal.refusals import Refusal

PRESS = Path(__file__).with_name("press.py")
MEMORY = 4 * 2**30
"""Bytes of address space; the longest list takes a fifth (tests.bench.paper)."""
EVERY = 0.25
"""Seconds between two looks at whether somebody asked to stop."""
_ONE_AT_A_TIME = Lock()


def pressed_apart(template: str, content: object, timestamp: int, look: Callable[[], None] = lambda: None) -> bytes:
    """The PDF that a template of templates/print makes of some content, whose texts the font can show (portal/documents/glyphs.py). `look` is called four times a second and may raise to stop.

    Raises Refusal where the paper takes more memory than one may.
    """
    asked = json.dumps({"template": template, "content": json.dumps(content), "timestamp": timestamp}).encode()
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as paper, tempfile.TemporaryFile() as written, tempfile.TemporaryFile() as said:
        paper.write(asked)
        paper.seek(0)
        command = [sys.executable, "-I", str(PRESS), str(MEMORY)]
        with subprocess.Popen(command, stdin=paper, stdout=written, stderr=said) as press:  # noqa: S603 - our own program
            try:
                while press.poll() is None:
                    look()
                    _wait(press)
            finally:
                press.kill()
        written.seek(0)
        said.seek(0)
        if press.returncode:
            raise Refusal("this list could not be set on paper (%(why)s): take CSV or XLSX", why=_last_line(said.read()))
        return written.read()


def _wait(press: subprocess.Popen[bytes]) -> None:
    try:
        press.wait(EVERY)
    except subprocess.TimeoutExpired:
        return


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "memory"
