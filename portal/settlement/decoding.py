"""Bytes to text, strictly: UTF-8 where the bytes are that, else GB18030, else a refusal that says where."""

from __future__ import annotations

from portal.refusals import Findings

BOM = "\ufeff"


def decode(data: bytes, file: str, findings: Findings) -> str | None:
    """The text of a file without its byte order mark, line ends as LF.

    Bytes that are neither valid UTF-8 nor valid GB18030 are refused with the byte's offset (from 0) and line: None then.
    """
    faults = []
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding).removeprefix(BOM).replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            faults.append((error.start, encoding))
    # The encoding that got further is the one that was meant; the other one stumbles over the first Chinese character.
    offset, encoding = max(faults)
    line = data.count(b"\n", 0, offset) + 1
    findings.refuse("bad_encoding", file, line, found=f"byte {offset}: 0x{data[offset]:02X} ({encoding})", expected="UTF-8 / GB18030")
    return None
