"""What roles, states and sessions' ends are called on screen."""

from __future__ import annotations

from flask_babel import lazy_gettext

from models.identity import Role, UserState

ROLES = {
    Role.BROKER: lazy_gettext("introducing broker"),
    Role.CLIENT: lazy_gettext("client"),
    Role.STAFF: lazy_gettext("staff"),
    Role.BRANCH_MANAGER: lazy_gettext("branch manager"),
    Role.COMPLIANCE: lazy_gettext("compliance"),
    Role.FINANCE: lazy_gettext("finance"),
    Role.AUDITOR: lazy_gettext("auditor"),
    Role.ADMIN: lazy_gettext("administrator"),
}
"""Each role's name."""

STATES = {
    UserState.INVITED: lazy_gettext("invited"),
    UserState.ACTIVE: lazy_gettext("active"),
    UserState.DISABLED: lazy_gettext("disabled"),
}
"""Each state's name."""

LANGUAGES = (("", lazy_gettext("as the browser says")), ("zh_Hans_CN", "简体中文"), ("en", "English"))
"""Languages to choose from; each is called by its own name."""

THEMES = (("auto", lazy_gettext("as the device says")), ("light", lazy_gettext("light")), ("dark", lazy_gettext("dark")))
"""Looks to choose from."""

RISES = (("", lazy_gettext("as is usual in my language")), ("red", lazy_gettext("rising is red, falling green")), ("green", lazy_gettext("rising is green, falling red")))
"""Colours of rising and falling to choose from."""
