"""leads.csv among the files of `flask import`: its rows are registered by the same verb as everywhere; who is known already is a warning.

So the same file once more registers nobody: the people are known by then.
"""

from __future__ import annotations

from models.leads import LeadDoor
from portal.imports.context import Context, Result, text_of
from portal.imports.leads_file import COLUMNS, Listed, read
from portal.imports.leads_upload import today_of
from portal.imports.received import Received
from portal.imports.steps import Refused, unit
from portal.keys import keyring
from portal.leads.look_ups import Limits
from portal.leads.many import CHUNK, Many, Told
from portal.leads.register import Answer
from portal.masters import table
from portal.refusals import Findings, Refusal


def import_leads(file: Received, context: Context, findings: Findings, *, dry_run: bool) -> Result:
    """Register every person of the file, or refuse the file whole where a row does not hold."""
    result = Result("leads.csv", file.name)
    got = text_of(file, findings)
    if got is None:
        return result
    listed = _read(file, got, context, findings)
    result.rows = listed.lines
    try:
        with unit(dry_run):
            if findings.refused:
                raise Refused
            told = _registered(listed, context)
    except Refused:
        return result
    for one in told:
        if one.answer is not Answer.NEW:
            findings.warn("lead_known", file.name, one.line, found=one.answer.value, expected=f"until {one.until}" if one.until else "")
    new = sum(one.answer is Answer.NEW for one in told)
    result.counts, result.state = {"new": new, "same": len(told) - new}, "posted" if new else "unchanged"
    return result


def _read(file: Received, got: tuple[bytes, str], context: Context, findings: Findings) -> Listed:
    """The rows; every fault is added to the findings. The file has exactly its columns, as every file of the portal's own."""
    for _line in table(got[1], list(COLUMNS), file.name, findings):
        break
    if findings.refused:
        return Listed()
    try:
        listed = read("leads.csv", got[0], context.actor)
    except Refusal as error:
        findings.refuse("bad_lead", file.name, 1, expected=error)
        return Listed()
    for fault in listed.faults:
        findings.refuse("bad_lead", file.name, fault.line, field=fault.column, expected=fault.message % fault.values if fault.values else fault.message)
    return listed


def _registered(listed: Listed, context: Context) -> list[Told]:
    many = Many(context.actor, context.moment, today_of(), keyring(), LeadDoor.FILE, Limits.NONE)
    told: list[Told] = []
    for start in range(0, len(listed.rows), CHUNK):
        told += many.chunk(listed.rows[start : start + CHUNK])
    return told
