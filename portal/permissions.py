"""One vocabulary of what a person may do, and which role may do it over which rows.

A word is `room.thing.verb`. Scopes: OWN (what is bound to the person), BRANCH (the person's branch), ALL.
"""

from __future__ import annotations

import enum

from models.identity import Role


class Can(enum.StrEnum):
    """Everything that may be allowed; say the word from here or add it here first."""

    ACCOUNT_SEE = "clients.account.see"
    ANSWER_APPROVE = "care.answer.approve"
    ANSWER_SEE = "care.answer.see"
    ANSWER_WRITE = "care.answer.write"
    APPEAL_OWN = "departures.appeal.own"
    API_KEY_OWN = "leads.key.own"
    APPROVAL_DECIDE = "audit.approval.decide"
    ASSOCIATION_SEND = "departures.association.send"
    ATTRIBUTION_AUDIT = "attribution.audit.read"
    ATTRIBUTION_SEE = "attribution.span.see"
    AUDIT_READ = "audit.log.read"
    BILL_SEE = "settlement.bill.see"
    BROKER_SEE = "partners.broker.see"
    CALENDAR_EDIT = "settlement.calendar.edit"
    CAMPAIGN_EDIT = "leads.campaign.edit"
    CARE_EDIT = "care.play.edit"
    CARE_SEE = "care.client.see"
    CARE_WORK = "care.client.work"
    CASE_ANSWER = "transfers.case.answer"
    CASE_DECIDE = "transfers.case.decide"
    CASE_SEE = "transfers.case.see"
    CHANNEL_EDIT = "channels.cost.edit"
    CHANNEL_SEE = "channels.economics.see"
    CLUB_BOOK = "club.booking.own"
    CLUB_SEAT = "club.seat.own"
    CLUB_DOOR = "club.door.check"
    CLUB_EDIT = "club.event.edit"
    CLUB_MEMBERS = "club.member.keep"
    CLUB_MONEY = "club.money.keep"
    CLUB_SEE = "club.booking.see"
    COMMISSION_SEE = "commission.line.see"
    CONFIRMATION_CALL = "leads.confirmation.call"
    CONFIRMATION_SEE = "leads.confirmation.see"
    CONSENT_GIVE = "clients.consent.give"
    DEPARTURE_RECORD = "departures.departure.record"
    DEPARTURE_SEE = "departures.departure.see"
    DISPUTE_ANSWER = "disputes.dispute.answer"
    DISPUTE_ASK = "disputes.dispute.ask"
    DISPUTE_SEE = "disputes.dispute.see"
    HANDOVER_DECIDE = "handover.client.decide"
    HANDOVER_SEE = "handover.client.see"
    HANDOVER_WORK = "handover.outcome.record"
    IDENTITY_REVEAL = "clients.identity.reveal"
    IMPORT_APPROVE = "settlement.import.approve"
    IMPORT_FILES = "settlement.import.run"
    IMPORT_SEE = "settlement.import.see"
    LEAD_ASSIGN = "leads.lead.assign"
    LEAD_REGISTER = "leads.lead.register"
    LEAD_SEE = "leads.lead.see"
    LEAD_TERMS = "leads.terms.edit"
    LEAD_WORK = "leads.lead.work"
    LIMIT_EDIT = "departures.limit.edit"
    MONTH_APPROVE = "commission.month.approve"
    MONTH_PREPARE = "commission.month.prepare"
    MONTH_SEE = "commission.month.see"
    ONBOARD_APPLY = "onboarding.application.fill"
    ONBOARD_APPROVE = "onboarding.application.approve"
    ONBOARD_EDIT = "onboarding.application.edit"
    ONBOARD_SEE = "onboarding.application.see"
    OUTBOX_SEE = "notices.outbox.see"
    OUTBOX_SEND = "notices.outbox.send"
    OVERVIEW_SEE = "commission.overview.see"
    OWN_SETTINGS = "identity.self.edit"
    PAYOUT_APPROVE = "commission.payout.approve"
    PAYOUT_PREPARE = "commission.payout.prepare"
    PAYOUT_SEE = "commission.payout.see"
    PERSONAL_ERASE = "personal.request.decide"
    PERSONAL_OWN = "personal.data.own"
    PERSONAL_SEE = "personal.request.see"
    PLAN_APPROVE = "commission.plan.approve"
    PLAN_DRAFT_SEE = "commission.plan.draft.see"
    PLAN_EDIT = "commission.plan.edit"
    PLAN_SEE = "commission.plan.see"
    QUESTION_ASK = "care.question.ask"
    RESEARCH_APPROVE = "research.report.approve"
    RESEARCH_EDIT = "research.report.edit"
    RESEARCH_OPENS = "research.open.see"
    RESEARCH_READ = "research.report.read"
    RESEARCH_SEE = "research.report.see"
    RESEARCH_WITHDRAW = "research.report.withdraw"
    RISK_CHECK = "risk.model.check"
    RISK_CORRECT = "risk.cause.correct"
    RISK_SEE = "risk.score.see"
    RULE_EDIT = "rules.rule.edit"
    RULE_SEE = "rules.rule.see"
    SEGMENT_USE = "clients.segment.use"
    SIGNAL_SEE = "departures.signal.see"
    SUITABILITY_OWN = "suitability.test.own"
    SUITABILITY_SEE = "suitability.test.see"
    SUITABILITY_TAKE = "suitability.test.take"
    TRANSFER_APPROVE = "transfers.transfer.approve"
    TRANSFER_PREPARE = "transfers.transfer.prepare"
    TRANSFER_SEE = "transfers.transfer.see"
    USER_MANAGE = "identity.user.manage"
    USER_SEE = "identity.user.see"
    WEBHOOK_MANAGE = "webhooks.endpoint.manage"
    WEBHOOK_SEE = "webhooks.endpoint.see"


