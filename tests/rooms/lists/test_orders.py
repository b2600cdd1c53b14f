"""Every order that a list offers can be asked for, in both directions, and brings a page."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from models.identity import Role
from portal.actors import TERMINAL
from portal.web.list_declared import LIST_PAGES
from tests.people import seat, someone
from tests.rooms.lists.test_lists import LISTS, OWN, worked_out
from tests.rooms.pages.firm import NUMBERS, settle_in


def test_every_order_of_every_list_brings_a_page(app: Flask, tmp_path: Path) -> None:
    settle_in(app, tmp_path / "files")
    worked_out(app)
    clients: dict[Role, FlaskClient] = {}
    wrong, asked = [], 0
    for address, role in LISTS:
        client = clients.setdefault(role, seat(app, someone(app, role, email=f"{role}{asked}@firm.example", **{name: NUMBERS[name] for name in OWN.get(role, ())})))
        endpoint = app.url_map.bind("localhost").match(address.partition("?")[0])[0]
        for sort in LIST_PAGES[endpoint].for_actor(TERMINAL).listing.sorts:
            for order in (sort, f"-{sort}"):
                status = client.get(f"{address}{'&' if '?' in address else '?'}sort={order}").status_code
                asked += 1
                if status != 200:
                    wrong.append((address, order, status))
    assert wrong == []
    assert asked > 2 * len(LISTS)
