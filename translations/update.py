"""Bring the translations up to date: extract, merge, fill from pieces/*.txt, and say what is still missing.

    .venv/bin/python translations/update.py

A line of a piece is `msgid => 中文`; `\\n` in it is a line break. A plural is written with its singular as the msgid.
An entry that a piece names is set from it, so a piece is the place to correct a translation.
"""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = HERE / "zh_Hans_CN" / "LC_MESSAGES" / "messages.po"
ARROW = " => "
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
KEYWORDS |= dict.fromkeys(
    (
        "N_",
        "Refusal",
        "NotFound",
        "Conflict",
        "BadSitting",
        "NotAllowed",
        "TooMany",
        "PayForbidden",
        "BadReceipt",
        "Malformed",
        "NotJson",
        "Later",
        "UsedUp",
        "Full",
        "WeakPassword",
        "WrongCode",
        "Stopped",
    )
)
KEYWORDS |= {"BadField": (2,)}
"""Also what is marked for later, and the sentences of refusals."""
HOLE = re.compile(r"%\(\w+\)s")
CODE = re.compile(r"[a-z]+(_[a-z]+)+")
"""A refusal that is the code of a finding: its sentence stands in portal/settlement/wording.py."""


def extracted() -> Catalog:
    """All the texts of the code and the templates."""
    catalog = Catalog(project="juyuan", charset="utf-8")
    with (ROOT / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)
    for folder in ("portal", "models", "templates"):
        inside = [(pattern.removeprefix(folder + "/"), method) for pattern, method in mapping if pattern.startswith(folder + "/")]
        for name, _line, message, comments, context in extract_from_dir(ROOT / folder, inside, options, keywords=KEYWORDS):
            if isinstance(message, str) and (CODE.fullmatch(message) or not HOLE.sub("", message).strip()):
                continue
            catalog.add(message, None, [(f"{folder}/{name}", 1)], auto_comments=comments, context=context)
    return catalog


def pieces() -> dict[str, str]:
    """The translations that stand in pieces/*.txt. Raises ValueError for a line of another form, and where a text is said to mean two things: then one of
    the two pages would say something else than was meant, and needs a text of its own."""
    found: dict[str, str] = {}
    apart = []
    for path in sorted((HERE / "pieces").glob("*.txt")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            msgid, arrow, text = line.partition(ARROW)
            if not arrow or not text.strip():
                raise ValueError(f"{path.name}:{number}: expected `msgid => translation`")
            msgid, text = msgid.strip().replace("\\n", "\n"), text.strip().replace("\\n", "\n")
            if found.setdefault(msgid, text) != text:
                apart.append(f"{path.name}:{number}: {msgid!r} is {found[msgid]!r} elsewhere")
    if apart:
        raise ValueError("\n".join(apart))
    return found


def current() -> Catalog:
    """The catalogue as it is kept."""
    if not TARGET.exists():
        return Catalog(locale="zh_Hans_CN", charset="utf-8")
    return read_po(io.BytesIO(TARGET.read_bytes()), locale="zh_Hans_CN")


def missing(catalog: Catalog) -> list[str]:
    """Texts without a translation, or with one that is only guessed."""
    return [message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id and (message.fuzzy or not all(parts_of(message.string)))]


def parts_of(string: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [string or ""] if string is None or isinstance(string, str) else list(string)


def main() -> int:
    """Update the file. The exit code is 1 while something is missing."""
    catalog = current()
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.fuzzy = False  # a catalogue that is marked so is not compiled, and every page is English
    known = pieces()
    for message in catalog:
        key = message.id if isinstance(message.id, str) else message.id[0] if message.id else ""
        if key.strip() in known and key:
            text = known[key.strip()]
            message.string = text if isinstance(message.id, str) else (text,)
            message.flags.discard("fuzzy")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    catalog.creation_date = catalog.revision_date = _still()
    catalog.fuzzy = False  # a catalogue that says it is only guessed is left out when it is compiled
    catalog.header_comment = "# The portal in Chinese (Simplified)."
    catalog.project, catalog.version, catalog.copyright_holder, catalog.msgid_bugs_address = "Juyuan", "1", "", ""
    write_po(buffer, catalog, width=120, sort_output=True, include_lineno=False, omit_header=False)
    TARGET.write_bytes(buffer.getvalue())
    left = missing(catalog)
    for text in left:
        print(f"missing: {text}")
    print(f"{len(catalog)} texts, {len(left)} missing")
    return 1 if left else 0


def _still() -> datetime:
    """The dates in the file's head stay the same, so that an update without news changes nothing."""
    return datetime(2026, 1, 1, tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