class Scope(enum.IntEnum):
    """Over which rows a permission holds; a wider scope includes the narrower."""

    OWN = 1
    BRANCH = 2
    ALL = 3


_EVERYONE = {Can.OWN_SETTINGS: Scope.OWN}
_READS_ALL = {
    Can.ACCOUNT_SEE: Scope.ALL,
    Can.ATTRIBUTION_AUDIT: Scope.ALL,
    Can.ATTRIBUTION_SEE: Scope.ALL,
    Can.BILL_SEE: Scope.ALL,
    Can.BROKER_SEE: Scope.ALL,
    Can.CASE_SEE: Scope.ALL,
    Can.CHANNEL_SEE: Scope.ALL,
    Can.CLUB_SEE: Scope.ALL,
    Can.COMMISSION_SEE: Scope.ALL,
    Can.CONFIRMATION_SEE: Scope.ALL,
    Can.DEPARTURE_SEE: Scope.ALL,
    Can.DISPUTE_SEE: Scope.ALL,
    Can.HANDOVER_SEE: Scope.ALL,
    Can.IMPORT_SEE: Scope.ALL,
    Can.LEAD_SEE: Scope.ALL,
    Can.MONTH_SEE: Scope.ALL,
    Can.ONBOARD_SEE: Scope.ALL,
    Can.OVERVIEW_SEE: Scope.ALL,
    Can.PAYOUT_SEE: Scope.ALL,
    Can.PLAN_DRAFT_SEE: Scope.ALL,
    Can.PLAN_SEE: Scope.ALL,
    Can.RESEARCH_OPENS: Scope.ALL,
    Can.RESEARCH_SEE: Scope.ALL,
    Can.RISK_SEE: Scope.ALL,
    Can.RULE_SEE: Scope.ALL,
    Can.SUITABILITY_SEE: Scope.ALL,
    Can.TRANSFER_SEE: Scope.ALL,
}
_EMPLOYEE = {
    **_EVERYONE,
    Can.API_KEY_OWN: Scope.OWN,
    Can.APPEAL_OWN: Scope.OWN,
    Can.CASE_ANSWER: Scope.OWN,
    Can.CASE_SEE: Scope.OWN,
    Can.CLUB_SEAT: Scope.OWN,
    Can.LEAD_REGISTER: Scope.OWN,
}
"""Every employee may register a lead (全员开发), and stand by his claim where another disputes it."""

