"""What is typed of an application and of what is shown for it. What it must come to stands in portal/onboarding/checks.py."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from models.onboarding import Item
from portal.onboarding import items
from portal.onboarding.texts import QUESTIONS, STATEMENTS
from portal.web.formats import language

_NEEDED = DataRequired(_l("Please fill this in."))
ITEMS = {
    "documents": _l("Documents"),
    "licence": _l("Licence"),
    "training": _l("Training"),
    "declaration": _l("Declaration"),
    "test": _l("Knowledge test"),
    "agreement": _l("Agreement"),
}
KINDS = {"person": _l("Natural person"), "institution": _l("Institution")}


class ApplicationForm(FlaskForm):  # type: ignore[misc]
    """Who applies, and under whom."""

    broker_no = StringField(_l("Broker number"), validators=[_NEEDED, Length(max=64)])
    name = StringField(_l("Name"), validators=[_NEEDED, Length(max=120)])
    kind = SelectField(_l("Kind"), choices=[SelectChoice(name, label) for name, label in KINDS.items()], default="person")
    id_no = StringField(_l("ID number"), validators=[_NEEDED, Length(max=64)])
    phone = StringField(_l("Phone"), validators=[_NEEDED, Length(max=64)])
    email = StringField(_l("Mail"), validators=[Optional(), Length(max=254)])
    branch_no = SelectField(_l("Branch"))
    manager_no = StringField(_l("Manager (staff number)"), validators=[Optional(), Length(max=64)])


class ItemForm(FlaskForm):  # type: ignore[misc]
    """Where the evidence is, and of which day."""

    shown_on = DateField(_l("Day of the evidence"), validators=[_NEEDED])
    evidence = StringField(_l("Evidence"), validators=[_NEEDED, Length(max=200)])

    def details(self) -> dict[str, Any]:
        """The item's own facts. Raises Refusal."""
        return {}


class LicenceForm(ItemForm):
    """A licence."""

    licence_no = StringField(_l("Licence number"), validators=[_NEEDED, Length(max=64)])
    first = DateField(_l("First day"), validators=[_NEEDED])
    last = DateField(_l("Last day"), validators=[_NEEDED])

    def details(self) -> dict[str, Any]:
        """Number and span."""
        return items.licence(self.licence_no.data or "", self.first.data, _end(self.last.data))


class TrainingForm(ItemForm):
    """Training."""

    hours = IntegerField(_l("Hours"), validators=[InputRequired(_l("Please fill this in.")), NumberRange(0, items.MOST_HOURS)])

    def details(self) -> dict[str, Any]:
        """Hours."""
        return items.training(self.hours.data)


class AgreementForm(ItemForm):
    """The agreement's terms."""

    plan_code = SelectField(_l("Commission plan"))
    first = DateField(_l("First day"), validators=[_NEEDED])
    last = DateField(_l("Last day"), validators=[_NEEDED])

    def details(self) -> dict[str, Any]:
        """Plan and span."""
        return items.agreement(self.plan_code.data, self.first.data, _end(self.last.data))


def form_for(item: Item, plans: list[str]) -> ItemForm:
    """The form of an item in the reader's language; its texts and questions come from data."""
    if item is Item.DECLARATION:
        return _declaration_form()()
    if item is Item.TEST:
        return _test_form()()
    form = {Item.LICENCE: LicenceForm, Item.TRAINING: TrainingForm, Item.AGREEMENT: AgreementForm}.get(item, ItemForm)()
    if isinstance(form, AgreementForm):
        form.plan_code.choices = plans
    return form


def _declaration_form() -> type[ItemForm]:
    class DeclarationForm(ItemForm):
        """The statements, each for itself."""

        def details(self) -> dict[str, Any]:
            """What was declared."""
            return items.declaration([statement.key for statement in STATEMENTS if self[statement.key].data])

    for statement in STATEMENTS:
        setattr(DeclarationForm, statement.key, BooleanField(_own(statement)))
    return DeclarationForm


def _test_form() -> type[ItemForm]:
    class TestForm(ItemForm):
        """The questions, one answer each."""

        def details(self) -> dict[str, Any]:
            """The answers."""
            return items.test([int(self[question.key].data) for question in QUESTIONS])

    place = 1 if language() == "zh" else 0
    for question in QUESTIONS:
        answers = [SelectChoice(str(number), answer[place]) for number, answer in enumerate(question.answers)]
        setattr(TestForm, question.key, RadioField(_own(question), choices=answers, validators=[InputRequired(_l("Please choose an answer."))]))
    return TestForm


def _own(text: Any) -> str:
    return str(text.zh if language() == "zh" else text.en)


def _end(last: date) -> date:
    """The first day after a last day; the calendar's end stays."""
    return last + timedelta(days=1) if last < date.max else last
