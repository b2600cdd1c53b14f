"""What is typed about users: forms with their labels. Rules beyond the form of a field stand in the verbs."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, EqualTo, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from models.identity import Role
from portal.identity.passwords import LONGEST, SHORTEST
from portal.identity.wording import LANGUAGES, RISES, ROLES, THEMES

_NEEDED = DataRequired(lazy_gettext("Please fill this in."))


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Address and password."""

    email = StringField(lazy_gettext("E-mail address"), validators=[_NEEDED, Length(max=254)])
    password = PasswordField(lazy_gettext("Password"), validators=[_NEEDED, Length(max=LONGEST)])


class ForgotForm(FlaskForm):  # type: ignore[misc]
    """An address."""

    email = StringField(lazy_gettext("E-mail address"), validators=[_NEEDED, Length(max=254)])


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password, twice."""

    password = PasswordField(lazy_gettext("New password"), validators=[_NEEDED, Length(min=SHORTEST, max=LONGEST)])
    again = PasswordField(lazy_gettext("The same password again"), validators=[_NEEDED, EqualTo("password", lazy_gettext("The two passwords are not the same."))])


class ChangePasswordForm(NewPasswordForm):
    """The old password and a new one."""

    old = PasswordField(lazy_gettext("Present password"), validators=[_NEEDED, Length(max=LONGEST)])


class ConfirmPasswordForm(FlaskForm):  # type: ignore[misc]
    """One's own password once more."""

    password = PasswordField(lazy_gettext("Password"), validators=[_NEEDED, Length(max=LONGEST)])


class CodeForm(FlaskForm):  # type: ignore[misc]
    """A code of the second factor; `pending` carries the sealed secret while a new one is being set up."""

    code = StringField(lazy_gettext("Code"), validators=[_NEEDED, Length(max=40)])
    pending = HiddenField()


class SettingsForm(FlaskForm):  # type: ignore[misc]
    """What somebody may set for himself."""

    name = StringField(lazy_gettext("Name"), validators=[_NEEDED, Length(max=120)])
    locale = SelectField(lazy_gettext("Language"), choices=[SelectChoice(value, label) for value, label in LANGUAGES])
    theme = SelectField(lazy_gettext("Look"), choices=[SelectChoice(value, label) for value, label in THEMES])
    rises = SelectField(lazy_gettext("Colours of rising and falling"), choices=[SelectChoice(value, label) for value, label in RISES], default="")


class PlainForm(FlaskForm):  # type: ignore[misc]
    """A button."""


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """A step that needs a reason."""

    reason = StringField(lazy_gettext("Reason"), validators=[_NEEDED, Length(max=500)])


class StandingForm(FlaskForm):  # type: ignore[misc]
    """Roles, and the numbers that a user is bound to."""

    roles = SelectMultipleField(
        lazy_gettext("Roles"),
        choices=[SelectChoice(role.value, label) for role, label in ROLES.items()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[DataRequired(lazy_gettext("Choose at least one role."))],
    )
    broker_no = StringField(lazy_gettext("Introducing broker's number"), validators=[Optional(), Length(max=64)])
    client_no = StringField(lazy_gettext("Client number"), validators=[Optional(), Length(max=64)])
    staff_no = StringField(lazy_gettext("Staff number"), validators=[Optional(), Length(max=64)])
    branch_no = StringField(lazy_gettext("Branch number"), validators=[Optional(), Length(max=64)])

    def chosen_roles(self) -> list[Role]:
        """The roles as they were ticked."""
        return [Role(value) for value in self.roles.data or []]

    def numbers(self) -> dict[str, Any]:
        """The numbers as they were typed; empty is none."""
        return {name: (getattr(self, name).data or "").strip() or None for name in ("broker_no", "client_no", "staff_no", "branch_no")}


class InviteForm(StandingForm):
    """A new user."""

    email = StringField(lazy_gettext("E-mail address"), validators=[_NEEDED, Length(max=254)])
    name = StringField(lazy_gettext("Name"), validators=[_NEEDED, Length(max=120)])


class RolesForm(StandingForm):
    """A user's new standing; `seen` carries the digest of the one that was looked at."""

    seen = HiddenField()
    reason = StringField(lazy_gettext("Reason"), validators=[_NEEDED, Length(max=500)])
