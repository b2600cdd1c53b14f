"""The receipt of a claim on paper, and the script with which anybody checks its file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.documents.paper import Column, Paper, Section
from portal.documents.pdf import pdf_of
from portal.pages.qr import picture

SCRIPT = Path(__file__).with_name("check_receipt.py")


@cache
def offered_verifier() -> tuple[bytes, str]:
    """The script that checks a receipt, and its SHA-256."""
    body = SCRIPT.read_bytes()
    return body, hashlib.sha256(body).hexdigest()


def receipt_pdf(receipt: Mapping[str, Any], locale: str) -> bytes:
    """The bytes of a receipt's PDF in a language (zh_Hans_CN or en)."""
    with force_locale(locale):
        return pdf_of(receipt_paper(receipt, locale))


def receipt_paper(receipt: Mapping[str, Any], locale: str) -> Paper:
    """The receipt as a paper, in the language of the context. It names nobody, as the signed file does not."""
    body, person = receipt["body"], receipt["body"]["person"]
    digests = tuple((str(label), _grouped(person[name])) for name, label in (("name", _("Name")), ("phone", _("Phone")), ("id_no", _("ID number"))) if name in person)
    sections = (
        Section(_("About whom: slow digests (scrypt) with the salt %(salt)s", salt=person["salt"]), (Column(_("Field")), Column(_("Digest"))), digests),
        Section(_("Signature"), (Column(_("Field")), Column(_("Value"))), ((_("Signing key"), receipt["key"]), (_("Ed25519 signature"), _grouped(receipt["signature"])))),
    )
    return Paper(
        name="receipt",
        language="zh" if locale.startswith("zh") else "en",
        title=_("Receipt of a claim"),
        number=body["claim"],
        digest=receipt["digest"],
        made=datetime.fromisoformat(body["signed_at"]),
        head=(
            (_("Introducer"), body["introducer"]),
            (_("Lead"), body["lead"]),
            (_("Registered (UTC)"), body["registered_at"]),
            (_("Protected until"), body["protected_until"]),
            (_("Firm"), body["firm"]),
            (_("Signed (UTC)"), body["signed_at"]),
        ),
        sections=sections,
        closing=(
            _("What counts is the machine-readable file of this receipt: the signature is under its body, byte for byte. The code above is its digest."),
            _("The protection may end earlier where nothing happens, as the firm's terms say."),
            _("Check it with check_receipt.py and the firm's public key, both offered at %(firm)s/receipts.", firm=str(body["firm"]).rstrip("/")),
        ),
        picture=(picture(f"sha256:{receipt['digest']}", size=8), _("QR code of the digest %(digest)s", digest=receipt["digest"])),
    )


def _grouped(digits: str) -> str:
    """Hexadecimal digits in groups, so that a line can break between them and a reader compare them."""
    return " ".join(digits[start : start + 8] for start in range(0, len(digits), 8))
