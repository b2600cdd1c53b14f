"""Under which words a name is found."""

from __future__ import annotations

import doctest

import pytest

from portal.search import months, words


def test_the_examples_hold() -> None:
    for module in (words, months):
        assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("刘建国", "刘"),
        ("刘建国", "建国"),
        ("刘建国", "liujianguo"),
        ("刘建国", "Liu Jian"),
        ("刘建国", "jianguo"),
        ("刘建国", "ljg"),
        ("刘建国", "LJ"),
        ("单雄信", "shan"),
        ("曾国藩", "zeng"),
        ("尉迟恭", "yuchi"),
        ("重庆长江实业有限公司", "chongqing"),
        ("重庆长江实业有限公司", "cjsy"),
        ("重庆长江实业有限公司", "长江"),
        ("Müller & Söhne", "muller"),
        ("Müller & Söhne", "sohne"),
        ("ＡＢＣ期货", "abc"),
    ],
)
def test_a_name_is_found_by(name: str, typed: str) -> None:
    span = words.span_of(typed)
    assert span is not None
    assert any(span[0] <= word < span[1] for word in words.words_of(name))


@pytest.mark.parametrize("typed", ["", "  ", "%", "'; --", "_", "\x00", "…"])
def test_nothing_typed_finds_nothing(typed: str) -> None:
    assert words.span_of(typed) is None
