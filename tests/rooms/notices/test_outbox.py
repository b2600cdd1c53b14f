"""What goes out: written once with what it tells of, sent once by one worker through a real server, tried again where that failed, quiet at night."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from flask import Flask, request
from sqlalchemy import select, true, update

from models import db
from models.identity import Role, User
from models.outbox import MessageState, MessageWay, OutboxMessage
from portal import clock, create_app
from portal.actors import TERMINAL, Actor
from portal.gateways.mail import mailer, server_of
from portal.gateways.sms import HttpTexter, check
from portal.jobs import outbox as jobs
from portal.keys import keyring, secret
from portal.notices import choices, outbox, sending, verbs
from portal.notices.kinds import KINDS, Group
from portal.notices.outbox import Guest, Letter
from portal.notices.quiet import is_quiet, opens
from portal.pages.outbox import label_of
from portal.settings import BadSetting, Settings
from portal.transaction import transaction
from tests.at_once import at_once
from tests.people import email_of, post, seat, someone, token_in
from tests.rooms.notices.post_office import PostOffice, open_office
from tests.serving import served

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 25, 12, tzinfo=SHANGHAI)
"""A Wednesday."""


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with open_office() as found:
        yield found


@pytest.fixture
def mailing(settings: Settings, office: PostOffice) -> Iterator[Flask]:
    """A portal that sends its mails to the test's server, at noon; the context is there for verbs."""
    app = create_app(dataclasses.replace(settings, smtp_url=f"smtp://127.0.0.1:{office.port}", mail_from="居缘俱乐部 <club@firm.example>", base_url="https://portal.example"))
    with time_machine.travel(NOON, tick=False), app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def tell(user_id: int, kind: str = "statement.published", *, key: str = "", moment: datetime | None = None, **values: Any) -> None:
    filled = {"month": "2026-10", "net_fen": 123_400} if kind == "statement.published" else {}
    with transaction():
        verbs.tell([user_id], kind, "/commission", filled | values, actor=TERMINAL, moment=moment or clock.now(), letter=Letter(key))


def send() -> dict[str, int]:
    db.session.rollback()
    return jobs.send_due(mailer(), None)


def messages() -> list[OutboxMessage]:
    db.session.rollback()
    return list(db.session.execute(select(OutboxMessage).order_by(OutboxMessage.id).execution_options(populate_existing=True)).scalars())


def states() -> list[str]:
    return [message.state for message in messages()]


