"""Every text on screen is there in Chinese too: none missing, none guessed, none in the code that the file does not know."""

from __future__ import annotations

import importlib.util
import io
import re
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.support import Translations

from portal.settings import ROOT

HOLES = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def update() -> ModuleType:
    """translations/update.py."""
    spec = importlib.util.spec_from_file_location("translations_update", ROOT / "translations" / "update.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kept(update: ModuleType) -> Catalog:
    """The Chinese file."""
    catalog: Catalog = update.current()
    return catalog


def test_nothing_is_missing_or_guessed(update: ModuleType, kept: Catalog) -> None:
    assert len(kept) > 0
    assert not kept.fuzzy, "a catalogue that is marked as guessed is left out when it is compiled"
    assert update.missing(kept) == []


def test_every_text_of_the_code_is_known(update: ModuleType, kept: Catalog) -> None:
    unknown = [message.id for message in update.extracted() if message.id and kept.get(message.id, message.context) is None]
    assert unknown == [], "run translations/update.py"


def test_the_holes_are_the_same_in_both_languages(update: ModuleType, kept: Catalog) -> None:
    for message in kept:
        if not message.id or not message.string or not all(update.parts_of(message.string)):
            continue
        given = message.id if isinstance(message.id, str) else message.id[1]
        for text in [message.string] if isinstance(message.string, str) else message.string:
            assert set(HOLES.findall(text)) <= set(HOLES.findall(given)), message.id
            if isinstance(message.id, str):
                assert set(HOLES.findall(text)) == set(HOLES.findall(given)), message.id
                assert text.count("%%") == given.count("%%"), message.id


def test_a_missing_text_is_noticed(update: ModuleType) -> None:
    planted = Catalog(locale="zh_Hans_CN")
    planted.add("Never translated")
    planted.add("Only guessed", "猜的", flags=["fuzzy"])
    assert update.missing(planted) == ["Never translated", "Only guessed"]


def test_the_compiled_catalogue_speaks(kept: Catalog) -> None:
    compiled = io.BytesIO()
    assert not kept.fuzzy, "a catalogue that is marked as guessed is left out when it is compiled"
    write_mo(compiled, kept)
    compiled.seek(0)
    assert Translations(compiled).gettext("Overview") == "总览"


def test_no_text_is_said_to_mean_two_things(update: ModuleType, kept: Catalog) -> None:
    """A text that two rooms use in two meanings has one translation, and one of the rooms says something wrong: it needs a text of its own."""
    plain = {(one.id if isinstance(one.id, str) else one.id[0]).strip(): one.string if isinstance(one.string, str) else one.string[0] for one in kept if one.id}
    wrong = {text: (said, plain[text]) for text, said in update.pieces().items() if text in plain and plain[text] != said}
    assert wrong == {}, "run translations/update.py"


def test_control_a_second_meaning_is_found(update: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pieces").mkdir()
    (tmp_path / "pieces" / "club.txt").write_text("Desk => 签到台\n", encoding="utf-8")
    (tmp_path / "pieces" / "months.txt").write_text("Desk => 月结台\n", encoding="utf-8")
    monkeypatch.setattr(update, "HERE", tmp_path)
    with pytest.raises(ValueError, match="'Desk' is '签到台' elsewhere"):
        update.pieces()
