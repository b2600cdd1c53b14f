"""Every broken thing through the import's door: never an exception, exactly the findings that were expected, nothing of it posted.

The good firm is read once; a case that posts something gives the next one a fresh copy of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from portal.settlement import day_checks
from portal.settlement.ctp.wording import SENTENCES
from portal.settlement.wording import WORDS
from tests.corpus import archive_cases, at_cases, bytes_cases, day_cases, list_cases, master_cases, plan_cases
from tests.corpus.cases import Case, cell
from tests.corpus.door import Door, differences
from tests.corpus.firm import B, closed_firm
from tests.places import migrated_place

CASES: list[Case] = [*day_cases.CASES, *bytes_cases.CASES, *archive_cases.CASES, *master_cases.CASES, *plan_cases.CASES, *at_cases.CASES, *list_cases.CASES]
PORTAL = Path(__file__).resolve().parents[2] / "portal"
TRANSLATIONS = PORTAL.parent / "translations"


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The good firm in a portal of this module's own."""
    folder = tmp_path_factory.mktemp("corpus")
    base = migrated_place(folder / "base")
    closed_firm(base, folder / "firm")
    door = Door(base, folder)
    yield door
    door.close()
    base.drop()


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    """What every English sentence is in Chinese."""
    pieces = "\n".join(path.read_text(encoding="utf-8") for path in sorted((TRANSLATIONS / "pieces").glob("*.txt")))
    said = dict(line.split(" => ", 1) for line in pieces.splitlines() if " => " in line)
    for catalogue in TRANSLATIONS.glob("zh*/LC_MESSAGES/messages.po"):
        said |= _catalogue(catalogue)
    return said


def faults(case: Case, door: Door) -> list[str]:
    """How the import's answer to a case differs from what was expected of it."""
    handed = door.good(case.start)
    case.edit(handed)
    answer = door.hand_in(handed, case.options, overrides_allowed=case.overrides_allowed)
    found = differences(answer.said, case.expected)
    if answer.status != case.status:
        found.append(f"exit status {answer.status}, expected {case.status}: {answer.output[-500:]}")
    if bool(answer.changed) != case.posted:
        found.append(f"rows were written: {answer.changed}" if answer.changed else "nothing was posted")
    if answer.changed:
        door.set_back()
    return found


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_broken_files_are_answered(case: Case, door: Door) -> None:
    assert faults(case, door) == []


def test_each_case_has_its_own_name() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 600


def test_the_files_that_are_broken_were_good(door: Door) -> None:
    good = Case("the next day as it should be", "day", lambda files: None, "", posted=True)
    again = Case("the master files as they were", "masters", lambda files: None, "")
    assert faults(again, door) == []
    assert faults(good, door) == []


def test_every_finding_is_said_in_english_and_in_chinese(chinese: dict[str, str]) -> None:
    codes = {line.removeprefix("warn ").split(" ")[0] for case in CASES for line in case.expected}
    assert codes <= set(WORDS)
    unsaid = [code for code in sorted(codes) for words in WORDS[code] if not chinese.get(str(words))]
    assert unsaid == []


def test_every_code_that_the_import_can_give_has_its_sentence(chinese: dict[str, str]) -> None:
    said = codes()
    assert len(said) > 80
    assert sorted(said - set(WORDS) - set(SENTENCES)) == []
    assert [str(words) for code in sorted(said & set(WORDS)) for words in WORDS[code] if not chinese.get(str(words))] == []
    assert [str(SENTENCES[code]) for code in sorted(said - set(WORDS)) if not chinese.get(str(SENTENCES[code]))] == []


def codes() -> set[str]:
    """The codes that the import's source names."""
    rooms = ("imports", "settlement", "commission", "partners", "clients", "attribution")
    files = [path for room in rooms for path in (PORTAL / room).glob("*.py") if not path.name.startswith("cfmmc_")]
    calls = [node for path in [*files, *PORTAL.glob("*.py")] for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call) and node.args]
    named = [call.args[0] for call in calls if _called(call) in {"refuse", "warn", "Check", "say", "Expected", "Undecodable"}]
    return {str(code.value) for code in named if isinstance(code, ast.Constant)}


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def test_what_the_terminal_says_of_a_finding_is_its_sentence(door: Door) -> None:
    handed = door.good("day")
    cell(B, 2, "deposit", "NaN")(handed)
    answer = door.hand_in(handed)
    assert f"{B}:2 deposit: {WORDS['bad_amount'].sentence}" in answer.output


class TestControls:
    """The corpus must find what is planted."""

    def test_a_good_file_that_is_called_broken(self, door: Door) -> None:
        case = Case("good", "day", lambda files: None, f"bad_amount {B}:2 deposit")
        assert any("expected, not said: bad_amount" in fault for fault in faults(case, door))

    def test_a_check_that_was_taken_out(self, door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(day_checks, "_identities", lambda day, balances, findings: None)
        case = next(case for case in CASES if case.name == "balance off by one fen")
        found = faults(case, door)
        assert any("expected, not said: balance_identity" in fault for fault in found)
        assert any("rows were written" in fault for fault in found)

    def test_an_expectation_on_the_wrong_line(self, door: Door) -> None:
        case = next(case for case in CASES if case.name == "amount: NaN" or case.name == "amount: nan")
        assert faults(replace(case, outcome="bad_amount B:3 deposit"), door)


def _catalogue(path: Path) -> dict[str, str]:
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.string and not isinstance(message.id, tuple)}
