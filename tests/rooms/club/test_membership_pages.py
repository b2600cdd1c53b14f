"""The pages of membership: a client joins, pays, shows his card, ends and revives; the desk decides, gives, writes uses down."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import db
from models.clients import Account
from models.club_membership import ClubApplication, ClubMember
from models.identity import Role, User
from models.leads import Lead
from portal.actors import Actor, actor_of
from portal.club.events import Kind
from portal.club.membership import State
from portal.club.statuses import STATUSES
from portal.pages.club_member_words import APPLICATION_STATES, CAUSES, KINDS, STATES, STATUS_WORDS
from portal.settings import Settings
from portal.transaction import transaction
from tests.people import hidden_in, post, seat, someone
from tests.rooms.club.membership_scene import add_tiers, tier_of
from tests.rooms.club.scene import Shop, clients, event_of, shop_in
from tests.rooms.leads.makers import lead_public_id
from tests.rooms.pages.firm import settle_in


@pytest.fixture
def shop(settings: Settings) -> Iterator[Shop]:
    """A portal with a stand-in of its own, and the tiers."""
    with shop_in(settings) as open_shop:
        open_shop.read(add_tiers)
        yield open_shop


def pays(shop: Shop, client: FlaskClient) -> None:
    """Go to the page that the membership names, and pay there."""
    address = re.search(r'href="(http[^"]*/pay/(cs_test_\w+))"', client.get("/membership").text)
    assert address, client.get("/membership").text
    shop.pays(address[2])
    assert client.get("/membership/paid").status_code == 303


def test_a_year_of_membership_from_joining_to_reviving(shop: Shop) -> None:
    """M1 M2 M3 S9: read by everybody, subscribed, the card, changed up after a look at the cost, down, ended after a look, kept after all."""
    [one] = clients(shop.app, 1)
    stranger, client = shop.app.test_client(), seat(shop.app, one.user_id or 0)
    text = stranger.get("/membership").text
    assert "¥1,200.00" in text
    assert "sign-in?next=/membership" in text.replace("%2F", "/")
    assert client.get("/membership/card").status_code == 303
    look = client.get("/membership/silver/join").text
    assert "¥600.00" in look
    assert shop.read(lambda: db.session.execute(select(ClubMember)).first()) is None, "looking writes nothing"
    assert post(client, "/membership/silver/pay", "/membership/silver/join", kind="subscription").status_code == 303
    pays(shop, client)
    shop.deliver()
    card = client.get("/membership/card").text
    assert 'class="qr"' in card
    assert "12 of 12 left this year" in card
    changing = client.get("/membership/gold/change").text
    cost = hidden_in(changing, "cost")
    assert post(client, "/membership/gold/change", "/me", at=hidden_in(changing, "at"), cost="1").status_code == 409
    assert post(client, "/membership/gold/change", "/me", at="17", cost=cost).status_code == 409
    assert post(client, "/membership/gold/change", "/me", at=hidden_in(changing, "at"), cost=cost).status_code == 303
    assert shop.read(lambda: tier_of(one)) == "gold"
    lower = client.get("/membership/silver/change").text
    assert "Nothing is collected now" in lower
    assert post(client, "/membership/silver/change", "/me", at=hidden_in(lower, "at"), cost="0").status_code == 303
    assert "Waits: Silver" in client.get("/membership").text
    assert "Nothing is collected any more" in client.get("/membership/cancel").text
    assert post(client, "/membership/cancel", "/membership/cancel").status_code == 303
    assert "Ends with the paid period" in client.get("/membership").text
    assert post(client, "/membership/cancel", "/me").status_code == 409
    assert post(client, "/membership/keep", "/me").status_code == 303
    assert "Renews itself" in client.get("/membership").text
    assert "¥600.00" in seat(shop.app, someone(shop.app, Role.FINANCE)).get("/club/money").text


def test_the_desk_decides_gives_and_writes_uses_down(shop: Shop, tmp_path: Path) -> None:
    """M7 C3: an application approved once; a grant looked at, given with reason and end, ended with one; a benefit used up and taken back."""
    settle_in(shop.app, tmp_path / "files")
    admin, one = seat(shop.app, someone(shop.app, Role.ADMIN)), someone(shop.app, Role.CLIENT, client_no="C10001")
    client = seat(shop.app, one)
    assert post(client, "/membership/friend/apply", "/membership", words="I trade copper.").status_code == 303
    assert post(client, "/membership/friend/apply", "/me").status_code == 409
    number = shop.read(lambda: db.session.execute(select(ClubApplication.public_id)).scalar_one())
    assert "I trade copper." in admin.get("/club/members/applications?state=open").text
    where = f"/club/members/applications/{number}"
    assert post(admin, where, where, wish="refuse").status_code == 422
    assert post(admin, where, where, wish="approve").status_code == 303
    assert post(admin, where, "/me", wish="approve").status_code == 409
    given(admin)
    page = admin.get("/club/members?tier=gold")
    member = re.search(r"/club/members/([\w-]+)\"", page.text.partition("<tbody>")[2])
    assert member, page.text
    where = f"/club/members/{member[1]}"
    assert post(admin, f"{where}/use", where, benefit="guest-room").status_code == 303
    assert "nothing is left" in post(admin, f"{where}/use", where, benefit="guest-room").text
    assert post(admin, f"{where}/use", where, taken=hidden_in(admin.get(where).text, "taken")).status_code == 303
    assert post(admin, f"{where}/end", where, membership="x", reason="over").status_code == 422
    spans = re.findall(r'name="membership" value="(\d+)"', admin.get(where).text)
    assert len(spans) == 2
    assert post(admin, f"{where}/end", where, membership=spans[-1], reason="moved away").status_code == 303
    code = shop.read(lambda: db.session.execute(select(ClubMember.code)).scalar_one())
    assert where in admin.get(f"/club/members?code=JUYUAN-CARD:{code.lower()}").text
    assert "Nothing matches" in admin.get("/club/members?code=AAAAAAAAAA").text
    assert shop.read(lambda: tier_of(person_at(one))) == "friend"


def test_a_prospect_is_given_a_tier_and_keeps_it_as_a_client(shop: Shop, tmp_path: Path) -> None:
    """M1: a lead becomes a member by hand; once he is a client it is the same membership, under his client number."""
    settle_in(shop.app, tmp_path / "files")
    admin = seat(shop.app, someone(shop.app, Role.ADMIN))
    lead = shop.read(lambda: lead_public_id(None, "own"))
    day = datetime.now(UTC).date()
    wish = {"who": f"lead:{lead}", "tier": "silver", "from": day.isoformat(), "until": (day + timedelta(days=30)).isoformat(), "reason": "met at the salon"}
    assert post(admin, "/club/members/grant", "/club/members/grant", **wish, step="do").status_code == 303
    assert "Prospect" in admin.get(admin.get("/club/members?tier=silver").text.partition('<th scope="row" class="table-head"><a href="')[2].partition('"')[0]).text

    def opens_an_account() -> None:
        with transaction():
            account = select(Account.id).where(Account.account_no == "10001").scalar_subquery()
            db.session.execute(update(Lead).where(Lead.public_id == lead).values(account_id=account))

    shop.read(opens_an_account)
    client = seat(shop.app, someone(shop.app, Role.CLIENT, client_no="C10001"))
    assert "Silver" in client.get("/membership/card").text
    assert post(client, "/membership/friend/apply", "/membership").status_code == 303
    assert shop.read(lambda: db.session.execute(select(ClubMember.person)).scalars().all()) == ["client:C10001"]
    assert post(admin, "/club/members/grant", "/club/members/grant", **wish, step="look").status_code == 422, "he is a client by now"


def person_at(user_id: int) -> Actor:
    """The actor of a user."""
    return actor_of(db.session.get_one(User, user_id))


def given(admin: FlaskClient) -> None:
    """A grant: what is wrong is said, what is right is shown before it is done."""
    day = datetime.now(UTC).date()
    wish = {"who": "C10001", "tier": "gold", "from": (day - timedelta(days=1)).isoformat(), "until": (day + timedelta(days=30)).isoformat(), "reason": "a guest of honour"}
    for wrong in ({"who": "C99999"}, {"who": "lead:nobody"}, {"from": "tomorrow"}):
        assert post(admin, "/club/members/grant", "/club/members/grant", **wish | wrong, step="look").status_code == 422
    shown = post(admin, "/club/members/grant", "/club/members/grant", **wish, step="look")
    assert (shown.status_code, "Give it" in shown.text, "a guest of honour" in shown.text) == (200, True, True)
    assert "Nothing matches" in admin.get("/club/members?tier=gold").text, "looking gives nothing"
    assert post(admin, "/club/members/grant", "/club/members/grant", **wish, step="do").status_code == 303
    assert post(admin, "/club/members/grant", "/club/members/grant", **wish, step="do").status_code == 409


def test_tiers_are_written_down_and_an_evening_asks_for_one(shop: Shop) -> None:
    """M1: the form says what does not hold; an event for a tier tells a client what to do, and lets a member in."""
    admin, [one] = seat(shop.app, someone(shop.app, Role.ADMIN)), clients(shop.app, 1)
    client = seat(shop.app, one.user_id or 0)
    typed = {"key": "platinum", "kind": "paid", "rank": "50", "name": "白金卡", "name_en": "Platinum", "dues": "3600.00", "months": "12", "grace_days": "30", "is_open": "y"}
    typed["benefits"] = "salon | 沙龙 | Salon | 4\nreport | 研究报告 | Research reports |"
    for wrong in ({"key": "Big Card"}, {"dues": "NaN"}, {"dues": ""}, {"rank": "30"}, {"benefits": "salon"}, {"name": ""}, {"kind": "equity"}):
        assert post(admin, "/club/tiers/new", "/club/tiers/new", **typed | wrong).status_code in {409, 422}, wrong
    assert post(admin, "/club/tiers/new", "/club/tiers/new", **typed).status_code == 303
    form = admin.get("/club/tiers/edit/platinum").text
    assert "salon | 沙龙 | Salon | 4" in form
    assert post(admin, "/club/tiers/edit/platinum", "/me", **typed, version="9").status_code == 409
    assert post(admin, "/club/tiers/edit/platinum", "/me", **typed | {"dues": "3800.00"}, version="1").status_code == 303
    assert "¥3,800.00" in client.get("/membership").text
    assert "no settled day" in admin.get("/club/tiers/equity").text
    shop.read(lambda: event_of("salon-night", tiers=("platinum",), kinds=(Kind("免费", "Free", 0),)))
    page = client.get("/events/salon-night").text
    assert "this evening is for Platinum members" in page
    kind = hidden_in(client.get("/events/copper").text + '<input name="kind" value="1">', "kind")
    refused = post(client, "/events/salon-night/book", "/me", kind=kind, name="王小明")
    assert (refused.status_code, "join under Membership" in refused.text) == (422, True)
    assert post(client, "/membership/platinum/pay", "/membership/platinum/join", kind="once").status_code == 303
    pays(shop, client)
    assert post(client, "/events/salon-night/book", "/events/salon-night", kind=kind, name="王小明").status_code == 303


def test_every_state_has_its_words() -> None:
    """S9: whatever Stripe or a rule says, a person reads it in words."""
    assert set(STATUS_WORDS) == set(STATUSES)
    assert set(STATES) == {state.value for state in State}
    assert all((KINDS, CAUSES, APPLICATION_STATES))
