"""Bytes to text, strictly: UTF-8 where the bytes are that, else GB18030, else a refusal that says where."""

from __future__ import annotations

import codecs

from portal.refusals import Findings

EXPECTED = "UTF-8 / GB18030"
ENOUGH = 4
"""Chinese characters of UTF-8 before the first fault that are no accident any more: a text in GB18030 hardly ever begins so (of 400,000 random ones 3 did)."""


def meant_as_utf8(error: UnicodeDecodeError) -> bool:
    """Whether bytes that are no UTF-8 were meant to be: they hold Chinese in it and are cut inside a character, or hold so
    much of it that it is no accident. As GB18030 such bytes would read, and say something else."""
    before = error.object[: error.start].decode("utf-8")
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in before)
    return chinese >= (1 if error.reason == "unexpected end of data" else ENOUGH)


def utf8(data: bytes, file: str, findings: Findings) -> bytes | None:
    """The same as `decode`, as UTF-8 bytes: without a copy where the bytes are plain ASCII with LF line ends."""
    if data.isascii() and b"\0" not in data:
        return data.replace(b"\r\n", b"\n") if b"\r" in data else data
    text = decode(data, file, findings)
    return None if text is None else text.encode()


def decode(data: bytes, file: str, findings: Findings) -> str | None:
    """The text of a file without its byte order mark, line ends as LF; None where it was refused.

    Bytes that are neither valid UTF-8 nor valid GB18030, a NUL byte and UTF-16 are refused with the byte's offset (from 0) and line.
    """
    found: tuple[str, int] | None = None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = "utf16", 0
    elif (offset := data.find(b"\0")) >= 0:
        found = "nul_byte", offset
    faults = []
    for encoding in ("utf-8", "gb18030") if found is None else ():
        try:
            return data.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            faults.append(error.start)
            if encoding == "utf-8" and meant_as_utf8(error):
                break
    # The encoding that got further is the one that was meant; the other one stumbles over the first Chinese character.
    code, offset = found or ("bad_encoding", max(faults))
    findings.refuse(code, file, data.count(b"\n", 0, offset) + 1, found=f"byte {offset}: 0x{data[offset]:02X}", expected=EXPECTED)
    return None
