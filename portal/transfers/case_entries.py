"""What is said and shown in a case, and by which side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from models import db
from models.transfers import CaseEntry, ClaimCase
from portal.actors import Actor
from portal.refusals import Refusal
from portal.transfers.case_states import Side

OF_PARTIES = ("contact", "document", "statement", "other")
"""Kinds of evidence that a party shows: a contact, a document, what the client told it, something else."""
OF_FIRM = ("named_held", "named_contesting", "named_nobody", "finding")
"""What the firm heard: whom the client named when it asked him, or something that it found."""
LONGEST = 4000


@dataclass(frozen=True)
class Evidence:
    """Something shown: its kind, what it says, and where it can be found."""

    kind: str
    text: str
    reference: str

    def checked(self, kinds: tuple[str, ...] = OF_PARTIES) -> Evidence:
        """The same without blanks around it. Raises Refusal for an unknown kind, and without words or reference."""
        if self.kind not in kinds:
            raise Refusal("“%(given)s” is no kind of evidence", given=self.kind[:20])
        if len(self.reference.strip()) < 3:
            raise Refusal("say where the evidence is: a letter, a form, a recording")
        return replace(self, text=words(self.text), reference=self.reference.strip()[:200])


def words(text: str) -> str:
    """What was said, without blanks around it. Raises Refusal where it is too short or too long."""
    said = text.strip()
    if len(said) < 4:
        raise Refusal("say it in a few words: at least four characters")
    if len(said) > LONGEST:
        raise Refusal("this is too long: %(length)s characters, at most %(most)s", length=len(said), most=LONGEST)
    return said


def note(case: ClaimCase, side: Side, action: str, actor: Actor, moment: datetime, said: str = "", reference: str = "") -> None:
    """Write down what was said or done; it stays."""
    db.session.add(CaseEntry(case_id=case.id, at=moment, actor_id=actor.user_id, actor_label=actor.label, side=side.value, action=action, reference=reference, text=said))
    db.session.flush()
