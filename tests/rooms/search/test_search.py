"""What is found, by whom: within one's rights, by index, in a few queries; with bait laid out and a control that takes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, select, text, true

from models import db
from models.identity import Role
from models.leads import IntroducerKind, Lead, LeadState
from models.partners import Branch
from models.search import SearchWord
from portal.leads import introducers
from portal.permissions import Can, scope_of
from portal.search import actions, find, index
from portal.search.job import one_step
from portal.transaction import on_postgresql, transaction
from tests import make, remembered
from tests.people import form_token, post, seat, someone
from tests.rooms.club.scene import event_of
from tests.rooms.leads.stories import lead_of
from tests.rooms.pages.firm import NUMBERS, settle_in

BAIT = {"own": "客户10001", "foreign": "客户10002"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """The firm of the pages' tests: account 10001 is one's own, 10002 another's; everything findable."""
    remembered.begin(app, tmp_path / "files", _findable)
    return app


def _findable(app: Flask, folder: Path) -> None:
    settle_in(app, folder)
    with app.app_context():
        assert index.behind()
        while one_step():
            pass
        assert not index.behind()
        db.session.remove()


def found(app: Flask, role: Role, typed: str, path: str = "/search/quick") -> str:
    """What somebody of a role, bound to the first of everything, is shown."""
    client = seat(app, someone(app, role, **NUMBERS))
    answer = post(client, path, "/me", q=typed)
    if answer.status_code == 303:
        answer = client.get(answer.location)
    assert answer.status_code == 200
    return answer.text


SEES_ALL = {Role.ADMIN, Role.FINANCE, Role.COMPLIANCE, Role.AUDITOR}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("path", ["/search/quick", "/search"])
def test_accounts_within_ones_rights(firm: Flask, role: Role, path: str) -> None:
    page = found(firm, role, "1000", path)
    assert "/clients/10001" in page
    assert ("/clients/10002" in page) is (role in SEES_ALL)


@pytest.mark.parametrize("role", [Role.BROKER, Role.STAFF, Role.CLIENT, Role.BRANCH_MANAGER])
@pytest.mark.parametrize("typed", ["10002", "C10002", "B002", "2026-03 B002", "19910002001", "2001"])
def test_bait_is_not_taken_by_whatever_word(firm: Flask, role: Role, typed: str) -> None:
    page = found(firm, role, typed).split("data-said")[0]
    assert "10002" not in page
    assert "B002" not in page


def test_control_without_visibility_the_bait_is_taken(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "visible_to", lambda actor, day: true())
    monkeypatch.setattr(find, "visible_brokers", lambda actor: true())
    assert "/clients/10002" in found(firm, Role.BROKER, "10002")
    assert "B002" in found(firm, Role.BROKER, "B002").split("data-said")[0]


def test_phone_numbers_only_for_who_may_see_them(firm: Flask) -> None:
    for typed in ("19910002001", "2001"):
        assert "/clients/10002" in found(firm, Role.COMPLIANCE, typed)
        assert "/clients/10002" not in found(firm, Role.FINANCE, typed)
        assert "/clients/10002" not in found(firm, Role.AUDITOR, typed)
    with firm.app_context():
        kept = b" ".join(db.session.execute(select(SearchWord.word)).scalars())
        assert b"2001 " not in kept + b" "
        assert b"19910002001" not in kept


@pytest.mark.parametrize("typed", ["19910002001", "+86 199-1000 2001", "１９９１０００２００１", "王 19910002001"])
def test_a_whole_number_stands_in_no_address(firm: Flask, typed: str) -> None:
    client = seat(firm, someone(firm, Role.COMPLIANCE))
    answer = post(client, "/search", "/me", q=typed)
    assert (answer.status_code, answer.location) == (200, None)
    assert ("/clients/10002" in answer.text) is (typed in {"19910002001", "１９９１０００２００１"})
    assert "/clients/10002" not in client.get("/search", query_string={"q": typed}).text
    assert client.get("/search/quick", query_string={"q": typed}).status_code == 405
    words = post(client, "/search", "/me", q="C10002")
    assert (words.status_code, words.location) == (303, "/search?q=C10002"), "control: words may stand there"


