"""Bytes to text, strictly: UTF-8 where the bytes are that, else GB18030, else a refusal that says where."""

from __future__ import annotations

import codecs

from portal.refusals import Findings


class Undecodable(ValueError):
    """The bytes are text in none of the accepted encodings; `code` names the sentence, `offset` the first bad byte (from 0)."""

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(f"{code} at byte {offset}")
        self.code = code
        self.offset = offset


EXPECTED = "UTF-8 / GB18030"
ENOUGH = 4
"""Chinese characters of UTF-8 before the first fault that are no accident any more: a text in GB18030 hardly ever begins so (of 400,000 random ones 3 did)."""


def meant_as_utf8(error: UnicodeDecodeError) -> bool:
    """Whether bytes that are no UTF-8 were meant to be: they hold Chinese in it and are cut inside a character, or hold so
    much of it that it is no accident. As GB18030 such bytes would read, and say something else."""
    before = error.object[: error.start].decode("utf-8")
    chinese = sum("\u4e00" <= character <= "\u9fff" for character in before)
    return chinese >= (1 if error.reason == "unexpected end of data" else ENOUGH)


def decoded(data: bytes) -> str:
    """The text of a file without its byte order mark, line ends as they are. Raises Undecodable: bytes that are neither valid UTF-8 nor
    valid GB18030, a NUL byte, UTF-16."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Undecodable("utf16", 0)
    if (offset := data.find(b"\0")) >= 0:
        raise Undecodable("nul_byte", offset)
    try:
        return data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        fault = error
    if data.startswith(codecs.BOM_UTF8) or meant_as_utf8(fault):
        raise Undecodable("bad_encoding", fault.start)
    try:
        return data.decode("gb18030").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        # The encoding that got further is the one that was meant; the other one stumbles over the first Chinese character.
        raise Undecodable("bad_encoding", max(fault.start, error.start)) from error


def utf8(data: bytes, file: str, findings: Findings) -> bytes | None:
    """The same as `decode`, as UTF-8 bytes: without a copy where the bytes are plain ASCII with LF line ends."""
    if data.isascii() and b"\0" not in data:
        return data.replace(b"\r\n", b"\n") if b"\r" in data else data
    text = decode(data, file, findings)
    return None if text is None else text.encode()


def decode(data: bytes, file: str, findings: Findings) -> str | None:
    """The text of a file, line ends as LF; None where it was refused, with the byte's offset (from 0) and line."""
    try:
        return decoded(data).replace("\r\n", "\n")
    except Undecodable as error:
        line = data.count(b"\n", 0, error.offset) + 1
        findings.refuse(error.code, file, line, found=f"byte {error.offset}: 0x{data[error.offset]:02X}", expected=EXPECTED)
        return None