PERMISSIONS: dict[Role, dict[Can, Scope]] = {
    Role.BROKER: {
        **_EVERYONE,
        Can.ACCOUNT_SEE: Scope.OWN,
        Can.ATTRIBUTION_SEE: Scope.OWN,
        Can.API_KEY_OWN: Scope.OWN,
        Can.BROKER_SEE: Scope.OWN,
        Can.CASE_ANSWER: Scope.OWN,
        Can.CASE_SEE: Scope.OWN,
        Can.CLUB_SEAT: Scope.OWN,
        Can.COMMISSION_SEE: Scope.OWN,
        Can.DISPUTE_ASK: Scope.OWN,
        Can.DISPUTE_SEE: Scope.OWN,
        Can.LEAD_REGISTER: Scope.OWN,
        Can.LEAD_SEE: Scope.OWN,
        Can.ONBOARD_APPLY: Scope.OWN,
        Can.PERSONAL_OWN: Scope.OWN,
        Can.PLAN_SEE: Scope.OWN,
    },
    Role.CLIENT: {
        **_EVERYONE,
        Can.ACCOUNT_SEE: Scope.OWN,
        Can.BILL_SEE: Scope.OWN,
        Can.CASE_ANSWER: Scope.OWN,
        Can.CASE_SEE: Scope.OWN,
        Can.CLUB_BOOK: Scope.OWN,
        Can.CLUB_SEAT: Scope.OWN,
        Can.CONSENT_GIVE: Scope.OWN,
        Can.LEAD_REGISTER: Scope.OWN,
        Can.LEAD_SEE: Scope.OWN,
        Can.PERSONAL_OWN: Scope.OWN,
        Can.QUESTION_ASK: Scope.OWN,
        Can.RESEARCH_READ: Scope.OWN,
        Can.SUITABILITY_OWN: Scope.OWN,
    },
    Role.STAFF: {
        **_EMPLOYEE,
        Can.ACCOUNT_SEE: Scope.OWN,
        Can.ANSWER_SEE: Scope.ALL,
        Can.ANSWER_WRITE: Scope.ALL,
        Can.ATTRIBUTION_SEE: Scope.OWN,
        Can.BILL_SEE: Scope.OWN,
        Can.BROKER_SEE: Scope.OWN,
        Can.CARE_SEE: Scope.OWN,
        Can.CARE_WORK: Scope.OWN,
        Can.CLUB_DOOR: Scope.ALL,
        Can.CONFIRMATION_CALL: Scope.OWN,
        Can.CONFIRMATION_SEE: Scope.OWN,
        Can.HANDOVER_SEE: Scope.OWN,
        Can.HANDOVER_WORK: Scope.OWN,
        Can.LEAD_SEE: Scope.OWN,
        Can.LEAD_WORK: Scope.OWN,
        Can.RESEARCH_EDIT: Scope.ALL,
        Can.RESEARCH_OPENS: Scope.OWN,
        Can.RESEARCH_SEE: Scope.ALL,
        Can.RESEARCH_WITHDRAW: Scope.ALL,
        Can.RISK_CORRECT: Scope.OWN,
        Can.RISK_SEE: Scope.OWN,
        Can.RULE_SEE: Scope.ALL,
        Can.SEGMENT_USE: Scope.OWN,
        Can.SUITABILITY_SEE: Scope.OWN,
        Can.SUITABILITY_TAKE: Scope.OWN,
    },
    Role.BRANCH_MANAGER: {
        **_EMPLOYEE,
        Can.ACCOUNT_SEE: Scope.BRANCH,
        Can.ANSWER_SEE: Scope.ALL,
        Can.ANSWER_WRITE: Scope.ALL,
        Can.ATTRIBUTION_AUDIT: Scope.BRANCH,
        Can.ATTRIBUTION_SEE: Scope.BRANCH,
        Can.BILL_SEE: Scope.BRANCH,
        Can.BROKER_SEE: Scope.BRANCH,
        Can.CAMPAIGN_EDIT: Scope.BRANCH,
        Can.CARE_SEE: Scope.BRANCH,
        Can.CARE_WORK: Scope.BRANCH,
        Can.CASE_SEE: Scope.BRANCH,
        Can.CHANNEL_SEE: Scope.BRANCH,
        Can.CLUB_DOOR: Scope.ALL,
        Can.CLUB_EDIT: Scope.ALL,
        Can.CLUB_MEMBERS: Scope.ALL,
        Can.CLUB_SEE: Scope.ALL,
        Can.COMMISSION_SEE: Scope.BRANCH,
        Can.CONFIRMATION_CALL: Scope.BRANCH,
        Can.CONFIRMATION_SEE: Scope.BRANCH,
        Can.DEPARTURE_RECORD: Scope.BRANCH,
        Can.DEPARTURE_SEE: Scope.BRANCH,
        Can.DISPUTE_SEE: Scope.BRANCH,
        Can.HANDOVER_DECIDE: Scope.BRANCH,
        Can.HANDOVER_SEE: Scope.BRANCH,
        Can.HANDOVER_WORK: Scope.BRANCH,
        Can.LEAD_ASSIGN: Scope.BRANCH,
        Can.LEAD_SEE: Scope.BRANCH,
        Can.LEAD_WORK: Scope.BRANCH,
        Can.ONBOARD_EDIT: Scope.BRANCH,
        Can.ONBOARD_SEE: Scope.BRANCH,
        Can.OVERVIEW_SEE: Scope.BRANCH,
        Can.PLAN_SEE: Scope.BRANCH,
        Can.RESEARCH_EDIT: Scope.ALL,
        Can.RESEARCH_OPENS: Scope.BRANCH,
        Can.RESEARCH_SEE: Scope.ALL,
        Can.RESEARCH_WITHDRAW: Scope.ALL,
        Can.RISK_CORRECT: Scope.BRANCH,
        Can.RISK_SEE: Scope.BRANCH,
        Can.RULE_SEE: Scope.ALL,
        Can.SEGMENT_USE: Scope.BRANCH,
        Can.SUITABILITY_SEE: Scope.BRANCH,
        Can.SUITABILITY_TAKE: Scope.BRANCH,
        Can.TRANSFER_PREPARE: Scope.BRANCH,
        Can.TRANSFER_SEE: Scope.BRANCH,
    },
    Role.COMPLIANCE: {
        **_EMPLOYEE,
        **_READS_ALL,
        Can.ANSWER_APPROVE: Scope.ALL,
        Can.ANSWER_SEE: Scope.ALL,
        Can.ASSOCIATION_SEND: Scope.ALL,
        Can.AUDIT_READ: Scope.ALL,
        Can.IDENTITY_REVEAL: Scope.ALL,
        Can.APPROVAL_DECIDE: Scope.ALL,
        Can.CARE_SEE: Scope.ALL,
        Can.CASE_DECIDE: Scope.ALL,
        Can.CONFIRMATION_CALL: Scope.ALL,
        Can.DEPARTURE_RECORD: Scope.ALL,
        Can.DISPUTE_ANSWER: Scope.ALL,
        Can.IMPORT_APPROVE: Scope.ALL,
        Can.LEAD_TERMS: Scope.ALL,
        Can.MONTH_APPROVE: Scope.ALL,
        Can.ONBOARD_APPROVE: Scope.ALL,
        Can.PAYOUT_APPROVE: Scope.ALL,
        Can.PERSONAL_ERASE: Scope.ALL,
        Can.PERSONAL_SEE: Scope.ALL,
        Can.RESEARCH_APPROVE: Scope.ALL,
        Can.RESEARCH_WITHDRAW: Scope.ALL,
        Can.RULE_EDIT: Scope.ALL,
        Can.SEGMENT_USE: Scope.ALL,
        Can.SIGNAL_SEE: Scope.ALL,
        Can.SUITABILITY_TAKE: Scope.ALL,
        Can.TRANSFER_APPROVE: Scope.ALL,
        Can.TRANSFER_PREPARE: Scope.ALL,
        Can.USER_SEE: Scope.ALL,
    },
    Role.FINANCE: {
        **_EMPLOYEE,
        **_READS_ALL,
        Can.DISPUTE_ANSWER: Scope.ALL,
        Can.IMPORT_FILES: Scope.ALL,
        Can.IMPORT_APPROVE: Scope.ALL,
        Can.APPROVAL_DECIDE: Scope.ALL,
        Can.MONTH_PREPARE: Scope.ALL,
        Can.MONTH_APPROVE: Scope.ALL,
        Can.CHANNEL_EDIT: Scope.ALL,
        Can.CLUB_MONEY: Scope.ALL,
        Can.PAYOUT_APPROVE: Scope.ALL,
        Can.PAYOUT_PREPARE: Scope.ALL,
        Can.PLAN_APPROVE: Scope.ALL,
        Can.PLAN_EDIT: Scope.ALL,
        Can.TRANSFER_APPROVE: Scope.ALL,
    },
    Role.AUDITOR: {
        **_EVERYONE,
        **_READS_ALL,
        Can.ANSWER_SEE: Scope.ALL,
        Can.AUDIT_READ: Scope.ALL,
        Can.CARE_SEE: Scope.ALL,
        Can.OUTBOX_SEE: Scope.ALL,
        Can.PERSONAL_SEE: Scope.ALL,
        Can.USER_SEE: Scope.ALL,
        Can.WEBHOOK_SEE: Scope.ALL,
    },
    Role.ADMIN: {
        **_EMPLOYEE,
        **_READS_ALL,
        Can.ANSWER_APPROVE: Scope.ALL,
        Can.ANSWER_SEE: Scope.ALL,
        Can.ANSWER_WRITE: Scope.ALL,
        Can.ASSOCIATION_SEND: Scope.ALL,
        Can.AUDIT_READ: Scope.ALL,
        Can.APPROVAL_DECIDE: Scope.ALL,
        Can.CALENDAR_EDIT: Scope.ALL,
        Can.CAMPAIGN_EDIT: Scope.ALL,
        Can.CARE_EDIT: Scope.ALL,
        Can.CARE_SEE: Scope.ALL,
        Can.CARE_WORK: Scope.ALL,
        Can.CASE_DECIDE: Scope.ALL,
        Can.CHANNEL_EDIT: Scope.ALL,
        Can.CLUB_DOOR: Scope.ALL,
        Can.CLUB_EDIT: Scope.ALL,
        Can.CLUB_MEMBERS: Scope.ALL,
        Can.CLUB_MONEY: Scope.ALL,
        Can.CONFIRMATION_CALL: Scope.ALL,
        Can.DEPARTURE_RECORD: Scope.ALL,
        Can.HANDOVER_DECIDE: Scope.ALL,
        Can.HANDOVER_WORK: Scope.ALL,
        Can.IDENTITY_REVEAL: Scope.ALL,
        Can.IMPORT_FILES: Scope.ALL,
        Can.IMPORT_APPROVE: Scope.ALL,
        Can.LEAD_ASSIGN: Scope.ALL,
        Can.LEAD_TERMS: Scope.ALL,
        Can.LEAD_WORK: Scope.ALL,
        Can.LIMIT_EDIT: Scope.ALL,
        Can.MONTH_PREPARE: Scope.ALL,
        Can.MONTH_APPROVE: Scope.ALL,
        Can.ONBOARD_APPROVE: Scope.ALL,
        Can.ONBOARD_EDIT: Scope.ALL,
        Can.OUTBOX_SEE: Scope.ALL,
        Can.OUTBOX_SEND: Scope.ALL,
        Can.PERSONAL_ERASE: Scope.ALL,
        Can.PERSONAL_SEE: Scope.ALL,
        Can.PAYOUT_APPROVE: Scope.ALL,
        Can.PAYOUT_PREPARE: Scope.ALL,
        Can.PLAN_APPROVE: Scope.ALL,
        Can.PLAN_EDIT: Scope.ALL,
        Can.RESEARCH_APPROVE: Scope.ALL,
        Can.RESEARCH_EDIT: Scope.ALL,
        Can.RESEARCH_WITHDRAW: Scope.ALL,
        Can.RISK_CHECK: Scope.ALL,
        Can.RISK_CORRECT: Scope.ALL,
        Can.SEGMENT_USE: Scope.ALL,
        Can.SIGNAL_SEE: Scope.ALL,
        Can.SUITABILITY_TAKE: Scope.ALL,
        Can.TRANSFER_APPROVE: Scope.ALL,
        Can.TRANSFER_PREPARE: Scope.ALL,
        Can.USER_MANAGE: Scope.ALL,
        Can.USER_SEE: Scope.ALL,
        Can.WEBHOOK_MANAGE: Scope.ALL,
        Can.WEBHOOK_SEE: Scope.ALL,
    },
}


def scope_of(roles: list[Role], can: Can) -> Scope | None:
    """The widest scope in which one of the roles holds a permission, or None where none does."""
    scopes = [PERMISSIONS[role][can] for role in roles if can in PERMISSIONS[role]]
    return max(scopes) if scopes else None
