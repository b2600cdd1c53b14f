"""Which product chain (产业链) a product belongs to. Pure: the codes of the exchanges, without their months."""

from __future__ import annotations

import re
from typing import Final

from models.service_plans import Interest

_CODES: Final = {
    Interest.FERROUS: "rb hc i j jm sf sm ss wr",
    Interest.ENERGY: "sc lu fu bu pg ta ma eg eb pf px pr l v pp ur sa fg sh ru nr br sp op zc bz pl",
    Interest.AGRICULTURE: "a b m y p c cs jd lh rr sr cf cy oi rm rs ap cj pk wh pm ri lr jr lg fb bb",
    Interest.METALS: "cu al zn pb ni sn ao ad bc au ag pt pd si lc ps",
    Interest.FINANCIAL: "if ih ic im t tf ts tl ec",
    Interest.OPTIONS: "io ho mo",
}
CHAINS: Final = {code: chain for chain, codes in _CODES.items() for code in codes.split()}
"""The chain of each product, by its code in small letters. An option counts to the options, whatever lies under it."""
CODE: Final = re.compile(r"[A-Za-z]{1,4}(?:_o)?")
"""What a product's code looks like: letters, and `_o` for the options on it."""


def chain_of(product: str) -> Interest | None:
    """The chain of a product as the settlement files name it; None for one that no exchange named when this was written.

    >>> chain_of("rb"), chain_of("TA"), chain_of("m_o"), chain_of("xyz")
    (<Interest.FERROUS: 'ferrous'>, <Interest.ENERGY: 'energy'>, <Interest.OPTIONS: 'options'>, None)
    """
    code = product.lower()
    return Interest.OPTIONS if code.endswith("_o") else CHAINS.get(code)
