"""Broken archives, folders and names, and files that contradict one another."""

from __future__ import annotations

import gzip
import io
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from tests.corpus.cases import SEE, Case, Edit, Files, Name, both, cell, put, raw, renamed, without
from tests.corpus.firm import ACCOUNTS, DAYS, NEXT, B, T, firm


def zipped(*entries: tuple[str, bytes], edit: Callable[[zipfile.ZipInfo], None] | None = None, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of entries as they are, whatever their names; `edit` may change what the archive says of the first."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for place, (name, data) in enumerate(entries):
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            if edit and place == 0:
                edit(info)
            archive.writestr(info, data)
    return buffer.getvalue()


def packed(name: Name, pack: Callable[[list[tuple[str, bytes]]], bytes]) -> Edit:
    """All good files in one archive instead."""

    def do(files: Files) -> None:
        entries = [(str(key), data) for key, data in files.items() if isinstance(data, bytes)]
        files.clear()
        files[name] = pack(entries)

    return do


def as_zip(prefix: str = "", **more: object) -> Callable[[list[tuple[str, bytes]]], bytes]:
    """Pack into a zip, names with a prefix."""
    return lambda entries: zipped(*((prefix + name, data) for name, data in entries), **more)  # type: ignore[arg-type]


def nameless(entries: list[tuple[str, bytes]]) -> bytes:
    """A directory whose first entry says that its name has no letter."""
    data = bytearray(zipped(*entries))
    at = data.index(b"PK\x01\x02") + 28
    length = int.from_bytes(data[at : at + 2], "little")
    data[at : at + 4] = (0).to_bytes(2, "little") + length.to_bytes(2, "little")
    return bytes(data)


def gbk_names(entries: list[tuple[str, bytes]]) -> bytes:
    """A zip as packers of Chinese systems make it: names in GBK, and no mark that says so."""
    marked = zipped(*(("XXXX/" + name, data) for name, data in entries))
    return marked.replace(b"XXXX/", "二月".encode("gbk") + b"/")


def _more(data: bytes | Path) -> bytes:
    """The same rows, other bytes."""
    assert isinstance(data, bytes)
    return data + b"\r\n"


def link(info: zipfile.ZipInfo) -> None:
    """A symbolic link."""
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def locked(data: bytes) -> bytes:
    """The same zip that says its entries are encrypted."""
    return data.replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00").replace(b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00")


def said_smaller(data: bytes) -> bytes:
    """A zip whose directory says that the first entry unpacks to ten bytes."""
    place = data.index(b"PK\x01\x02")
    return data[: place + 24] + (10).to_bytes(4, "little") + data[place + 28 :]


def flipped(data: bytes, place: int) -> bytes:
    """One byte changed."""
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def method_said(data: bytes, method: int) -> bytes:
    """A zip whose first entry says another method of packing."""
    place = data.index(b"PK\x01\x02")
    return data[:8] + method.to_bytes(2, "little") + data[10 : place + 10] + method.to_bytes(2, "little") + data[place + 12 :]


def into(folder: bytes) -> Edit:
    """The good files in a folder of that name."""

    def do(files: Files) -> None:
        for name in list(files):
            files[folder + b"/" + str(name).encode()] = files.pop(name)

    return do


def twice(more: bytes) -> Edit:
    """The balances in two folders; the second with more bytes."""

    def do(files: Files) -> None:
        data = files.pop(B)
        assert isinstance(data, bytes)
        files["x/" + T], files["x/" + B], files["y/" + B] = files.pop(T), data, data + more

    return do


def correction(off: int = 0) -> Edit:
    """The last day of the closed month again with a fee one yuan higher and a profit one yuan higher; `off` fen do not add up."""

    def do(files: Files) -> None:
        draft, day = firm(), DAYS[1]
        draft.trades[day][0]["fee"] += 100
        row = draft.balances[day][ACCOUNTS[0]]
        row["realized_pnl"] = row.get("realized_pnl", 0) + 100
        draft.settle(day, ACCOUNTS[0])
        row["balance"] += off
        with tempfile.TemporaryDirectory() as folder:
            for path in draft.write(Path(folder), masters=(), trades=[day], balances=[day]).iterdir():
                files[path.name] = path.read_bytes()

    return do


