"""Bytes to text, strictly: UTF-8 where the bytes are that, else GB18030, else a refusal that says where."""

from __future__ import annotations

import codecs

from portal.refusals import Findings

EXPECTED = "UTF-8 / GB18030"


def utf8(data: bytes, file: str, findings: Findings) -> bytes | None:
    """The same as `decode`, as UTF-8 bytes: without a copy where the bytes are plain ASCII with LF line ends."""
    if data.isascii() and b"\0" not in data:
        return data.replace(b"\r\n", b"\n")
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
    # The encoding that got further is the one that was meant; the other one stumbles over the first Chinese character.
    code, offset = found or ("bad_encoding", max(faults))
    findings.refuse(code, file, data.count(b"\n", 0, offset) + 1, found=f"byte {offset}: 0x{data[offset]:02X}", expected=EXPECTED)
    return None
