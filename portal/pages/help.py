"""The help: one page a topic, in the reader's language, written in templates/help/<language>."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.pages.help_terms import TERMS
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.formats import language
from portal.web.guard import current_actor, requires
from portal.web.help_topics import topics_of

bp = Blueprint("help", __name__)


@bp.get("/help")
@requires(Can.OWN_SETTINGS)
def index() -> ResponseReturnValue:
    """All topics."""
    return render_template("help/index.html", topics=topics_of(current_actor().may))


@bp.get("/help/<topic>")
@requires(Can.OWN_SETTINGS)
def topic(topic: str) -> ResponseReturnValue:
    """One topic. What is for others is as if it were not there."""
    topics = topics_of(current_actor().may)
    if topic not in topics:
        raise NotFound("the help has no page %(topic)s", topic=topic[:60])
    return render_template(f"help/{language()}/{topic}.html", topics=topics, topic=topic, terms=TERMS)
