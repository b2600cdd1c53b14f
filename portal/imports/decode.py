"""Bytes to text: UTF-8 (with or without BOM) where the bytes are valid UTF-8, else GB18030, else a refusal with the offset."""

from __future__ import annotations

import codecs

from portal.settlement.decoding import meant_as_utf8


class Undecodable(ValueError):
    """The bytes are text in none of the accepted encodings; `code` names the sentence, `offset` the first bad byte."""

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(f"{code} at byte {offset}")
        self.code = code
        self.offset = offset


def decode(data: bytes) -> str:
    """The text of a file. Raises Undecodable."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Undecodable("utf16", 0)
    if (offset := data.find(b"\0")) >= 0:
        raise Undecodable("nul_byte", offset)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if data.startswith(codecs.BOM_UTF8):
            raise Undecodable("bad_encoding", error.start + len(codecs.BOM_UTF8)) from error
        if meant_as_utf8(error):
            raise Undecodable("bad_encoding", error.start) from error
    try:
        return data.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Undecodable("bad_encoding", error.start) from error
