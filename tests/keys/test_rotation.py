"""Keys are rotated while the portal serves; nothing sealed is lost, nothing plain is left lying about."""

from __future__ import annotations

import dataclasses
import logging
import random
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from models import Base, db
from models.audit import AuditEntry
from models.clients import Account, AccountVersion
from models.identity import User
from models.partners import Branch, Broker, BrokerVersion, Relative, Staff, StaffVersion
from portal import create_app, keys
from portal.actors import TERMINAL
from portal.audit.recordings import open_recording
from portal.identity import factors
from portal.resealing import PLACES, left_behind
from portal.sealing import Keyring, Unreadable, normal_id_no
from portal.settings import Settings
from portal.transaction import on_postgresql, transaction
from tests.rooms.audit.people import NOON, person

COUNT = 50
DRAW = random.Random(20261120)
CANARIES = [f"{DRAW.randrange(10**17, 10**18)}X" for _ in range(COUNT)] + [f"1{DRAW.randrange(10**9, 10**10)}" for _ in range(COUNT * 3)]
"""Numbers that stand nowhere else: ID numbers first, phones after."""


def fill(count: int = COUNT) -> None:
    """A firm whose clients, brokers, relatives and staff have sealed numbers."""
    ring = keys.keyring()
    phones = iter(CANARIES[COUNT:])

    def sealed(table: str, column: str, number: str, plain: str) -> dict[str, str]:
        return {f"{column}_sealed": ring.seal(plain, f"{table}.{column}_sealed:{number}")}

    def both(table: str, number: str, index: int) -> dict[str, str]:
        id_no, phone = CANARIES[index], next(phones)
        return {
            **sealed(table, "id_no", number, id_no),
            "id_no_index": ring.blind_index(normal_id_no(id_no)),
            **sealed(table, "phone", number, phone),
            "phone_index": ring.blind_index(phone),
        }

    with transaction():
        step = open_recording(TERMINAL, NOON, "test").id
        db.session.add(Branch(id=1, branch_no="B"))
        for n in range(1, count + 1):
            common: dict[str, Any] = {"recording_id": step, "withdrawn": False, "branch_id": 1, "email": ""}
            db.session.add_all([Account(id=n, account_no=f"A{n}"), Broker(id=n, broker_no=f"I{n}"), Staff(id=n, staff_no=f"S{n}")])
            db.session.flush()
            phone = next(phones)
            db.session.add_all(
                [
                    AccountVersion(account_id=n, client_no=f"C{n}", name="n", kind="person", risk_grade="C1", **common, **both("account_version", f"A{n}", n - 1)),
                    BrokerVersion(broker_id=n, name="n", kind="person", **common, **both("broker_version", f"I{n}", n - 1)),
                    StaffVersion(staff_id=n, name="n", **common, **sealed("staff_version", "phone", f"S{n}", phone), phone_index=ring.blind_index(phone)),
                    Relative(
                        broker_id=n,
                        relation="spouse",
                        valid_from=NOON.date(),
                        valid_to=NOON.date().replace(year=2027),
                        recording_id=step,
                        withdrawn=False,
                        id_no_index=ring.blind_index(CANARIES[n - 1]),
                        **sealed("relative", "id_no", f"I{n}", CANARIES[n - 1]),
                    ),
                ]
            )


def everything() -> dict[tuple[str, int], str]:
    """Every sealed value, opened, by column and row."""
    opened = {}
    for place in PLACES:
        for row, sealed, number in db.session.execute(select(place.table.c.id, place.table.c[place.column], place.number).select_from(place.source)):
            opened[place.name, row] = keys.keyring().open(sealed or "", f"{place.name}:{number}")
    return opened


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    with app.app_context():
        db.session.remove()
    done = app.test_cli_runner().invoke(args=["keys", *arguments])
    return done.exit_code, done.output


def test_the_index_outlives_every_key() -> None:
    old = Keyring.parse(Keyring.fresh("k1"))
    ring = old
    for name in ("k2", "k3", "k4"):
        ring = Keyring.parse(ring.with_newest(name).written())
        ring = ring.without(ring.keys[-1][0])
        assert ring.blind_index("13800138000") == old.blind_index("13800138000")
    assert [name for name, _ in ring.keys] == ["k4"]
    assert Keyring.parse(Keyring.fresh("k1")).blind_index("13800138000") != old.blind_index("13800138000")


