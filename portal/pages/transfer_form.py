"""What is typed of a transfer. Rules beyond the form of a field stand in portal/transfers."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from models.transfers import TransferKind, TransferReason
from portal.transfers.asked import Asked

KINDS = {"accounts": _l("Named accounts"), "book": _l("A broker’s whole book"), "correction": _l("Rows set right")}
REASONS = {
    "broker_left": _l("The broker left"),
    "staff_left": _l("A staff member left"),
    "client_asked": _l("The client asked for it"),
    "case_decided": _l("A case was decided"),
    "data_error": _l("It was recorded wrongly"),
    "compliance": _l("Compliance asks for it"),
    "agreement": _l("Agreed between the parties"),
}
_NEEDED = DataRequired(_l("Please fill this in."))


class TransferForm(FlaskForm):  # type: ignore[misc]
    """A transfer as asked."""

    kind = RadioField(_l("What changes hands"), choices=[SelectChoice(name, KINDS[name]) for name in ("accounts", "book")], default="accounts", validators=[_NEEDED])
    accounts = TextAreaField(_l("Account numbers"), validators=[Optional(), Length(max=60_000)])
    from_broker = StringField(_l("From broker"), validators=[Optional(), Length(max=64)])
    to_broker = StringField(_l("To broker"), validators=[Optional(), Length(max=64)])
    day = DateField(_l("Counts from the trade date"), validators=[_NEEDED])
    confirmed_on = DateField(_l("The client was called on"), validators=[Optional()])
    servicer = StringField(_l("Looked after by (staff number)"), validators=[Optional(), Length(max=64)])
    downline = BooleanField(_l("The brokers below come along"))
    reason = SelectField(_l("Reason"), choices=[SelectChoice(name, label) for name, label in REASONS.items()])
    evidence = StringField(_l("Evidence"), validators=[_NEEDED, Length(max=200)])
    note = TextAreaField(_l("Note"), validators=[Optional(), Length(max=2000)])

    def asked(self) -> Asked:
        """The transfer that was typed."""
        kind = TransferKind(self.kind.data)
        accounts = tuple((self.accounts.data or "").replace(",", " ").replace("，", " ").split()) if kind is TransferKind.ACCOUNTS else ()
        return Asked(
            kind=kind,
            from_broker=(self.from_broker.data or "").strip(),
            to_broker=(self.to_broker.data or "").strip(),
            day=self.day.data,
            reason=TransferReason(self.reason.data),
            evidence=self.evidence.data,
            note=self.note.data or "",
            accounts=accounts,
            confirmed_on=self.confirmed_on.data,
            servicer=(self.servicer.data or "").strip(),
            downline=bool(self.downline.data),
        )
