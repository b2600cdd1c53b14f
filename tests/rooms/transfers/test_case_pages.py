"""A case on its pages, step by step as its people walk it: contest, evidence, decision, letters, appeal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from models import db
from models.identity import Role
from models.leads import LeadDoor
from models.partners import Branch
from portal import clock
from portal.actors import TERMINAL
from portal.keys import keyring
from portal.leads import introducers, register
from portal.leads.people import person
from portal.leads.register import Source
from portal.local_day import day_of, today
from portal.transaction import transaction
from tests.canaries import readable
from tests.people import post, seat, someone
from tests.rooms.pages.firm import settle_in

WANG = {"name": "王一", "phone": "138 1234 5678", "kind": "contact", "text": "met him at the steel fair", "reference": "diary of 1 March"}


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """B001 registered Wang today."""
    settle_in(app, tmp_path / "files")
    with app.app_context():
        with transaction():
            branch = db.session.query(Branch.id).order_by(Branch.id).first()
            assert branch is not None
            wang = person(name=WANG["name"], phone=WANG["phone"])
            moment = clock.now()
            register.register(wang, introducers.broker("B001"), Source(LeadDoor.FORM, branch[0]), actor=TERMINAL, moment=moment, today=day_of(moment), keyring=keyring())
        db.session.remove()
    return app


def test_contest_evidence_decision_letters_and_appeal(firm: Flask) -> None:
    one, two = (seat(firm, someone(firm, Role.BROKER, broker_no=number)) for number in ("B001", "B002"))
    desk, other = seat(firm, someone(firm, Role.COMPLIANCE)), seat(firm, someone(firm, Role.ADMIN))
    assert "already" in post(one, "/cases", **WANG).text
    assert post(two, "/cases", **{**WANG, "text": ""}).status_code == 422
    assert post(two, "/cases", **{**WANG, "phone": "12"}).status_code == 422
    answer = post(two, "/cases", **WANG)
    assert answer.status_code == 303
    page = answer.headers["Location"]
    mine, theirs = two.get(page).text, one.get(page).text
    assert "diary of 1 March" in mine
    assert (WANG["name"] in desk.get(page).text, WANG["name"] in mine) == (True, False), "the desk knows whom the case is about"
    assert "diary of 1 March" not in theirs
    assert "B002" not in theirs
    assert "B001" not in re.sub(r"<head.*?</head>", "", mine, flags=re.DOTALL)
    assert post(one, f"{page}/show", kind="document", text="his application", reference="form 7").status_code == 303
    both = desk.get(page).text
    assert all(word in both for word in ("diary of 1 March", "form 7", "B001", "B002", "The first valid claim wins"))
    assert post(desk, f"{page}/hear", kind="named_held", text="he named B001", reference="tape 12").status_code == 303
    assert post(one, f"{page}/decide", verdict="held", words="I decide").status_code == 403
    assert two.get(f"{page}/letter").status_code == 404
    assert post(desk, f"{page}/decide", verdict="held", words="The first contact counts.").status_code == 303
    for reader, says in ((one, "Your claim stands"), (two, "Your claim does not stand")):
        assert says in reader.get(f"{page}/letter").text
        paper = readable(reader.get(f"{page}/letter.pdf"))
        assert says in paper
        assert "The first contact counts." in paper
        assert "王一" not in paper
    assert "Your claim does not stand" in desk.get(f"{page}/letter?side=contesting").text
    assert post(two, f"{page}/appeal", words="He met me first.").status_code == 303
    assert post(desk, f"{page}/judge", verdict="held", words="I stay by it.").status_code == 403
    assert post(other, f"{page}/judge", verdict="contesting", words="The diary is older.").status_code == 303
    assert "Your claim stands" in two.get(f"{page}/letter").text
    assert post(two, f"{page}/show", kind="contact", text="once more", reference="diary").status_code == 409


def test_the_list_shows_a_party_its_own_and_names_nobody(firm: Flask) -> None:
    one, two = (seat(firm, someone(firm, Role.BROKER, broker_no=number)) for number in ("B001", "B002"))
    desk = seat(firm, someone(firm, Role.FINANCE))
    assert "No case yet" in two.get("/cases").text
    post(two, "/cases", **WANG)
    assert "K20" in one.get("/cases").text
    assert "B002" not in one.get("/cases").text
    assert "B002" in desk.get("/cases?format=csv").text
    assert one.get("/cases?state=nonsense&sort=x&waits=late").status_code < 500


def test_a_company_is_contested_by_its_credit_code(firm: Flask) -> None:
    two = seat(firm, someone(firm, Role.BROKER, broker_no="B002"))
    company = {**WANG, "name": "新湖贸易有限公司", "phone": "", "id_no": "913100001322023452"}
    with firm.app_context():
        with transaction():
            branch = db.session.query(Branch.id).order_by(Branch.id).first()
            assert branch is not None
            who = person(name=company["name"], phone="", id_no=company["id_no"], kind="institution")
            register.register(who, introducers.broker("B001"), Source(LeadDoor.FORM, branch[0]), actor=TERMINAL, moment=clock.now(), today=today(), keyring=keyring())
        db.session.remove()
    assert post(two, "/cases", **company).status_code == 422, "an individual has no credit code"
    assert post(two, "/cases", **company, who="institution").status_code == 303
    assert post(two, "/cases", **company, who="nobody").status_code == 422


def test_what_a_look_up_asked_for_comes_along_as_a_sent_form(firm: Flask) -> None:
    two = seat(firm, someone(firm, Role.BROKER, broker_no="B002"))
    text = post(two, "/cases/new", name="王一", phone="138 1234 5678").text
    assert 'value="王一"' in text
    assert 'value="138 1234 5678"' in text