def test_control_without_its_own_entry_retiring_the_oldest_would_change_the_index() -> None:
    ring = Keyring.parse(f"{Keyring.fresh('k2')},{Keyring.fresh('k1')}")
    assert Keyring(ring.keys[:1]).blind_index("13800138000") != ring.blind_index("13800138000")
    assert ring.without("k1").blind_index("13800138000") == ring.blind_index("13800138000")


@pytest.mark.parametrize("written", ["", "k1:", "k1:AAAA", ":" + "A" * 44, "index:" + "A" * 43 + "=", "k.1:" + "A" * 43 + "=", ",".join(["k1:" + "A" * 43 + "="] * 2), "k1:é"])
def test_keys_that_cannot_be_used_are_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong, it is not taken
        Keyring.parse(written)


def test_the_newest_and_unknown_keys_cannot_be_taken_away() -> None:
    ring = Keyring.parse(Keyring.fresh("k1")).with_newest("k2")
    for name in ("k2", "k9", "index"):
        with pytest.raises(ValueError):  # noqa: PT011
            ring.without(name)
    for name in ("k1", "index"):
        with pytest.raises(ValueError):  # noqa: PT011
            ring.with_newest(name)


def test_broken_values_are_unreadable_never_an_error_of_another_kind() -> None:
    ring = Keyring.parse(Keyring.fresh("k1"))
    good = ring.seal("13800138000", "a")
    for bad in ("k1.", "k1.x", "k1.é", "k9." + good[3:], good[:-4] + "AAAA", "plain", "k1." + "A" * 8):
        with pytest.raises(Unreadable):
            ring.open(bad, "a")
    with pytest.raises(Unreadable):
        ring.open(good, "b")


def test_rotation_keeps_every_value_and_every_index(app: Flask, settings: Settings) -> None:
    with app.app_context():
        fill()
        user = db.session.get_one(User, person("secret").user_id)
        with transaction():
            user.totp_secret = keys.keyring().seal("JBSWY3DPEHPK3PXP", factors.about(user))
        before = everything()
        assert sum(bool(value) for value in before.values()) == COUNT * 6 + 1
        indexes = db.session.execute(select(AccountVersion.id_no_index).order_by(AccountVersion.account_id)).scalars().all()
    code, said = run(app, "rotate")
    assert (code, f"{COUNT * 6 + 1} values sealed anew with k2" in said) == (0, True)
    with app.app_context():
        after = everything()
        assert {key: value for key, value in after.items() if value} == {key: value for key, value in before.items() if value}
        assert left_behind("k1") == {}
        ring = keys.keyring()
        assert [ring.blind_index(canary) for canary in CANARIES[:COUNT]] == indexes
        assert db.session.execute(select(AuditEntry.action).order_by(AuditEntry.seq)).scalars().all() == ["keys.rotated", "keys.resealed"]
    file = Path(settings.instance) / keys.FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run(app, "retire", "k1")[0] == 0
    with app.app_context():
        assert [name for name, _ in keys.keyring().keys] == ["k2"]
        assert {key: value for key, value in everything().items() if value} == {key: value for key, value in before.items() if value}
        assert keys.keyring().blind_index(CANARIES[0]) == indexes[0]
    aside = Keyring.parse((Path(settings.instance) / keys.RETIRED).read_text().strip())
    assert aside.newest == "k1"


def test_a_key_in_use_is_not_retired(app: Flask, settings: Settings) -> None:
    with app.app_context():
        fill(3)
        ring = keys.keyring()
        keys.keep(ring.with_newest("k2"), ring)
    code, said = run(app, "retire", "k1")
    assert (code, "k1 still seals 18 values" in said) == (1, True)
    assert run(app, "list")[1].splitlines()[1].startswith("k1\t18")
    assert run(app, "retire", "k2")[0] == 1
    assert run(app, "retire", "nobody")[0] == 1
    assert run(app, "reseal")[1].startswith("18 values")
    assert run(app, "reseal")[1].startswith("0 values")
    assert run(app, "retire", "k1")[0] == 0