def test_a_mail_goes_out_once_in_the_readers_language_and_says_no_more_than_it_may(mailing: Flask, office: PostOffice) -> None:
    """N2: written with what it tells of, twice told is once written; text and HTML, no amount, a way to end it; the second run sends nothing."""
    one = someone(mailing, Role.BROKER, broker_no="B001")
    tell(one, key="2026-10")
    tell(one, key="2026-10")
    assert states() == ["waiting"]
    assert send() == {"sent": 1}
    assert (send(), states()) == ({}, ["sent"])
    [mail] = office.to(email_of(mailing, one))
    text, html = (mail.get_body((form,)) for form in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert mail["Subject"] == "Your statement of 2026-10 is ready."
    assert "https://portal.example/commission" in text.get_content()
    assert "1,234" not in mail.as_string(), "amounts are read on the page"
    assert str(mail["From"]) == "居缘俱乐部 <club@firm.example>"
    assert str(mail["List-Unsubscribe"]).startswith("<https://portal.example/unsubscribe/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_what_is_rolled_back_was_never_written(mailing: Flask) -> None:
    """N2: the message stands and falls with what it tells of."""
    one = someone(mailing, Role.BROKER, broker_no="B001")

    def dies() -> None:
        with transaction():
            verbs.tell([one], "statement.published", "/x", {"month": "2026-10", "net_fen": 1}, actor=TERMINAL, moment=clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        dies()
    assert states() == []


def claimed(app: Flask) -> list[int]:
    """What eight workers take at once, and one who comes when they have committed: on PostgreSQL those at once step over one another's rows."""
    taken: list[int] = []
    act = lambda: taken.extend(found.id for found in sending.claim(clock.now(), 3, keyring()))  # noqa: E731
    for workers in (8, 1):
        at_once(app, *[act] * workers)
    return taken


def test_of_many_workers_one_sends(mailing: Flask, office: PostOffice) -> None:
    """N2: eight workers at once, one mail each message."""
    people = [someone(mailing, Role.BROKER, broker_no=f"B{place:03d}") for place in range(6)]
    for one in people:
        tell(one)
    taken = claimed(mailing)
    assert sorted(taken) == [message.id for message in messages()]


def test_control_a_claim_that_marks_nothing_sends_twice(mailing: Flask, office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    """N2: the planted fault: what somebody has is still due. The count above finds it."""
    for place in range(6):
        tell(someone(mailing, Role.BROKER, broker_no=f"B{place:03d}"))
    monkeypatch.setattr(sending, "due", lambda moment: true())
    taken = claimed(mailing)
    assert len(taken) > len(set(taken))


def test_one_that_cannot_be_worded_keeps_no_other_back(mailing: Flask, office: PostOffice) -> None:
    """P10: it is tried again like one that did not go out; the others of its part are sent."""
    one, other = (someone(mailing, Role.BROKER, broker_no=number) for number in ("B001", "B002"))
    with transaction():
        broken = Letter("broken", {"calendar": "no number"})
        verbs.tell([one], "club.reminder", "/x", {"title": "x"}, actor=TERMINAL, moment=clock.now(), letter=broken)
    tell(other)
    assert send() == {"failed": 1, "sent": 1}
    assert messages()[0].failure == "ValueError"


def test_what_failed_is_tried_again_with_growing_pauses_and_then_seen(mailing: Flask, office: PostOffice) -> None:
    """N2: a server that says later is asked again, with pauses that grow; after the last try somebody can see it and start anew."""
    one = someone(mailing, Role.BROKER, broker_no="B001")
    address = email_of(mailing, one)
    office.refuses[address] = "451 try later"
    tell(one)
    moment, seen = clock.now(), []
    for _ in range(len(sending.PAUSES) + 1):
        with time_machine.travel(opens(moment), tick=False):
            send()
        [message] = messages()
        seen.append(message.state)
        moment = message.send_at + timedelta(seconds=1)
    assert seen == ["failed"] * len(sending.PAUSES) + ["given_up"]
    assert messages()[0].failure.startswith("451")
    office.refuses.clear()
    admin = Actor(someone(mailing, Role.ADMIN), "admin", (Role.ADMIN,))
    with transaction():
        sending.again(messages()[0].id, actor=admin, moment=clock.now())
    assert send() == {"sent": 1}


def test_a_definite_no_is_not_asked_again(mailing: Flask, office: PostOffice) -> None:
    """N2: no such mailbox: given up at once; the others of the same part go out."""
    gone, there = (someone(mailing, Role.BROKER, broker_no=number) for number in ("B001", "B002"))
    office.refuses[email_of(mailing, gone)] = "550 no such mailbox"
    tell(gone)
    tell(there)
    assert send() == {"given_up": 1, "sent": 1}


def test_a_worker_that_died_leaves_a_message_that_is_taken_up_with_the_same_id(mailing: Flask, office: PostOffice) -> None:
    """P10: the line is cut when the mail was taken but not answered: it goes out again, and its Message-ID is the same."""
    one = someone(mailing, Role.BROKER, broker_no="B001")
    tell(one)
    office.hangs_up = 1
    assert send() == {"failed": 1}
    with transaction():
        sending.claim(clock.now() + timedelta(minutes=2), 5, keyring())  # and here the process dies
    assert send() == {}, "somebody seems to be at it"
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert send() == {"sent": 1}
    assert len({mail["Message-ID"] for mail in office.mails}) == 1
    assert len(office.mails) == 2


def test_who_was_thought_dead_writes_nothing_about_a_message_that_another_has(mailing: Flask) -> None:
    """P10: the number of the try is the fence."""
    tell(someone(mailing, Role.BROKER, broker_no="B001"))
    with transaction():
        [old] = sending.claim(clock.now(), 5, keyring())
    with transaction():
        [new] = sending.claim(clock.now() + timedelta(hours=1), 5, keyring())
    with transaction():
        sending.failed(old, "late", clock.now())
    assert states() == ["sending"]
    with transaction():
        sending.ended(new, MessageState.SENT, clock.now())
    assert states() == ["sent"]


def at(day: int, hour: int, minute: int) -> datetime:
    """A moment of November 2026 by the clocks of Shanghai."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("here", "quiet", "then"),
    [
        (at(25, 20, 59), False, at(25, 20, 59)),
        (at(25, 21, 0), True, at(26, 8, 0)),
        (at(26, 2, 0), True, at(26, 8, 0)),
        (at(26, 7, 59), True, at(26, 8, 0)),
        (at(26, 8, 0), False, at(26, 8, 0)),
        (at(28, 21, 30), False, at(28, 21, 30)),
        (at(28, 22, 0), True, at(29, 8, 0)),
    ],
)
def test_quiet_hours_are_the_night_and_the_night_session(here: datetime, quiet: bool, then: datetime) -> None:
    """N2: 22:00 to 08:00, on weekdays from 21:00."""
    assert (is_quiet(here), opens(here)) == (quiet, then)


def test_at_night_only_what_is_urgent_goes_out_and_the_rest_in_the_morning(mailing: Flask, office: PostOffice) -> None:
    """N2: a statement waits for the morning; that a password was changed does not; who wants messages at any time gets them."""
    plain, owl = (someone(mailing, Role.BROKER, broker_no=number) for number in ("B001", "B002"))
    with transaction():
        choices.choose({}, None, True, actor=Actor(owl, "owl"), moment=clock.now())
    with time_machine.travel(NOON.replace(hour=23), tick=False):
        tell(plain)
        tell(plain, "sign_in.password_changed", who="x")
        tell(owl)
        assert send() == {"sent": 2}
    with time_machine.travel(NOON + timedelta(hours=20), tick=False):
        assert send() == {"sent": 1}
    assert [mail["Subject"] for mail in office.to(email_of(mailing, plain))][1] == "Your statement of 2026-10 is ready."


def test_a_message_whose_time_is_over_is_not_sent(mailing: Flask, office: PostOffice) -> None:
    """N2: nobody is reminded of what has begun."""
    one = someone(mailing, Role.CLIENT, client_no="C1")
    with transaction():
        verbs.tell([one], "club.reminder", "/x", {"title": "x"}, actor=TERMINAL, moment=clock.now(), letter=Letter("e", until=clock.now()))
    assert send() == {"given_up": 1}
    assert office.mails == []


def test_no_header_can_be_added_by_what_people_write(mailing: Flask, office: PostOffice) -> None:
    """N2: line breaks of every kind in a title or a name become blanks; an address with one is refused."""
    one = someone(mailing, Role.CLIENT, client_no="C1")
    with transaction():
        db.session.execute(update(User).values(name="X\r\nBcc: evil@example.com"))
    tell(one, "club.given_back", title="Copper\r\nBcc: evil@example.com\u2028X-Evil: 1\n\n<script>alert(1)</script>")
    assert send() == {"sent": 1}
    [mail] = office.mails
    assert mail["Bcc"] is None
    assert mail["X-Evil"] is None
    assert "\n" not in str(mail["Subject"])
    assert office.receivers == [email_of(mailing, one)]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    with transaction():
        guest = Guest("x@y.example\r\nRCPT TO:<evil@example.com>", "en", "/events/x", {"title": "x"})
        outbox.write_to_guests([guest], KINDS["club.seat_granted"], Letter("k"), clock.now())
    assert send() == {"given_up": 1}


def test_the_link_in_a_mail_ends_such_mails_after_a_button_or_a_programs_click(mailing: Flask, office: PostOffice) -> None:
    """N2: looking changes nothing; the button does, without a sign-in; it is good for this one thing; mails about the sign-in go on."""
    one = someone(mailing, Role.BROKER, broker_no="B001")
    tell(one)
    send()
    address = str(office.mails[0]["List-Unsubscribe"]).strip("<>").removeprefix("https://portal.example")
    db.session.remove()
    client = mailing.test_client()
    base = "https://portal.example"
    page = client.get(address, base_url=base)
    assert page.status_code == 200
    tell(one, key="again")
    assert send() == {"sent": 1}, "a program that follows links ends nothing"
    tell(one, key="waits already")
    assert client.post(address, base_url=base, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert send() == {"given_up": 1}, "also what was written before"
    tell(one, key="after")
    tell(one, "sign_in.password_changed", who="x")
    assert send() == {"sent": 1}
    assert client.post(address + "x", base_url=base).status_code == 404
    assert token_in(page.text)


def test_a_guest_ends_his_mails_by_his_address(mailing: Flask, office: PostOffice) -> None:
    """N1: an address without a sign-in can say no too, and only its digest is kept."""
    with transaction():
        outbox.write_to_guests([Guest("Guest@example.com", "en", "/events/x", {"title": "x"})], KINDS["club.seat_granted"], Letter("a"), clock.now())
    assert send() == {"sent": 1}
    token = str(office.mails[0]["List-Unsubscribe"]).strip("<>").rsplit("/", 1)[1]
    with transaction():
        choices.stop(token, secret(), moment=clock.now())
        choices.stop(token, secret(), moment=clock.now())
        outbox.write_to_guests([Guest("guest@EXAMPLE.com", "en", "/events/x", {"title": "x"})], KINDS["club.seat_granted"], Letter("b"), clock.now())
    assert send() == {"given_up": 1}


def test_one_chooses_on_a_page_and_a_phone_number_is_sealed(app: Flask) -> None:
    """N2: by group and way; a number is needed for text messages, is kept sealed and shown masked."""
    one = someone(app, Role.BROKER, broker_no="B001")
    client = seat(app, one)
    assert post(client, "/notices/ways", "/notices/ways", wanted=["money:sms"]).status_code == 422
    assert post(client, "/notices/ways", "/notices/ways", wanted=["money:sms"], phone="138 0013 8000").status_code == 303
    page = client.get("/notices/ways").text
    assert "+86*******8000" in page
    assert "13800138000" not in page.replace(" ", "")
    with app.app_context():
        tell(one, moment=NOON.astimezone(UTC))
        assert [(message.way, message.state) for message in messages()] == [(MessageWay.SMS, "waiting")]
        with transaction(), time_machine.travel(NOON, tick=False):
            assert [taken.to for taken in sending.claim(clock.now(), 5, keyring())] == ["+8613800138000"]
        db.session.remove()


def test_text_messages_go_to_the_provider_under_a_key(app: Flask) -> None:
    """N2: by POST with the key that tells a repetition; the provider's no is one, its trouble is tried again."""
    provider, asked, answers = Flask("provider"), [], [200, 500, 422]

    @provider.post("/send")
    def take() -> tuple[str, int]:
        asked.append((request.headers["Authorization"], request.get_json()))
        return "", answers.pop(0)

    one = someone(app, Role.BROKER, broker_no="B001")
    with served(provider) as base, app.app_context(), time_machine.travel(NOON, tick=False):
        about = f"message_contact.phone_sealed:{db.session.execute(select(User.public_id)).scalar_one()}"
        with transaction():
            wanted = {(Group.MONEY, MessageWay.MAIL): False, (Group.MONEY, MessageWay.SMS): True}
            choices.choose(wanted, keyring().seal("+8613800138000", about), False, actor=Actor(one, "one"), moment=clock.now())
        texter = HttpTexter(base + "/send", "key")
        for key, state in (("a", "sent"), ("b", "failed"), ("c", "given_up")):
            tell(one, key=key)
            assert jobs.send_due(None, texter) == {state: 1}
        db.session.remove()
    assert asked[0][0] == "Bearer key"
    assert asked[0][1]["to"] == "+8613800138000"
    assert asked[0][1]["text"].startswith("Your statement of 2026-10 is ready.")
    assert len({row["id"] for _key, row in asked}) == 3


def test_without_a_server_mails_are_kept_and_shown_to_their_reader_alone(app: Flask) -> None:
    """N2: nothing is set up: kept, and in a test or a demonstration one sees one's own at /dev/outbox, nobody else's."""
    one, other = someone(app, Role.BROKER, broker_no="B001"), someone(app, Role.BROKER, broker_no="B002")
    with app.app_context():
        with time_machine.travel(NOON, tick=False):
            tell(one)
            assert jobs.send_due(None, None) == {"kept": 1}
        number = messages()[0].id
        db.session.remove()
    assert "Your statement of 2026-10 is ready." in seat(app, one).get(f"/dev/outbox/{number}").text
    assert seat(app, other).get(f"/dev/outbox/{number}").status_code == 404
    assert "Your statement" not in seat(app, other).get("/dev/outbox").text


def test_a_portal_that_is_neither_demonstration_nor_test_shows_no_outbox(settings: Settings) -> None:
    """N2: the page is not there."""
    app = create_app(dataclasses.replace(settings, testing=False))
    assert not any(rule.rule.startswith("/dev/") for rule in app.url_map.iter_rules())


def test_an_invitation_goes_to_its_owner_and_its_link_is_sealed_until_then(mailing: Flask, office: PostOffice) -> None:
    """N2: the page shows the link as before; the mail has the same one; the database never has it in the open, and not at all once it is sent."""
    admin = someone(mailing, Role.ADMIN)
    db.session.remove()
    client, base = seat(mailing, admin, fresh_at=clock.now()), "https://portal.example"
    cookie = client.get_cookie(mailing.config["SIGN_IN_COOKIE"])
    assert cookie is not None
    client.set_cookie(cookie.key, cookie.value, domain="portal.example")
    form = client.get("/admin/users/new", base_url=base)
    fields = {"csrf_token": token_in(form.text), "email": "new@firm.example", "name": "New", "roles": "broker", "broker_no": "B009"}
    page = client.post("/admin/users/new", base_url=base, data=fields, headers={"Referer": base + "/admin/users/new"})
    assert page.status_code == 200, page.text[:400]
    link = page.text.split('value="https://portal.example/invite/')[1].split('"')[0]
    [message] = messages()
    assert link not in str({column.name: getattr(message, column.name) for column in OutboxMessage.__table__.columns})
    assert send() == {"sent": 1}
    [mail] = office.to("new@firm.example")
    text = mail.get_body(("plain",))
    assert text is not None
    assert link in text.get_content()
    assert mail["List-Unsubscribe"] is None
    assert messages()[0].secret_sealed is None


@pytest.mark.parametrize("url", ["http://mail", "smtp://", "smtp://mail:abc", "mail.firm.cn"])
def test_a_server_that_cannot_be_meant_keeps_the_portal_from_starting(settings: Settings, url: str) -> None:
    """N2: what was expected is said at the start, not at the first mail."""
    with pytest.raises(BadSetting):
        create_app(dataclasses.replace(settings, smtp_url=url, mail_from="club@firm.example"))
    with pytest.raises(BadSetting):
        server_of(dataclasses.replace(settings, smtp_url="smtp://mail", mail_from="nobody"))
    with pytest.raises(BadSetting):
        check(dataclasses.replace(settings, sms_url="http://sms.example/send"))


def test_what_was_sent_half_a_year_ago_is_forgotten(mailing: Flask, office: PostOffice) -> None:
    """V2: what is over goes; what still waits stays."""
    one = someone(mailing, Role.BROKER, broker_no="B001")
    tell(one)
    send()
    tell(one, key="waits")
    with transaction():
        assert sending.forget_old(clock.now() + timedelta(days=181)) == 1
    assert states() == ["waiting"]


def test_a_list_of_messages_leaves_open_what_each_fills_in(app: Flask) -> None:
    """N1: no kind of message is called by a sentence with a hole in it."""
    with app.test_request_context():
        called = {kind.kind: label_of(kind.kind) for kind in KINDS.values() if kind.mail}
    assert called["club.application_approved"] != called["club.seat_granted"]
    assert not [text for text in called.values() if "%(" in text]
    assert any("%(" in KINDS[kind].mail for kind in called), "there are sentences with holes"
