"""What was handed in, as files: paths, folders, and bounded archives. A folder stands for its own files; where it has none
that the portal reads, for those of its subfolders. Links are never followed."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from portal.imports.received import Received, given
from portal.packed import BROKEN
from portal.refusals import Findings, Refusal
from portal.settlement import cfmmc_statement
from portal.settlement.ctp import statement as ctp_statement

LARGEST = 2 * 2**30
"""Bytes that one archive may unpack to."""
RATIO = 200
"""How many times its packed size an archive may unpack to."""
PAPER = 16 * 2**20
"""Bytes that a client's statement has at most."""
FREE = 2**20
"""A megabyte is no bomb, however well it packs."""
ENTRIES = 20_000
DEPTH = 20

IsRead = Callable[[Received], bool]


@dataclass
class Folder:
    """Files and subfolders by name, of a disk or of an archive."""

    name: str
    files: list[Received] = field(default_factory=list)
    folders: dict[str, Folder] = field(default_factory=dict)


@dataclass
class Handed:
    """What came of the paths: the files to read, and what was left alone."""

    files: list[Received] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)


def receive(paths: list[Path], is_read: IsRead, findings: Findings) -> Handed:
    """The files that some paths stand for. Raises FileNotFoundError for a path that is not there."""
    handed = Handed()
    for path in paths:
        if path.is_dir():
            stand_for(_on_disk(path, path.name or str(path), findings), is_read, handed)
        elif path.is_file():
            add(on_disk(path, writable(path.name)), is_read, handed, findings)
        else:
            raise FileNotFoundError(str(path))
    return handed


def add(file: Received, is_read: IsRead, handed: Handed, findings: Findings) -> None:
    """Take in one file by itself: an archive stands for its content, a file nobody reads is refused."""
    if is_archive(file.name):
        stand_for(unpacked(file, findings), is_read, handed)
    elif is_read(file):
        handed.files.append(file)
    elif is_paper(file):
        findings.refuse("paper", file.name, expected="a settled day, a master file, or an archive of them")
    else:
        findings.refuse("not_recognised", file.name, expected="a file that the portal reads")


def is_paper(file: Received) -> bool:
    """Whether a file is a client's own statement, which is held against the books and never brought in."""
    if file.size > PAPER:
        return False
    head = file.read()[:4096]
    return ctp_statement.recognises(file.name, head) or cfmmc_statement.recognises(file.name, head)


def stand_for(folder: Folder, is_read: IsRead, handed: Handed) -> None:
    """Add the files that a folder stands for."""
    own = []
    for file in folder.files:
        if is_read(file):
            own.append(file)
        else:
            handed.left_alone.append(file.name)
    handed.files += own
    for name in sorted(folder.folders):
        if own:
            handed.left_alone.append(folder.folders[name].name + "/")
        else:
            stand_for(folder.folders[name], is_read, handed)


def on_disk(path: Path, name: str) -> Received:
    """A file of the disk."""
    return Received(name, path.stat().st_size, path.read_bytes)


def writable(name: str) -> str:
    """A name of the disk as text that can be kept: names that are no UTF-8 are those of a Chinese system, in GB18030."""
    try:
        name.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(name).decode("gb18030")
        except UnicodeError:
            return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name


def is_archive(name: str) -> bool:
    """Whether a name is that of an archive."""
    return name.lower().endswith((".zip", ".gz"))


def unpacked(file: Received, findings: Findings, *, nested: bool = False) -> Folder:
    """The content of an archive; what is wrong with it becomes a refusal and gives an empty folder."""
    try:
        if file.name.lower().endswith(".gz"):
            inner = given(file.name[:-3], _gunzip(file.read()))
            packed_twice = is_archive(inner.name)
            if packed_twice and nested:
                raise Refusal("archive_too_deep")
            return unpacked(inner, findings, nested=True) if packed_twice else Folder(file.name, [inner])
        return _unzipped(file, findings, nested)
    except Refusal as error:
        findings.refuse(error.message, file.name, expected="an archive of at most 2 GiB, 200:1, without paths outside")
    except BROKEN as error:
        findings.refuse("bad_archive", file.name, found=error, expected="an archive that can be unpacked")
    return Folder(file.name)


def _on_disk(path: Path, name: str, findings: Findings, depth: int = 0) -> Folder:
    folder = Folder(writable(name))
    for entry in sorted(path.iterdir()):
        if entry.is_symlink() or entry.name.startswith((".", "__MACOSX")):
            continue
        shown = writable(f"{name}/{entry.name}" if depth else entry.name)
        if entry.is_dir() and depth < DEPTH:
            folder.folders[entry.name] = _on_disk(entry, shown, findings, depth + 1)
        elif entry.is_file():
            _put(folder, on_disk(entry, shown), findings)
    return folder


def _put(folder: Folder, file: Received, findings: Findings, *, nested: bool = False) -> None:
    """Put a file into a folder; an archive lies there as its content."""
    if not is_archive(file.name):
        folder.files.append(file)
        return
    inner = unpacked(file, findings, nested=nested)
    folder.files += inner.files
    folder.folders.update({f"{file.base}/{name}": sub for name, sub in inner.folders.items()})


def _unzipped(file: Received, findings: Findings, nested: bool) -> Folder:
    data = file.read()
    archive = zipfile.ZipFile(io.BytesIO(data))
    if not all(entry.filename for entry in archive.infolist()):
        raise zipfile.BadZipFile("an entry without a name")
    entries = [entry for entry in archive.infolist() if not entry.is_dir() and not _is_link(entry)]
    _bounded(entries)
    top = Folder(file.name)
    for entry in entries:
        path = PurePosixPath(_entry_name(entry))
        if any(part.startswith((".", "__MACOSX")) for part in path.parts):
            continue
        folder = top
        for part in path.parts[:-1]:
            folder = folder.folders.setdefault(part, Folder(f"{folder.name}/{part}"))
        inner = Received(f"{file.name}/{path}", entry.file_size, _loader(archive, entry))
        if is_archive(inner.name) and nested:
            raise Refusal("archive_too_deep")
        _put(folder, inner, findings, nested=True)
    return top


def _bounded(entries: list[zipfile.ZipInfo]) -> None:
    """Refuse a bomb by what the archive itself says, before anything is unpacked; the unpacking holds it to its word."""
    size, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if len(entries) > ENTRIES or size > LARGEST or size > max(FREE, RATIO * packed):
        raise Refusal("archive_too_large")
    for entry in entries:
        name = _entry_name(entry)
        if entry.file_size > max(FREE, RATIO * entry.compress_size):
            raise Refusal("archive_too_large")
        if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
            raise Refusal("archive_path_outside")
        if entry.flag_bits & 1:
            raise Refusal("archive_locked")


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """The entry's name; packers of Chinese systems write it in GB18030 without saying so."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return entry.filename


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return (entry.external_attr >> 16) & 0o170000 == 0o120000


def _loader(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Callable[[], bytes]:
    def load() -> bytes:
        try:
            with archive.open(entry) as source:
                data = source.read(entry.file_size + 1)
        except BROKEN as error:
            raise Refusal("bad_archive") from error
        if len(data) != entry.file_size:
            raise Refusal("bad_archive")
        return data

    return load


def _gunzip(data: bytes) -> bytes:
    most = min(LARGEST, max(FREE, RATIO * len(data)))
    with gzip.open(io.BytesIO(data)) as source:
        unpacked_data = source.read(most + 1)
    if len(unpacked_data) > most:
        raise Refusal("archive_too_large")
    return unpacked_data
