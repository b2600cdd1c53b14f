"""The words of cases between two claims, and what is typed of one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal.pages.leads_words import KINDS as PEOPLE
from portal.transfers.case_entries import Evidence

STATES = {
    "open": (_l("Case open"), "warn"),
    "decided": (_l("Case decided"), "info"),
    "appealed": (_l("Case under appeal"), "bad"),
    "closed": (_l("Case closed"), "neutral"),
    "withdrawn": (_l("Case withdrawn"), "neutral"),
}
"""The states with their tones."""
KINDS = {"contact": _l("A contact"), "document": _l("A document"), "statement": _l("What the client said"), "other": _l("Something else")}
"""The kinds of evidence that a party shows."""
HEARD = {
    "named_held": _l("The client named who held the claim"),
    "named_contesting": _l("The client named who contests it"),
    "named_nobody": _l("The client named nobody"),
    "finding": _l("Something that the firm found"),
}
"""What the firm heard or found."""
ACTIONS = {
    **KINDS,
    **HEARD,
    "opened": _l("Contested"),
    "decide": _l("Case decided"),
    "appeal": _l("Appealed"),
    "judge": _l("Decided on appeal"),
    "take_back": _l("Appeal taken back"),
    "withdraw": _l("Case withdrawn"),
    "close": _l("Case closed"),
}
SIDES = {"held": _l("Who held the claim"), "contesting": _l("Who contests it"), "firm": _l("The firm")}
VERDICTS = {"held": _l("The held claim stands"), "contesting": _l("The contesting claim stands"), "firm": _l("Neither claim stands")}
_NEEDED = DataRequired(_l("Please fill this in."))


class ContestForm(FlaskForm):  # type: ignore[misc]
    """Whom one claims, and what one stands on."""

    who = SelectField(_l("Kind"), default="person", choices=[SelectChoice(name, label) for name, label in PEOPLE.items()])
    name = StringField(_l("Name"), validators=[_NEEDED, Length(max=120)])
    phone = StringField(_l("Phone"), validators=[Optional(), Length(max=40)])
    id_no = StringField(_l("ID number"), validators=[Optional(), Length(max=40)])
    kind = SelectField(_l("What you show"), choices=[SelectChoice(name, label) for name, label in KINDS.items()])
    text = TextAreaField(_l("What it says"), validators=[_NEEDED, Length(min=4, max=4000)])
    reference = StringField(_l("Where it can be found"), validators=[_NEEDED, Length(min=3, max=200)])

    def evidence(self) -> Evidence:
        """The evidence that was typed."""
        return Evidence(self.kind.data, self.text.data, self.reference.data)
