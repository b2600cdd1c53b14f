"""What somebody asks for when he books: how many seats, for whom, under which names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portal.fields import one_line
from portal.refusals import Refusal

LONGEST_NAME = 60


@dataclass(frozen=True)
class Guest:
    """Somebody who comes along: what to call him, whether he agreed that the firm knows his name, and where he wants news of the event."""

    name: str
    agreed: bool
    email: str = ""


@dataclass(frozen=True)
class Wish:
    """What somebody asks for: a kind of ticket, his own name on the list, his guests, and the code of a voucher where he has one. `answers`: to the event's questions,
    by seat and question (None: this only tries whether there are seats, and nothing is asked); `english`: in which language he read them."""

    kind_id: int
    name: str
    guests: tuple[Guest, ...] = ()
    code: str = ""
    answers: tuple[Mapping[int, str], ...] | None = ()
    english: bool = False

    @property
    def seats(self) -> int:
        """How many seats that is."""
        return 1 + len(self.guests)


def checked_name(name: str) -> str:
    """A name as it is kept. Raises Refusal where it is none."""
    name = one_line(name)
    if not name or len(name) > LONGEST_NAME:
        raise Refusal("a name has 1 to %(most)s characters", most=LONGEST_NAME)
    return name
