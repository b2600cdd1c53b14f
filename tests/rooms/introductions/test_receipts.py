"""A receipt proves who claimed whom and when, without the firm; a single changed byte is refused."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select, update

from models import db
from models.identity import Role
from models.leads import Claim, Lead
from portal import clock
from portal.documents import check_receipt
from portal.documents.receipt import SCRIPT
from portal.keys import signer
from portal.leads import receipts
from portal.leads.people import person
from portal.signing import Signer, holds
from portal.transaction import transaction
from tests import make
from tests.people import post, seat, someone
from tests.rooms.introductions.makers import link_of, registered
from tests.rooms.introductions.test_public_form import send

WANG = person(name="王小明", phone="138 1234 5678", id_no="11010519491231002X")


def body() -> dict[str, object]:
    return {"schema": receipts.SCHEMA, "claim": "c", "introducer": "broker:B001", "person": receipts.commitment(WANG), "protected_until": "2026-05-31"}


@pytest.fixture(scope="module")
def key() -> Signer:
    return Signer.parse(Signer.fresh())


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    make.settled(app, tmp_path / "files")
    return app


def test_a_single_changed_byte_is_refused_by_the_portal_and_by_the_script(key: Signer) -> None:
    file = receipts.file_of(receipts.signed(body(), key))
    assert receipts.verify(file, key.public_keys)["claim"] == "c"
    assert check_receipt.body_of(file, key.public_keys)["claim"] == "c"
    for place in range(len(file)):
        for change in (1, 32):
            changed = file[:place] + bytes([file[place] ^ change]) + file[place + 1 :]
            with pytest.raises(receipts.BadReceipt):
                receipts.verify(changed, key.public_keys)
    for place in range(0, len(file), 40):  # the script reckons slowly
        with pytest.raises(ValueError, match=r"receipt|key"):
            check_receipt.body_of(file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :], key.public_keys)
    for changed in (file + b"\n", b" " + file, file[:-1], b"", b"[]", b"null", b"[" * 100_000, b"\xff"):
        with pytest.raises(receipts.BadReceipt):
            receipts.verify(changed, key.public_keys)
        with pytest.raises(ValueError, match="receipt"):
            check_receipt.body_of(changed, key.public_keys)


def test_control_without_the_signature_an_altered_body_would_pass(key: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    forged = receipts.signed({**body(), "introducer": "broker:B002"}, Signer.parse(Signer.fresh()))
    forged["key"] = next(iter(key.public_keys))
    with pytest.raises(receipts.BadReceipt, match="signature"):
        receipts.verify(receipts.file_of(forged), key.public_keys)
    monkeypatch.setattr(receipts, "holds", lambda *given: True)
    assert receipts.verify(receipts.file_of(forged), key.public_keys)["introducer"] == "broker:B002"


def test_a_receipt_of_another_firm_is_refused(key: Signer) -> None:
    file = receipts.file_of(receipts.signed(body(), Signer.parse(Signer.fresh())))
    with pytest.raises(receipts.BadReceipt, match="none of the firm's"):
        receipts.verify(file, key.public_keys)


def test_older_keys_are_published_still(key: Signer) -> None:
    both = Signer((Signer.parse(Signer.fresh()).seeds[0], key.seeds[0]))
    assert receipts.verify(receipts.file_of(receipts.signed(body(), key)), both.public_keys)
    assert both.sign(b"x")[0] != key.sign(b"x")[0]


def test_the_scripts_own_arithmetic_is_that_of_the_library() -> None:
    for number in range(20):
        private = Ed25519PrivateKey.generate()
        public, message = private.public_key().public_bytes_raw(), bytes([number]) * number
        signature = private.sign(message)
        assert check_receipt.holds(public, signature, message)
        assert holds(public.hex(), signature.hex(), message)
        broken = bytes([signature[0] ^ 1]) + signature[1:]
        high = signature[:32] + (int.from_bytes(signature[32:], "little") + check_receipt.ORDER).to_bytes(32, "little")
        for wrong in (broken, high, signature[:-1], bytes(64)):
            assert not check_receipt.holds(public, wrong, message)
            assert not holds(public.hex(), wrong.hex(), message)
    # RFC 8032, 7.1, test 2
    public, signature = (
        bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
        bytes.fromhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
    )
    assert check_receipt.holds(public, signature, bytes.fromhex("72"))


def test_a_receipt_names_nobody_and_is_about_one_person(key: Signer) -> None:
    file = receipts.file_of(receipts.signed(body(), key)).decode()
    for said in ("王小明", "13812345678", "11010519491231002X"):
        assert said not in file
    committed = json.loads(file)["body"]["person"]
    assert check_receipt.is_about(committed, "phone", "+8613812345678")
    assert not check_receipt.is_about(committed, "phone", "+8613812345679")
    assert check_receipt.is_about(committed, "name", "王小明")


def test_an_introducer_takes_his_receipt_along_and_anybody_checks_it(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        code = link_of("B001")
        db.session.remove()
    send(firm, code)
    with firm.app_context():
        public_id = db.session.execute(select(Claim.public_id)).scalar_one()
        db.session.remove()
    mine, other = (seat(firm, someone(firm, Role.BROKER, broker_no=number)) for number in ("B001", "B002"))
    address = f"/receipts/{public_id}"
    for page in (address, f"{address}/receipt.json", f"{address}/receipt.pdf"):
        assert mine.get(page).status_code == 200
        assert other.get(page).status_code == 404
    stranger = firm.test_client()
    (tmp_path / "receipt.json").write_bytes(mine.get(f"{address}/receipt.json").data)
    (tmp_path / "key.json").write_bytes(stranger.get("/receipts/key").data)
    assert stranger.get("/receipts/check_receipt.py").data == SCRIPT.read_bytes()
    for phone, verdict in (("+8613812345678", 0), ("+8613812345679", 1)):
        done = subprocess.run([sys.executable, "-I", str(SCRIPT), "receipt.json", "key.json", "--phone", phone], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == verdict, done.stdout + done.stderr
        assert ("genuine\n" in done.stdout) == (verdict == 0)
    for language, word in (("en", "Receipt of a claim"), ("zh_Hans_CN", "报备回执")):
        paper = PdfReader(io.BytesIO(mine.get(f"{address}/receipt.pdf?lang={language}").data))
        text = "".join(page.extract_text() for page in paper.pages)
        assert word in text
        assert public_id in text
        assert paper.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_the_terminal_verifies_a_file(firm: Flask, tmp_path: Path) -> None:
    with firm.app_context():
        made = registered("B001")
        assert made.claim is not None
        file = receipts.file_of(made.claim.receipt)
        assert signer().public_keys
        db.session.remove()
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(file)
    bad.write_bytes(file.replace(b"B001", b"B002"))
    run = firm.test_cli_runner()
    assert run.invoke(args=["receipts", "verify", str(good)]).exit_code == 0
    refused = run.invoke(args=["receipts", "verify", str(bad)])
    assert refused.exit_code == 1
    assert "changed" in refused.output
    assert json.loads(run.invoke(args=["receipts", "keys"]).output) == firm.test_client().get("/receipts/key").json


def test_a_claim_from_a_file_is_signed_later_and_only_once(firm: Flask) -> None:
    with firm.app_context():
        made = registered("B001")
        assert made.claim is not None
        public_id = made.claim.public_id
        with transaction():
            db.session.execute(update(Claim).values(receipt=None))
        db.session.remove()
    mine = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    assert mine.get(f"/receipts/{public_id}/receipt.json").status_code == 404
    assert post(mine, f"/receipts/{public_id}", "/me").status_code == 303
    first = mine.get(f"/receipts/{public_id}/receipt.json").data
    assert post(mine, f"/receipts/{public_id}", "/me").status_code == 303
    assert mine.get(f"/receipts/{public_id}/receipt.json").data == first


def test_of_a_person_whose_time_is_over_no_receipt_is_handed_out(firm: Flask) -> None:
    with firm.app_context():
        made = registered("B001")
        assert made.claim is not None
        public_id = made.claim.public_id
        with transaction():
            db.session.execute(update(Claim).values(receipt={"digest": "00"}))
            db.session.execute(update(Lead).values(erased_at=clock.now(), phone_sealed="", phone_index="", name=""))
        db.session.remove()
    mine = seat(firm, someone(firm, Role.BROKER, broker_no="B001"))
    page = mine.get(f"/receipts/{public_id}")
    assert page.status_code == 200
    assert "was deleted" in page.text
    assert mine.get(f"/receipts/{public_id}/receipt.json").status_code == 404
    assert mine.get(f"/receipts/{public_id}/receipt.pdf").status_code == 404
    assert post(mine, f"/receipts/{public_id}", "/me").status_code == 409


def test_keys_of_the_instance_folder_are_for_its_owners_eyes(firm: Flask) -> None:
    with firm.app_context():
        signer()
    path = Path(firm.config["PORTAL"].instance) / "receipt_keys"
    assert path.stat().st_mode & 0o077 == 0
