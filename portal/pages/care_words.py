"""Care in words: channels, outcomes, kinds of tasks, and how a task stands, each with the tone of its badge; and reading what was typed."""

from __future__ import annotations

from datetime import date, datetime

from flask import request
from flask_babel import lazy_gettext as _l

from models.care import ContactChannel, ContactOutcome, TaskOutcome, TaskState
from portal.care.contacts import Said
from portal.care.due import Reaction, Standing
from portal.local_day import zone
from portal.refusals import Refusal
from portal.web.paging import read_day

CHANNELS = {
    ContactChannel.CALL: _l("Call"),
    ContactChannel.VISIT: _l("Visit"),
    ContactChannel.MESSAGE: _l("Message"),
    ContactChannel.EMAIL: _l("By e-mail"),
    ContactChannel.EVENT: _l("At an event"),
}
OUTCOMES = {
    ContactOutcome.REACHED: (_l("Was spoken with"), "good"),
    ContactOutcome.NO_ANSWER: (_l("No answer"), "neutral"),
    ContactOutcome.CALL_BACK: (_l("Calls back"), "info"),
    ContactOutcome.DECLINED: (_l("Did not want to talk"), "warn"),
}
TASK_STATES = {TaskState.OPEN: (_l("To do"), "info"), TaskState.DONE: (_l("Done"), "good"), TaskState.CANCELLED: (_l("Cancelled"), "neutral")}
TASK_OUTCOMES = {
    TaskOutcome.DONE: _l("Done"),
    TaskOutcome.NOT_REACHED: _l("Not reached"),
    TaskOutcome.NOT_WANTED: _l("Not wanted by the client"),
    TaskOutcome.KEPT: _l("Client stays"),
    TaskOutcome.PARTLY_KEPT: _l("Client stays in part"),
    TaskOutcome.LEFT: _l("Client leaves"),
}
STANDINGS = {Standing.OVERDUE: (_l("Overdue"), "bad"), Standing.TODAY: (_l("Today"), "warn"), Standing.COMING: (_l("Coming"), "info")}
REACTIONS = {
    Reaction.WAITING: (_l("Within its time"), "neutral"),
    Reaction.IN_TIME: (_l("Reacted in time"), "good"),
    Reaction.LATE: (_l("Reacted late"), "warn"),
    Reaction.BREACHED: (_l("Nobody reacted in time"), "bad"),
}
KINDS = {
    "promise": _l("Promise"),
    "handover.first_call": _l("First call after a handover"),
    "new_client": _l("Return visit to a new client"),
    "birthday": _l("Birthday"),
    "losing_streak": _l("Losing streak"),
    "margin_call": _l("Margin call"),
    "silent": _l("Silent client"),
    "key_client": _l("Key client, one to one"),
    "broker_left": _l("Broker left"),
    "plan_step": _l("Step of a service plan"),
    "plan_review": _l("Review of a service plan"),
    "return_visit": _l("Return visit after a signing"),
    "other": _l("Other"),
}
"""Kinds of tasks; one that stands here not is shown as it is written."""
STEPS = {"moved": _l("Given to somebody else"), "dated": _l("Day changed"), "finished": _l("Finished"), "cancelled": _l("Cancelled")}


def typed_day(name: str) -> date:
    """A day from the form. Raises Refusal."""
    text = request.form.get(name, "").strip()
    try:
        return read_day(text)
    except ValueError as error:
        raise Refusal("“%(given)s” is no date such as 2026-03-31", given=text[:40]) from error


def typed_contact(moment: datetime) -> Said:
    """A contact from the form; without a time it is of this moment. Raises Refusal."""
    text, form = request.form.get("at", "").strip(), request.form
    channel, outcome = form.get("channel", ""), form.get("outcome", "")
    if channel not in set(ContactChannel) or outcome not in set(ContactOutcome):
        raise Refusal("say how the client was contacted and what came of it")
    try:
        at = datetime.fromisoformat(text) if text else moment
    except ValueError as error:
        raise Refusal("“%(given)s” is no time such as 2026-03-31T14:05", given=text[:40]) from error
    return Said(at if at.tzinfo else at.replace(tzinfo=zone()), ContactChannel(channel), ContactOutcome(outcome), form.get("note", ""))


def midnight(day: date) -> datetime:
    """When a day begins where the firm is."""
    return datetime.combine(day, datetime.min.time(), zone())
