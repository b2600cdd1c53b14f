"""Does an exported audit log hold? A program of its own: `python verify_export.py EXPORT.jsonl [HEADS.log]`.

It needs nothing but Python, so whoever was given the export and the heads can check them without the portal and without
trusting it. Each line of the export is one JSON object whose `hash` is the SHA-256 of the rest of it (sorted keys, no
blanks, UTF-8), and which names the hash of the line before. Each line of the heads file says `seq hash moment`: what the
end of the log was at that moment. The chain finds what was edited, deleted, inserted or moved; only heads that were kept
outside find a cut end, or a chain that was computed anew after a change.

Exit status: 0 it holds, 1 it does not (the first bad line is named), 2 it could not be read.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
"""What the first line names as the hash before it."""


@dataclass(frozen=True)
class Head:
    """The end of the log as it was told outside at some moment."""

    seq: int
    hash: str
    source: str


@dataclass(frozen=True)
class Verdict:
    """How many lines hold, what the last of them is, and the first that does not: its number and why (None: all hold)."""

    lines: int
    last_hash: str
    bad_seq: int | None = None
    why: str = ""
    heads: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return self.bad_seq is None


class Broken(ValueError):
    """A file that is not what it should be; the message names the place."""


Record = dict[str, Any]
DIGEST = "\0digest"  # what whoever read the line already computed over it as it was kept; no key of a log line

_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def check(records: Iterable[Record], heads: Sequence[Head] = (), *, after: tuple[int, str] = (0, GENESIS)) -> Verdict:
    """Walk the log once, in order, in constant memory beside the heads. `records` carry their `hash`; `after`: number and hash of the
    line before the first of them, where it is not the first of all."""
    known: dict[int, Head] = {}
    for head in heads:
        if head.seq == 0 and head.hash != GENESIS:
            return Verdict(0, GENESIS, 0, f"{head.source}: an empty log ends in {GENESIS[:12]}…, not {head.hash[:12]}…")
        other = known.setdefault(head.seq, head)
        if other.hash != head.hash:
            return Verdict(0, GENESIS, head.seq, f"two heads disagree about line {head.seq}: {other.source} and {head.source}")
    (seq, last), agreed = after, after[0]
    for record in records:
        why = _wrong(record, seq + 1, last)
        if why:
            return Verdict(seq, last, seq + 1, why, len(known))
        seq, last = seq + 1, record["hash"]
        if seq in known:
            if known[seq].hash != last:
                return Verdict(seq, last, seq, f"not the line that {known[seq].source} knows: the chain was computed anew; heads agree up to line {agreed}", len(known))
            agreed = seq
    beyond = [head for head in known if head > seq]
    if beyond:
        return Verdict(seq, last, seq + 1, f"the log ends after line {seq}, but {known[min(beyond)].source} knows line {min(beyond)}; heads agree up to line {agreed}", len(known))
    return Verdict(seq, last, heads=len(known))


def _digest(record: Record) -> str:
    covered = {key: value for key, value in record.items() if key != "hash"}
    return hashlib.sha256(_encode(covered).encode("utf-8", "surrogatepass")).hexdigest()


def _wrong(record: Record, expected: int, last: str) -> str:
    """Why this record cannot be line `expected` after the hash `last`; empty where it can."""
    seq = record.get("seq")
    if seq != expected or isinstance(seq, bool):
        return f"line {expected} is missing: line {seq} stands in its place" if isinstance(seq, int) and seq > expected else f"line {seq} stands where line {expected} belongs"
    if record.get("previous_hash") != last:
        return f"it names {str(record.get('previous_hash'))[:12]}… as the hash before it, which is {last[:12]}…"
    found = record.get(DIGEST) or _digest(record)
    return "" if found == record.get("hash") else f"its content hashes to {found[:12]}…, but it carries {str(record.get('hash'))[:12]}…"


def read_heads(path: Path) -> list[Head]:
    """The heads kept in a file, oldest first. Raises Broken for a line that says no head."""
    heads = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        if len(words) < 2 or not (words[0].isascii() and words[0].isdigit()) or len(words[0]) > 18 or len(words[1]) != 64:
            raise Broken(f"{path.name} line {number}: expected `seq hash moment`, found {line[:80]!r}")
        heads.append(Head(int(words[0]), words[1], f"{path.name} line {number}"))
    return heads


def read_export(path: Path) -> Iterator[Record]:
    """The records of an exported log, one at a time. Raises Broken for a line that is not a JSON object."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Broken(f"{path.name} line {number}: not JSON ({error})") from error
            if not isinstance(record, dict) or DIGEST in record:
                raise Broken(f"{path.name} line {number}: expected a line of the log")
            # A line as the portal writes it is what was hashed, with the hash itself in the midst: no need to write it anew.
            # What follows the last `,"hash":` are plain words, so it is the line's own and not one inside before or after.
            mark = line.rfind(b',"hash":"')
            if mark > 0 and line[mark + 9 : mark + 75] == f'{record.get("hash")}",'.encode("utf-8", "replace"):
                record[DIGEST] = hashlib.sha256(line[:mark] + line[mark + 74 :].rstrip(b"\n")).hexdigest()
            yield record


def main(arguments: Sequence[str]) -> int:
    """Check the files named on the command line and say what was found."""
    if len(arguments) not in {1, 2}:
        sys.stderr.write("usage: python verify_export.py EXPORT.jsonl [HEADS.log]\n")
        return 2
    try:
        heads = read_heads(Path(arguments[1])) if len(arguments) == 2 else []
        verdict = check(read_export(Path(arguments[0])), heads)
    except (OSError, Broken) as error:
        sys.stdout.write(f"UNREADABLE {error}\n")
        return 2
    if not verdict.holds:
        sys.stdout.write(f"BAD line {verdict.bad_seq}: {verdict.why}\n")
        return 1
    sys.stdout.write(f"OK {verdict.lines} lines, {verdict.heads} heads, last hash {verdict.last_hash}\n")
    if not heads:
        sys.stdout.write("Without heads a cut end, or a chain computed anew after a change, cannot be seen.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