def test_months_statements_brokers_and_pages(firm: Flask) -> None:
    assert "/commission/months/2026-03" in found(firm, Role.FINANCE, "2026年3月")
    assert "/commission/months/2026-03" in found(firm, Role.AUDITOR, "2026")
    own = found(firm, Role.BROKER, "202603")
    assert "/commission/statements/2026-03/B001" in own
    assert "/commission/months/2026-03" not in own
    assert "/commission/statements/2026-03/B002" in found(firm, Role.FINANCE, "2026-03 B002")
    assert "/admin/users" in found(firm, Role.ADMIN, "yh"), "a page by the initials of its Chinese name"
    assert "/admin/users" in found(firm, Role.ADMIN, "user")
    assert "/admin/users" not in found(firm, Role.BROKER, "user")
    assert "balances-2026-03-02.csv" in found(firm, Role.FINANCE, "balances")


@pytest.mark.parametrize("typed", ["", "%", "'", "\x01", "x" * 5000, "🦄", "b001%00", "&lt;", "<b>", "刘" * 200])
def test_whatever_is_typed_is_answered(firm: Flask, typed: str) -> None:
    for path in ("/search", "/search/quick"):
        assert "<b>" not in found(firm, Role.ADMIN, typed, path)


def test_a_renamed_client_is_found_by_the_new_name_alone(firm: Flask, tmp_path: Path) -> None:
    before = found(firm, Role.FINANCE, "10002")
    assert "/clients/10002" in before
    with firm.app_context():
        folder = tmp_path / "later"
        make.write(folder, "accounts", ["10002,C10002,尉迟恭,person,9900001970010,19910002001,,02,,,,"])
        make.accepted(folder)
        assert index.behind()
        while one_step():
            pass
        assert not one_step(), "once more is the same as once"
        db.session.remove()
    assert "/clients/10002" in found(firm, Role.FINANCE, "yuchig")
    assert "尉迟恭" in found(firm, Role.FINANCE, "10002")


def test_few_queries_whatever_is_found(firm: Flask) -> None:
    client = seat(firm, someone(firm, Role.ADMIN))
    statements: list[str] = []
    with firm.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _r, statement, *_: statements.append(statement))
    counts, token = [], form_token(client, "/me")
    for typed in ("zzzz", "1000"):
        statements.clear()
        client.post("/search/quick", data={"csrf_token": token, "q": typed})
        counts.append(len(statements))
    assert max(counts) <= 14, counts


def test_words_are_read_by_their_index(firm: Flask) -> None:
    with firm.app_context():
        query = "SELECT ref FROM search_word WHERE kind = 'account' AND word >= :low AND word < :high ORDER BY word, ref LIMIT 48"
        if on_postgresql():
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = db.session.execute(text(("EXPLAIN " if on_postgresql() else "EXPLAIN QUERY PLAN ") + query), {"low": b"a", "high": b"b"}).all()
        said = " ".join(str(row) for row in plan)
        assert "pk_search_word" in said or "PRIMARY KEY" in said, said
        assert "TEMP B-TREE" not in said


LEADS = (("王小明", "13812340001", "B001"), ("欧阳明月", "13812340002", "B002"))
"""The first is of one's own broker and branch, the second another's."""


@pytest.fixture
def leads(firm: Flask) -> dict[str, str]:
    """Two leads that can be found; their addresses by name."""
    with firm.app_context():
        branches = dict(db.session.execute(select(Branch.branch_no, Branch.id)).all())
        for (name, phone, broker), branch in zip(LEADS, ("01", "02"), strict=True):
            key = lead_of(introducers.broker(broker), name=name, phone=phone)
            with transaction():
                lead = db.session.get_one(Lead, key)
                lead.branch_id, lead.owner_staff_id = branches[branch], None
        assert index.behind()
        while one_step():
            pass
        assert not index.behind()
        made = {lead.name: lead.public_id for lead in db.session.execute(select(Lead)).scalars()}
        db.session.remove()
    return made