def test_values_that_were_changed_or_moved_are_named_and_left(app: Flask) -> None:
    with app.app_context():
        fill(4)
        with transaction():  # the sealed columns are the ones that may be written: move one value to another row, spoil another
            values = db.session.execute(select(BrokerVersion.phone_sealed).order_by(BrokerVersion.id)).scalars().all()
            db.session.execute(update(BrokerVersion).where(BrokerVersion.broker_id == 1).values(phone_sealed=values[1]))
            db.session.execute(update(BrokerVersion).where(BrokerVersion.broker_id == 3).values(id_no_sealed=values[2]))
        with pytest.raises(Unreadable):
            keys.keyring().open(values[1], "broker_version.phone_sealed:I1")
    code, said = run(app, "rotate")
    assert (code, "22 values sealed anew" in said, "2 values do not open" in said) == (1, True, True)
    with app.app_context():
        assert left_behind("k1") == {"broker_version.id_no_sealed": 1, "broker_version.phone_sealed": 1}
        assert db.session.execute(select(BrokerVersion.phone_sealed).where(BrokerVersion.broker_id == 1)).scalar_one() == values[1]
    assert run(app, "retire", "k1")[0] == 1


def test_keys_from_the_settings_are_printed_not_kept(settings: Settings) -> None:
    given = dataclasses.replace(settings, data_keys=Keyring.fresh("k1"))
    app = create_app(given)
    with app.app_context():
        fill(2)
    code, said = run(app, "rotate")
    assert code == 0
    written = said.splitlines()[-1]
    again = create_app(dataclasses.replace(settings, data_keys=written))
    assert run(again, "reseal")[1].startswith("12 values sealed anew with k2")
    code, said = run(again, "retire", "k1")
    assert code == 0
    assert Keyring.parse(said.splitlines()[-1]).newest == "k2"
    assert "k1:" not in said
    assert not (Path(settings.instance) / keys.FILE).exists()
    for each in (app, again):
        with each.app_context():
            db.session.remove()
            db.engine.dispose()


def test_two_rotations_at_once_do_not_lose_a_key(app: Flask, settings: Settings) -> None:
    with app.app_context():
        ring = keys.keyring()
        keys.keep(ring.with_newest("k2"), ring)
        with pytest.raises(Exception, match="changed meanwhile"):
            keys.keep(ring.with_newest("k2"), ring)
        (Path(settings.instance) / f"{keys.FILE}.new").touch()
        with pytest.raises(Exception, match="under way"):
            keys.keep(keys.keyring().with_newest("k3"), keys.keyring())
        assert [name for name, _ in keys.keyring().keys] == ["k2", "k1"]


def test_others_read_and_write_while_keys_rotate(app: Flask, settings: Settings) -> None:
    """Another process of the portal, with a keyring of its own, never meets a value that it cannot open."""
    other, stop, faults, reads = create_app(settings), threading.Event(), [], [0]
    with app.app_context():
        fill()

    def serve() -> None:
        with other.app_context():
            while not stop.is_set():
                row = DRAW.randrange(1, COUNT + 1)
                sealed = db.session.execute(select(AccountVersion.phone_sealed).where(AccountVersion.account_id == row).order_by(AccountVersion.id.desc()).limit(1)).scalar_one()
                db.session.rollback()
                try:
                    keys.keyring().open(sealed, f"account_version.phone_sealed:A{row}")
                    reads[0] += 1
                except Unreadable as error:
                    faults.append(error)
            db.session.remove()
            db.engine.dispose()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        for _ in range(3):
            assert run(app, "rotate")[0] == 0
    finally:
        stop.set()
        thread.join()
    assert not faults
    assert reads[0] > 0


def lying_about(settings: Settings, logged: str) -> bytes:
    """Everything that is kept: the database with its journal (on PostgreSQL every table as text), all files, the log."""
    kept = logged.encode()
    if on_postgresql():
        for name in Base.metadata.tables:
            kept += "\n".join(db.session.execute(text(f'SELECT CAST(t AS text) FROM "{name}" t')).scalars()).encode()
    for path in Path(settings.instance).rglob("*"):
        kept += path.read_bytes() if path.is_file() else b""
    return kept


def test_no_number_lies_about_in_plain(app: Flask, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    with app.app_context():
        fill()
    assert run(app, "rotate")[0] == 0
    assert run(app, "retire", "k1")[0] == 0
    with app.app_context():
        kept = lying_about(settings, caplog.text)
        assert [canary for canary in CANARIES if canary.encode() in kept] == []
        assert b"A50" in kept, "what is not sealed is found: the search works"
        with transaction():
            db.session.execute(update(Account).where(Account.id == 1).values(account_no=CANARIES[0]))
        assert CANARIES[0].encode() in lying_about(settings, caplog.text), "control: an unsealed column gives itself away"
