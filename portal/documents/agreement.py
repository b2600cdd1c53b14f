"""An introducing broker's agreement on paper, from one template: whom it binds, from when to when, on which plan, and what is forbidden to him."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.documents.paper import Column, Paper, Section
from portal.documents.pdf import pdf_of
from portal.onboarding.texts import STATEMENTS

TEMPLATE_VERSION = 1


def agreement_pdf(facts: dict[str, Any], name: str, number: str, digest: str, made: datetime, locale: str) -> bytes:
    """The agreement in a language, as PDF. `facts` are those that the second person is shown."""
    with force_locale(locale):
        return pdf_of(agreement_paper(facts, name, number, digest, made, locale))


def agreement_paper(facts: dict[str, Any], name: str, number: str, digest: str, made: datetime, locale: str) -> Paper:
    """The agreement as a paper, in the language of the context. The ID number is written in by hand from the document itself."""
    chinese = locale.startswith("zh")
    head = (
        (_("Introducing broker"), f"{name} ({facts['broker_no']})"),
        (_("ID number"), "____________________"),
        (_("Branch"), facts["branch"]),
        (_("Commission plan"), facts["plan"]),
        (_("From"), facts["agreement_from"]),
        (_("Through"), str(date.fromisoformat(facts["agreement_to"]) - timedelta(days=1))),
        (_("Licence"), facts["licence_no"]),
        (_("Version of the template"), str(TEMPLATE_VERSION)),
    )
    declared = tuple((statement.zh if chinese else statement.en,) for statement in STATEMENTS if statement.key in facts["declared"])
    return Paper(
        name="agreement",
        language="zh" if chinese else "en",
        title=_("Introducing broker’s agreement"),
        number=number,
        digest=digest,
        made=made,
        head=head,
        sections=(
            Section(
                _("What the broker does"), notes=(_duty(), _("The client learns from the broker and from the firm that the broker is paid out of the fees that the client pays."))
            ),
            Section(_("What is forbidden"), notes=(_forbidden(),)),
            Section(_("Pay"), notes=(_pay(), _lapse())),
            Section(_("Declared by the broker"), (Column(_("Statement")),), declared),
        ),
        signatures=(_("For the firm"), _("Introducing broker")),
        closing=(_("The digest is that of the application which this agreement belongs to: another agreement has another one."),),
    )


def _duty() -> str:
    return str(_("The broker introduces persons to the firm as an introducing broker. He opens no accounts, takes no orders, and hands no statements or money on."))


def _forbidden() -> str:
    return str(
        _(
            "Posing as staff; handling openings, statements or transfers for a client; misleading statements; trading for clients; promising profit; margin lending; taking over clients who are there already; introducing spouse, parents, children or their spouses."
        )
    )


def _pay() -> str:
    return str(_("The firm pays by the commission plan named above, as it stands on each trade date, after the tax that the law asks it to withhold."))


def _lapse() -> str:
    return str(_("Pay stops on the day on which this agreement or the licence lapses. A later renewal counts as new, and nothing is paid back."))