@pytest.mark.parametrize("role", list(Role))
def test_leads_within_ones_rights(firm: Flask, leads: dict[str, str], role: Role) -> None:
    own, foreign = leads["王小明"], leads["欧阳明月"]
    assert own in found(firm, role, "xiaoming")
    assert (own in found(firm, role, "wxm")) is (role is not Role.CLIENT), "a client knows friends by their given names"
    for typed in ("欧阳", "oymy", "mingyue", "L2026-00002", "13812340002"):
        assert (foreign in found(firm, role, typed)) is (role in SEES_ALL and (typed != "13812340002" or role is Role.ADMIN)), typed


def test_control_without_visibility_a_foreign_lead_is_found(firm: Flask, leads: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "leads_visible_to", lambda actor: true())
    assert leads["欧阳明月"] in found(firm, Role.BROKER, "欧阳")


def test_a_client_finds_a_friend_by_his_given_name_alone(firm: Flask) -> None:
    with firm.app_context():
        key = lead_of(introducers.Introducer(IntroducerKind.CLIENT, "C10001"), name="赵大勇", phone="13812340003")
        while one_step():
            pass
        address = db.session.get_one(Lead, key).public_id
        db.session.remove()
    page = found(firm, Role.CLIENT, "大勇")
    assert address in page
    assert "赵大勇" not in page
    assert address not in found(firm, Role.CLIENT, "赵大")
    assert address not in found(firm, Role.CLIENT, "zhaodayong")


def test_a_merged_lead_is_not_found(firm: Flask, leads: dict[str, str]) -> None:
    with firm.app_context():
        with transaction():
            db.session.execute(select(Lead).where(Lead.name == "王小明")).scalar_one().state = LeadState.MERGED
        db.session.remove()
    assert leads["王小明"] not in found(firm, Role.ADMIN, "wxm")


@pytest.mark.parametrize("typed", ["铜与", "tbzy", "tongyumeiyuan", "copper"])
def test_an_event_is_found_by_its_titles_pinyin_and_initials(firm: Flask, typed: str) -> None:
    with firm.app_context():
        event_of("copper-night", title="套保之夜：铜与美元", title_en="Hedging night: copper and the dollar")
        event_of("copper-draft", published=False, title="铜与美元草稿", title_en="Copper, a draft")
        db.session.remove()
    for role in (Role.CLIENT, Role.BROKER, Role.STAFF):
        page = found(firm, role, typed)
        assert "/events/copper-night" in page
        assert "copper-draft" not in page, "a draft is for who prepares events"
    assert "/club/events/copper-night" in found(firm, Role.BRANCH_MANAGER, typed)


@pytest.mark.parametrize("role", list(Role))
def test_what_one_may_begin_is_found_and_opens(firm: Flask, role: Role) -> None:
    client = seat(firm, someone(firm, role, **({"client_no": NUMBERS["client_no"]} if role is Role.CLIENT else NUMBERS)))
    begun: set[str] = set()
    for entry in actions.ACTIONS:
        answer = post(client, "/search/quick", "/me", q=str(entry.label))
        begun |= {str(link["href"]) for link in BeautifulSoup(answer.text, "html.parser").select('[aria-labelledby="finder-actions"] a')}
    for address in begun:
        assert client.get(address).status_code == 200, address
    assert ("/club/events/new" in begun) is (role in {Role.BRANCH_MANAGER, Role.ADMIN})
    assert ("/leads/new" in begun) is (scope_of([role], Can.LEAD_REGISTER) is not None and role is not Role.CLIENT), "a client brings friends by his link"
