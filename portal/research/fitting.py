"""What fits somebody's first page: a few reports and courses, each with its reason. Pure: nothing comes in that he may not see."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from models.research import ResearchKind
from models.service_plans import Interest
from portal.research.chains import chain_of
from portal.research.reading import Shown

REPORTS, COURSES = 3, 2
"""So many of each at most."""
LOOKED_BACK = timedelta(days=90)
"""Products that were traded in so many days count."""


class Reason(enum.StrEnum):
    """Why something fits: it speaks of a product that he traded, of the chain of one, or of a chain that he subscribed to."""

    PRODUCT = "product"
    CHAIN = "chain"
    SUBSCRIBED = "subscribed"


class Fit(NamedTuple):
    """Something that fits, why, and the products (as the files name them) or the chain that make it fit."""

    shown: Shown
    reason: Reason
    because: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What the choice reads of a person: products that he traded, chains that he subscribed to, what he came to the end of."""

    products: Sequence[str]
    chains: Collection[str]
    finished: Collection[int]


def fitting(rows: Sequence[Shown], of: Reading) -> list[Fit]:
    """At most a few reports, then at most a few courses, of what he may see: his products first, then their chains, then what he subscribed to;
    among equals in the order given. What he has read to the end is left out."""
    fits = [fit for one in rows if one.item.id not in of.finished and (fit := fit_of(one, of)) is not None]
    fits.sort(key=lambda fit: list(Reason).index(fit.reason))
    reports = [fit for fit in fits if fit.shown.item.kind == ResearchKind.REPORT]
    courses = [fit for fit in fits if fit.shown.item.kind == ResearchKind.COURSE]
    return reports[:REPORTS] + courses[:COURSES]


def fit_of(one: Shown, of: Reading) -> Fit | None:
    """Why a report or course fits; None where it does not."""
    named = {code.lower() for code in one.version.products}
    hit = tuple(product for product in of.products if product.lower() in named)
    if hit:
        return Fit(one, Reason.PRODUCT, hit)
    chain = Interest(one.version.chain)
    near = tuple(product for product in of.products if chain_of(product) is chain)
    if near:
        return Fit(one, Reason.CHAIN, near)
    return Fit(one, Reason.SUBSCRIBED, (chain.value,)) if chain.value in of.chains else None
