"""From last month to this one: the effects add up to the fen, and each catches what it is named after."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from portal.commission.bridge import EFFECTS, Bridge, Cell, Side, bridge

WHOLE = 1_000_000


def side(cells: dict[tuple[int, str], tuple[int, int, int]], accounts: str = "12", measure: str = "fee", **more: int) -> Side:
    """A month: (account, product) → (base, share in per cent, amount); accounts as digits."""
    made = {(measure, account, product): Cell(base, base * share * WHOLE // 100, amount) for (account, product), (base, share, amount) in cells.items()}
    return Side(made, frozenset(int(digit) for digit in accounts), **more)


def told(found: Bridge) -> dict[str, int]:
    """The effects that are not 0."""
    assert sum(found.effects.values()) == found.after - found.before
    assert list(found.effects) == list(EFFECTS)
    return {name: fen for name, fen in found.effects.items() if fen}


BEFORE = {(1, "rb"): (10_000, 100, 5_000), (2, "m"): (10_000, 50, 1_000)}


def test_twice_the_trading_is_volume() -> None:
    after = {(1, "rb"): (20_000, 100, 10_000), (2, "m"): (20_000, 50, 2_000)}
    assert told(bridge(side(BEFORE), side(after))) == {"volume": 6_000}


def test_the_same_trading_with_another_client_is_mix() -> None:
    after = {(1, "rb"): (5_000, 100, 2_500), (2, "m"): (15_000, 50, 1_500)}
    assert told(bridge(side(BEFORE), side(after))) == {"mix": -2_000}


def test_another_share_is_attribution() -> None:
    after = {(1, "rb"): (10_000, 60, 3_000), (2, "m"): (10_000, 50, 1_000)}
    assert told(bridge(side(BEFORE), side(after))) == {"attribution": -2_000}


def test_a_suspended_month_is_attribution() -> None:
    after = {("fee", 1, "rb"): Cell(10_000, 0, 0), ("fee", 2, "m"): Cell(10_000, 5_000 * WHOLE, 1_000)}
    assert told(bridge(side(BEFORE), Side(after, frozenset({1, 2})))) == {"attribution": -5_000}


def test_clients_who_came_and_went_are_attribution() -> None:
    found = bridge(side(BEFORE, "12"), side({(1, "rb"): (10_000, 100, 5_000), (3, "au"): (700, 100, 333)}, "13"))
    assert told(found) == {"attribution": -667}
    assert (found.came, found.went) == (333, -1_000)


def test_another_rate_is_rate_and_so_is_rounding() -> None:
    after = {(1, "rb"): (10_000, 100, 4_800), (2, "m"): (10_000, 50, 1_000)}
    assert told(bridge(side(BEFORE), side(after, rest=-7))) == {"rate": -207}


def test_a_plan_that_pays_on_something_else_is_rate() -> None:
    by_lot = side({(1, "rb"): (40, 100, 1_200)}, measure="lots")
    assert told(bridge(side(BEFORE), by_lot)) == {"rate": -4_800}
    assert told(bridge(by_lot, side(BEFORE))) == {"rate": 4_800}


def test_a_month_without_trades_is_volume() -> None:
    assert told(bridge(side(BEFORE), side({}))) == {"volume": -6_000}
    assert told(bridge(side({}), side(BEFORE))) == {"volume": 6_000}


def test_a_product_that_was_not_traded_before_is_mix() -> None:
    after = {**BEFORE, (2, "m"): (5_000, 50, 500), (2, "au"): (5_000, 50, 1_250)}
    assert told(bridge(side(BEFORE), side(after))) == {"mix": 750}


def test_the_statements_own_columns_stand_by_themselves() -> None:
    assert told(bridge(side(BEFORE, corrections=5, level=-3), side(BEFORE, corrections=-1, adjustments=40))) == {"corrections": -6, "level": 3, "adjustments": 40}


def test_a_base_that_adds_up_to_nothing_is_no_change() -> None:
    """A fee given back on a day of another share: 100 at the whole, −100 at the half."""
    undone = Side({("fee", 1, "rb"): Cell(0, 50_000_000, 25)}, frozenset({1}))
    assert told(bridge(undone, undone)) == {}


def test_control_an_effect_that_is_left_out_is_noticed() -> None:
    found = bridge(side(BEFORE), side({**BEFORE, (1, "rb"): (20_000, 100, 10_000)}))
    short = replace(found, effects={**found.effects, "mix": 0})
    assert sum(short.effects.values()) != short.after - short.before


AMOUNT = st.integers(-(10**9), 10**9)
CELLS = st.dictionaries(
    st.tuples(st.sampled_from(["fee", "lots", "equity", "override"]), st.integers(1, 4), st.sampled_from(["rb", "m", ""])),
    st.builds(Cell, base=st.integers(-(10**6), 10**6), held=st.integers(-(10**12), 10**12), amount=AMOUNT),
    max_size=10,
)
SIDE = st.builds(Side, cells=CELLS, accounts=st.frozensets(st.integers(1, 4)), rest=AMOUNT, corrections=AMOUNT, level=AMOUNT, adjustments=AMOUNT)


@given(SIDE, SIDE)
def test_the_effects_always_add_up_to_the_fen(before: Side, after: Side) -> None:
    found = bridge(before, after)
    assert (found.before, found.after) == (before.total, after.total)
    assert sum(found.effects.values()) == after.total - before.total


@given(SIDE)
def test_a_month_against_itself_changes_nothing(month: Side) -> None:
    whole = replace(month, accounts=frozenset({1, 2, 3, 4}))
    effects = bridge(whole, whole).effects
    assert sum(effects.values()) == 0
    assert {effects[name] for name in ("attribution", "corrections", "level", "adjustments")} == {0}
