"""The main menu: one declarative list. An entry whose page is not registered, or that the reader may not open, is left out."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, request, url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from werkzeug.routing import BuildError

from portal.actors import Actor
from portal.permissions import Can


@dataclass(frozen=True)
class Entry:
    """A page of the menu: its endpoint, its words (and shorter ones for a phone), its icon, and the right it asks for."""

    endpoint: str
    label: LazyString
    short: LazyString
    icon: str
    can: Can | None = None


@dataclass(frozen=True)
class Link:
    """An entry as one reader sees it; `here` marks where the reader is."""

    href: str
    label: LazyString
    short: LazyString
    icon: str
    here: bool


ENTRIES = (
    Entry("home.overview", _l("Overview"), _l("Overview"), icon="speedometer2"),
    Entry("clients.index", _l("Clients"), _l("Clients"), icon="people", can=Can.ACCOUNT_SEE),
    Entry("commission.lines", _l("Commission lines"), _l("Commission"), icon="cash-stack", can=Can.COMMISSION_SEE),
    Entry("commission.statements", _l("Statements"), _l("Statements"), icon="file-earmark-text", can=Can.COMMISSION_SEE),
    Entry("imports.index", _l("Settlement files"), _l("Files"), icon="box-arrow-in-down", can=Can.IMPORT_SEE),
    Entry("commission.months", _l("Months"), _l("Months"), icon="calendar3", can=Can.MONTH_SEE),
    Entry("calendar.this_year", _l("Trading calendar"), _l("Calendar"), icon="calendar-week", can=Can.IMPORT_SEE),
    Entry("exchange_fees.index", _l("Exchange fees"), _l("Exchange fees"), icon="percent", can=Can.IMPORT_SEE),
    Entry("audit.approvals", _l("Approvals"), _l("Approvals"), icon="check2-square", can=Can.APPROVAL_DECIDE),
    Entry("audit.log", _l("Audit log"), _l("Audit log"), icon="journal-text", can=Can.AUDIT_READ),
    Entry("identity.users", _l("Users"), _l("Users"), icon="person-badge", can=Can.USER_SEE),
    Entry("identity.me", _l("My settings"), _l("Settings"), icon="gear", can=Can.OWN_SETTINGS),
)


def href(endpoint: str, **values: object) -> str:
    """The address of a page, or an empty text where there is no such page or it needs values that were not given."""
    if endpoint not in current_app.view_functions:
        return ""
    try:
        return url_for(endpoint, **values)  # type: ignore[arg-type]
    except BuildError:
        return ""


def links(actor: Actor, entries: tuple[Entry, ...] = ENTRIES) -> list[Link]:
    """The menu of a reader, in its order."""
    open_to = [(entry, href(entry.endpoint)) for entry in entries if entry.can is None or actor.may(entry.can)]
    shown = [(entry, address) for entry, address in open_to if address]
    here = _here([address for _, address in shown])
    return [Link(address, entry.label, entry.short, entry.icon, address == here) for entry, address in shown]


def _here(addresses: list[str]) -> str:
    """The address that the present page lies under: the longest one that begins its path."""
    path = request.path
    around = [address for address in addresses if path == address or (address != "/" and path.startswith(address.rstrip("/") + "/"))]
    return max(around, key=len, default="")
