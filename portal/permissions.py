"""One vocabulary of what a person may do, and which role may do it over which rows.

A word is `room.thing.verb`. Scopes: OWN (what is bound to the person), BRANCH (the person's branch), ALL.
"""

from __future__ import annotations

import enum

from models.identity import Role


class Can(enum.StrEnum):
    """Everything that may be allowed; say the word from here or add it here first."""

    ACCOUNT_SEE = "clients.account.see"
    APPROVAL_DECIDE = "audit.approval.decide"
    ATTRIBUTION_SEE = "attribution.span.see"
    AUDIT_READ = "audit.log.read"
    BROKER_SEE = "partners.broker.see"
    CALENDAR_EDIT = "settlement.calendar.edit"
    COMMISSION_SEE = "commission.line.see"
    IDENTITY_REVEAL = "clients.identity.reveal"
    IMPORT_APPROVE = "settlement.import.approve"
    IMPORT_FILES = "settlement.import.run"
    IMPORT_SEE = "settlement.import.see"
    MONTH_APPROVE = "commission.month.approve"
    MONTH_PREPARE = "commission.month.prepare"
    MONTH_SEE = "commission.month.see"
    OWN_SETTINGS = "identity.self.edit"
    USER_MANAGE = "identity.user.manage"
    USER_SEE = "identity.user.see"


class Scope(enum.IntEnum):
    """Over which rows a permission holds; a wider scope includes the narrower."""

    OWN = 1
    BRANCH = 2
    ALL = 3


_EVERYONE = {Can.OWN_SETTINGS: Scope.OWN}
_READS_ALL = {
    Can.ACCOUNT_SEE: Scope.ALL,
    Can.ATTRIBUTION_SEE: Scope.ALL,
    Can.BROKER_SEE: Scope.ALL,
    Can.COMMISSION_SEE: Scope.ALL,
    Can.IMPORT_SEE: Scope.ALL,
    Can.MONTH_SEE: Scope.ALL,
}

PERMISSIONS: dict[Role, dict[Can, Scope]] = {
    Role.BROKER: {**_EVERYONE, Can.ACCOUNT_SEE: Scope.OWN, Can.ATTRIBUTION_SEE: Scope.OWN, Can.BROKER_SEE: Scope.OWN, Can.COMMISSION_SEE: Scope.OWN},
    Role.CLIENT: {**_EVERYONE, Can.ACCOUNT_SEE: Scope.OWN},
    Role.STAFF: {**_EVERYONE, Can.ACCOUNT_SEE: Scope.OWN, Can.ATTRIBUTION_SEE: Scope.OWN, Can.BROKER_SEE: Scope.OWN},
    Role.BRANCH_MANAGER: {**_EVERYONE, Can.ACCOUNT_SEE: Scope.BRANCH, Can.ATTRIBUTION_SEE: Scope.BRANCH, Can.BROKER_SEE: Scope.BRANCH, Can.COMMISSION_SEE: Scope.BRANCH},
    Role.COMPLIANCE: {
        **_EVERYONE,
        **_READS_ALL,
        Can.AUDIT_READ: Scope.ALL,
        Can.IDENTITY_REVEAL: Scope.ALL,
        Can.APPROVAL_DECIDE: Scope.ALL,
        Can.IMPORT_APPROVE: Scope.ALL,
        Can.MONTH_APPROVE: Scope.ALL,
        Can.USER_SEE: Scope.ALL,
    },
    Role.FINANCE: {
        **_EVERYONE,
        **_READS_ALL,
        Can.IMPORT_FILES: Scope.ALL,
        Can.IMPORT_APPROVE: Scope.ALL,
        Can.APPROVAL_DECIDE: Scope.ALL,
        Can.MONTH_PREPARE: Scope.ALL,
        Can.MONTH_APPROVE: Scope.ALL,
    },
    Role.AUDITOR: {**_EVERYONE, **_READS_ALL, Can.AUDIT_READ: Scope.ALL, Can.USER_SEE: Scope.ALL},
    Role.ADMIN: {
        **_EVERYONE,
        **_READS_ALL,
        Can.AUDIT_READ: Scope.ALL,
        Can.APPROVAL_DECIDE: Scope.ALL,
        Can.CALENDAR_EDIT: Scope.ALL,
        Can.IDENTITY_REVEAL: Scope.ALL,
        Can.IMPORT_FILES: Scope.ALL,
        Can.IMPORT_APPROVE: Scope.ALL,
        Can.MONTH_PREPARE: Scope.ALL,
        Can.MONTH_APPROVE: Scope.ALL,
        Can.USER_MANAGE: Scope.ALL,
        Can.USER_SEE: Scope.ALL,
    },
}


def scope_of(roles: list[Role], can: Can) -> Scope | None:
    """The widest scope in which one of the roles holds a permission, or None where none does."""
    scopes = [PERMISSIONS[role][can] for role in roles if can in PERMISSIONS[role]]
    return max(scopes) if scopes else None