ZEROS = b"0" * 30_000_000

CASES = [
    Case("good files in a zip", "day", packed("day.zip", as_zip()), "", posted=True),
    Case("good files in a folder of a zip", "day", packed("day.zip", as_zip("2026/2月/")), "", posted=True),
    Case("good files each in a gz", "day", both(raw(B, gzip.compress), renamed(B, B + ".gz"), raw(T, gzip.compress), renamed(T, T + ".gz")), "", posted=True),
    Case("a bomb", "day", packed("day.zip", lambda entries: zipped(*entries, ("balances-2026-02-04.csv", ZEROS))), "archive_too_large day.zip"),
    Case("a bomb of gz", "day", both(put(B + ".gz", gzip.compress(ZEROS)), without(B)), "archive_too_large balances-2026-02-03.csv.gz; no_balances T"),
    Case(
        "a bomb in a bomb",
        "day",
        packed("day.zip", lambda entries: zipped(("inner.zip", zipped(("balances-2026-02-04.csv", ZEROS))), *entries)),
        "archive_too_large day.zip/inner.zip",
        posted=True,
    ),
    Case("a zip that lies about its size", "day", packed("day.zip", lambda entries: said_smaller(as_zip()(entries))), "unreadable_file day.zip/balances-2026-02-03.csv"),
    Case(
        "a zip with 20,001 entries",
        "day",
        packed("day.zip", lambda entries: zipped(*entries, *((f"n{n}.txt", b"") for n in range(20_000)), method=zipfile.ZIP_STORED)),
        "archive_too_large day.zip",
    ),
    *(
        Case(f"a zip with {what}", "day", packed("day.zip", as_zip(prefix)), "archive_path_outside day.zip")
        for what, prefix in {"an absolute path": "/etc/", "a path upwards": "../", "a path upwards in the middle": "a/../../", "a drive": "C:/", "a backslash": "..\\"}.items()
    ),
    Case("a zip with a symbolic link", "day", packed("day.zip", as_zip(edit=link)), "no_balances day.zip/trades-2026-02-03.csv"),
    Case("a zip in a zip", "day", packed("day.zip", lambda entries: zipped(("inner.zip", as_zip()(entries)))), "", posted=True),
    Case(
        "a zip in a zip in a zip", "day", packed("day.zip", lambda entries: zipped(("middle.zip", zipped(("inner.zip", as_zip()(entries)))))), "archive_too_deep day.zip/middle.zip"
    ),
    Case(
        "a gz in a gz in a gz",
        "day",
        both(raw(B, lambda data: gzip.compress(gzip.compress(gzip.compress(data)))), renamed(B, B + ".gz.gz.gz")),
        "archive_too_deep balances-2026-02-03.csv.gz.gz; no_balances T",
    ),
    Case("a zip cut", "day", packed("day.zip", lambda entries: as_zip()(entries)[:-30]), "bad_archive day.zip"),
    Case("a zip cut in its data", "day", packed("day.zip", lambda entries: as_zip()(entries)[:100]), "bad_archive day.zip"),
    Case("a zip of garbage", "day", both(without(T, B), put("day.zip", b"garbage" * 100)), "bad_archive day.zip"),
    Case("a zip of nothing", "day", both(without(T, B), put("day.zip", b"")), "bad_archive day.zip"),
    Case("a zip with no entries", "nothing", put("day.zip", zipped()), "", nothing_read=True),
    Case("a zip with a byte changed in its data", "day", packed("day.zip", lambda entries: flipped(as_zip()(entries), 80)), "unreadable_file day.zip/balances-2026-02-03.csv"),
    Case("a zip with an entry without a name", "day", packed("day.zip", nameless), "bad_archive day.zip"),
    Case(
        "a zip whose list of the back office cannot be read",
        "day",
        packed("day.zip", lambda entries: flipped(zipped(("list.csv", entries[0][1]), *entries), 80)),
        "unreadable_file day.zip/list.csv",
        posted=True,
    ),
    Case(
        "a zip of LZMA with a byte changed",
        "day",
        packed("day.zip", lambda entries: flipped(as_zip(method=zipfile.ZIP_LZMA)(entries), 100)),
        "unreadable_file day.zip/balances-2026-02-03.csv",
    ),
    Case(
        "a zip of BZIP2 with a byte changed",
        "day",
        packed("day.zip", lambda entries: flipped(as_zip(method=zipfile.ZIP_BZIP2)(entries), 80)),
        "unreadable_file day.zip/balances-2026-02-03.csv",
    ),
    Case("a zip of LZMA", "day", packed("day.zip", as_zip(method=zipfile.ZIP_LZMA)), "", posted=True),
    Case("a zip with an unknown method", "day", packed("day.zip", lambda entries: method_said(as_zip()(entries), 99)), "unreadable_file day.zip/balances-2026-02-03.csv"),
    Case("a zip with a password", "day", packed("day.zip", lambda entries: locked(as_zip()(entries))), "archive_locked day.zip"),
    Case(
        "a zip with an entry twice",
        "day",
        packed("day.zip", lambda entries: zipped(*entries, (B, entries[0][1] + b"\r\n"))),
        "day_twice day.zip/balances-2026-02-03.csv trade_date",
    ),
    Case("a zip whose entry's name is of GBK", "day", packed("day.zip", gbk_names), "", posted=True),
    Case("a gz of garbage", "day", both(without(B), put(B + ".gz", b"garbage")), "bad_archive balances-2026-02-03.csv.gz; no_balances T"),
    Case("a gz of nothing", "day", both(without(B), put(B + ".gz", b"")), "empty_file B:1"),
    Case("a gz cut", "day", both(raw(B, lambda data: gzip.compress(data)[:-12]), renamed(B, B + ".gz")), "bad_archive balances-2026-02-03.csv.gz; no_balances T"),
    Case(
        "a gz with a byte changed",
        "day",
        both(raw(B, lambda data: flipped(gzip.compress(data), 60)), renamed(B, B + ".gz")),
        "bad_archive balances-2026-02-03.csv.gz; no_balances T",
    ),
    Case("zlib bytes under the name of a gz", "day", both(raw(B, zlib.compress), renamed(B, B + ".gz")), "bad_archive balances-2026-02-03.csv.gz; no_balances T"),
    Case("a zip under the name of a gz", "day", both(raw(B, lambda data: zipped((B, data))), renamed(B, B + ".gz")), "bad_archive balances-2026-02-03.csv.gz; no_balances T"),
    Case("a good file under the name of a zip", "day", renamed(B, "balances.zip"), "bad_archive balances.zip; no_balances T"),
    Case("a symbolic link to a file of the system", "day", put("trades-2026-02-04.csv", Path("/etc/passwd")), "", posted=True),
    Case("a symbolic link to nowhere", "day", put("accounts.csv", Path("/nowhere")), "", posted=True),
    Case("a symbolic link round in circles", "day", put("sub/loop", Path("..")), "", posted=True),
    Case("a hidden file", "day", renamed(B, "." + B), "no_balances T"),
    Case("what a Mac leaves", "day", put("__MACOSX/._" + B, b"\0\0"), "", posted=True),
    Case("a lock file of an office", "day", put("~$accounts.xlsx", b"\0"), "", posted=True),
    Case("names that are no UTF-8, unread", "day", both(put("资金.csv".encode("gbk"), b"x"), put(b"\xff\xfe/x.csv", b"x")), "", posted=True),
    Case("a day in a folder whose name is no UTF-8", "day", into("交易".encode("gbk")), "", posted=True),
    Case("a bad day in a folder whose name is no UTF-8", "day", both(cell(B, 2, "deposit", "x"), into(b"\xff")), SEE),
    Case("a zip whose own name is no UTF-8", "day", packed("二月.zip".encode("gbk"), as_zip()), "", posted=True),
    Case("a broken zip whose own name is no UTF-8", "day", put("二月.zip".encode("gbk"), b"garbage"), "bad_archive 二月.zip", posted=True),
    Case("names with a line end and an escape", "day", put("x\n\x1b[2J.csv", b"x"), "", posted=True),
    Case("a folder of odd names", "day", into("a b;'\"$(x)%s%(y)s{z}\u202e".encode()), "", posted=True),
    Case("a bad day in a folder of odd names", "day", both(cell(B, 2, "deposit", "x"), into(b"100%(y)s")), "bad_amount 100%(y)s/balances-2026-02-03.csv:2 deposit"),
    Case("a folder with a day's name", "nothing", put(f"{B}/readme.txt", b"x"), "", nothing_read=True),
    Case("a name in capitals", "day", both(renamed(B, B.upper()), renamed(T, T.upper())), "", posted=True),
    Case(
        "a master file twice in different folders, the same bytes",
        "day",
        both(without(B, T), put("a/branches.csv", b"branch_no,name\n01,x\n"), put("b/branches.csv", b"branch_no,name\n01,x\n")),
        "",
        posted=True,
    ),
    Case(
        "a master file twice in different folders, other bytes",
        "day",
        both(without(B, T), put("a/branches.csv", b"branch_no,name\n01,x\n"), put("b/branches.csv", b"branch_no,name\n01,y\n")),
        "file_twice b/branches.csv",
    ),
    Case("a day twice in different folders, the same bytes", "day", twice(b""), "", posted=True),
    Case("a day twice in different folders, other bytes", "day", twice(b"\r\n"), "day_twice y/balances-2026-02-03.csv trade_date"),
    Case("two days with the same rows", "day", put("balances-2026-02-04.csv", b""), "empty_file balances-2026-02-04.csv:1", posted=True),
    Case("the rows of a day under the next day's name beside it", "day", lambda files: files.update({B.replace("03", "04"): _more(files[B])}), SEE, posted=True),
    Case("a trade file under the name of a balance file", "day", lambda files: files.update({B: files[T]}), SEE),
    Case("balances and trades swapped", "day", lambda files: files.update({B: files[T], T: files[B]}), SEE),
    Case(
        "a master file under another's name",
        "masters",
        lambda files: files.update({"uplines.csv": _more(files["agreements.csv"])}),
        "missing_column uplines.csv:1 upline_no; unknown_column uplines.csv:1 plan_code",
    ),
    Case("accounts under the name of brokers", "masters", lambda files: files.update({"brokers.csv": _more(files["accounts.csv"])}), SEE),
    Case("a name that nobody knows, alone in a zip", "nothing", put("x.zip", zipped(("holdings.csv", b"x"))), "", nothing_read=True),
    Case("a name with a blank before its end", "day", renamed(B, f"balances-{NEXT} .csv"), "no_balances T"),
    Case("a copy of a browser", "day", renamed(B, f"balances-{NEXT}(1).csv"), "no_balances T"),
    Case("a day of the file's name in other digits", "day", renamed(B, "balances-２０２６-02-03.csv"), "no_balances T"),
    Case("a day in the future of the calendar", "day", renamed(B, "balances-2026-13-01.csv"), "bad_file_date balances-2026-13-01.csv trade_date; no_balances T"),
    Case("a correction of a closed month's last day", "nothing", correction(), "", posted=True),
    Case(
        "a correction off by one fen", "nothing", correction(off=1), "balance_identity balances-2026-01-30.csv:2 balance; warn next_day_differs balances-2026-01-30.csv:2 balance"
    ),
]
