"""Who may open what: the whole matrix, and the faults it must find (G1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from models import db
from models.identity import Role, User
from portal import clock
from portal.identity.queries import user_by_id
from portal.permissions import Can
from portal.refusals import NotAllowed, NotFound
from portal.settings import Settings
from portal.transaction import transaction
from portal.web import guard
from portal.web.guard import Door, current_actor, install_guard, policies, requires
from tests import matrix
from tests.matrix import MAKERS, Walk, Which, maker
from tests.people import seat, someone
from tests.rooms.pages.firm import settle_in

OPEN_TO_ALL = {
    "api.openapi",
    "club_events.calendar",
    "club_events.index",
    "club_events.show",
    "club_guests.calendar",
    "club_guests.answer",
    "club_guests.decline",
    "club_guests.show",
    "club_membership.index",
    "club_lot.as_file",
    "club_lot.show",
    "club_prospects.apply",
    "club_prospects.begin",
    "club_prospects.give_up",
    "club_prospects.leave",
    "club_prospects.open_link",
    "club_prospects.show",
    "club_stripe.hear",
    "club_visitors.again",
    "club_visitors.begin",
    "club_visitors.open_link",
    "club_visitors.send",
    "club_visitors.show",
    "health.healthz",
    "health.readyz",
    "identity.forgot",
    "identity.invite",
    "identity.reset",
    "identity.sign_in",
    "introduction_form.consents.ask",
    "introduction_form.consents.show",
    "introduction_form.consents.take_back",
    "introduction_form.consents.without_link",
    "introduction_form.send",
    "introduction_form.show",
    "onboarding.mine.begin",
    "onboarding.mine.keep",
    "onboarding.mine.open_link",
    "onboarding.mine.show",
    "onboarding.mine.leave",
    "receipts.key",
    "receipts.script",
    "dev.parts",
    "dev.progress",
    "preferences.favicon",
    "preferences.home",
    "preferences.language",
    "preferences.theme",
    "reports.csp",
    "static",
    "unsubscribe.ask",
    "unsubscribe.end",
}
"""Pages that need no sign-in. A new one is added here on purpose, by somebody who looked at it twice."""
PARTS = 4
"""The walk is long; in parts, several processes walk it."""


@pytest.mark.parametrize("part", range(1, PARTS + 1))
def test_everybody_gets_what_the_table_says_and_nothing_more(app: Flask, tmp_path: Path, part: int) -> None:
    """V1: of events, too, an introducer sees nobody who comes, and a client his own seats alone."""
    settle_in(app, tmp_path / "files")
    walk = Walk(app, part=(part, PARTS)).run()
    assert not walk.faults, "\n".join(walk.faults)
    assert walk.cells > 600


def test_the_parts_of_the_walk_are_the_whole(app: Flask) -> None:
    parts = [rule for part in range(1, PARTS + 1) for rule in Walk(app, part=(part, PARTS))._rules()]
    assert parts == Walk(app)._rules()
    assert {rule.endpoint for rule in parts} == {*app.view_functions} - {"static"}


def test_the_pages_open_to_all_are_known(app: Flask) -> None:
    found = {endpoint for endpoint, policy in policies(app).items() if policy is not None and policy.door is Door.PUBLIC}
    assert found <= OPEN_TO_ALL


def test_a_page_without_a_policy_keeps_the_portal_from_starting(app: Flask) -> None:
    app.add_url_rule("/planted", "planted", lambda: "open")
    with pytest.raises(guard.Unguarded, match="/planted"):
        install_guard(app)


def test_a_page_that_slipped_past_the_start_stays_closed(app: Flask) -> None:
    app.add_url_rule("/planted", "planted", lambda: "open")
    assert app.test_client().get("/planted").status_code == 403
    assert seat(app, someone(app, Role.ADMIN)).get("/planted").status_code == 403


# Controls: each plants one fault in a portal of its own; the walk must name it.


def _leak(app: Flask, view: Callable[..., Any], rule: str = "/planted", **options: Any) -> list[str]:
    app.add_url_rule(rule, "planted", view, **options)
    install_guard(app)
    return Walk(app, only="/planted").run().faults


@pytest.fixture
def planted_maker(app: Flask) -> Any:
    """Objects for the planted pages: users, of whom one's own row is one's own."""

    @maker("planted_id")
    def planted_id(user: User | None, which: Which) -> str:
        if which == "missing":
            return "987654321"
        return str(user.id if user and which == "own" else someone(app, Role.CLIENT))

    yield
    del MAKERS["", "planted_id"]


def test_control_a_parameter_without_a_maker(app: Flask) -> None:
    assert "no maker" in _leak(app, requires(Can.OWN_SETTINGS)(lambda planted: "x"), "/planted/<planted>")[0]


@pytest.mark.usefixtures("planted_maker")
def test_control_somebody_elses_object_is_shown(app: Flask) -> None:
    faults = _leak(app, requires(Can.OWN_SETTINGS)(lambda planted_id: user_by_id(planted_id).email), "/planted/<int:planted_id>")
    assert any("on foreign: expected missing, got answered" in fault for fault in faults)


@pytest.mark.usefixtures("planted_maker")
def test_control_somebody_elses_object_is_refused_instead_of_unknown(app: Flask) -> None:
    def view(planted_id: int) -> str:
        if user_by_id(planted_id).id != current_actor().user_id:
            raise NotAllowed("not yours")
        return "x"

    assert any("got forbidden" in fault for fault in _leak(app, requires(Can.OWN_SETTINGS)(view), "/planted/<int:planted_id>"))


@pytest.mark.usefixtures("planted_maker")
def test_control_a_404_that_gives_the_object_away(app: Flask) -> None:
    def view(planted_id: int) -> str:
        if user_by_id(planted_id).id != current_actor().user_id:
            raise NotFound("This one is another's.")
        return "x"

    assert any("told apart" in fault for fault in _leak(app, requires(Can.OWN_SETTINGS)(view), "/planted/<int:planted_id>"))


@pytest.mark.usefixtures("planted_maker")
def test_control_a_refused_write_that_writes(app: Flask) -> None:
    def view(planted_id: int) -> str:
        with transaction():
            user_by_id(planted_id).name = f"touched at {clock.now()}"
        raise NotFound("There is no such user.")

    faults = _leak(app, requires(Can.OWN_SETTINGS)(view), "/planted/<int:planted_id>", methods=["POST"])
    assert any("changed the database" in fault for fault in faults)


@pytest.mark.usefixtures("planted_maker")
def test_control_a_fault_of_the_page(app: Flask) -> None:
    def view(planted_id: int) -> str:
        user = db.session.get(User, planted_id)
        return user.email if user.id == current_actor().user_id else ""  # type: ignore[union-attr]

    assert any("status 500" in fault for fault in _leak(app, requires(Can.OWN_SETTINGS)(view), "/planted/<int:planted_id>"))


def test_control_a_page_that_shows_anothers_name(app: Flask) -> None:
    faults = _leak(app, requires(Can.OWN_SETTINGS)(lambda: "客户10002, 19910001001"))
    assert "GET /planted as client: shows 客户10002" in faults
    assert "GET /planted as finance: shows 19910001001" in faults
    assert "GET /planted as finance: shows 客户10002" not in faults


def test_control_a_guard_that_does_not_look(app: Flask) -> None:
    app.before_request_funcs[None].remove(guard._check)
    faults = Walk(app, only="/admin").run().faults
    assert any("as anonymous" in fault for fault in faults)
    assert any("as broker" in fault and "expected forbidden" in fault for fault in faults)


def test_control_a_role_that_may_too_much(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table the walk expects from is read at the time; the guard's own is what is broken here."""
    monkeypatch.setattr(guard, "_need", lambda actor, rights: None)
    faults = Walk(app, only="/admin").run().faults
    assert any("/admin/users" in fault and "as client" in fault for fault in faults)


def test_control_a_session_that_outlives_its_user(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "change", lambda *args, **kwargs: None)  # the user is never really disabled
    assert any("as disabled" in fault for fault in Walk(app, only="/me").run().faults)


def test_programs_get_json_without_a_detour(settings: Settings, app: Flask) -> None:
    app.add_url_rule("/api/planted", "planted", requires(Can.USER_SEE)(lambda: "x"))
    install_guard(app)
    refused = app.test_client().get("/api/planted")
    assert refused.status_code == 401
    assert refused.is_json
    forbidden = seat(app, someone(app, Role.CLIENT)).get("/api/planted")
    assert forbidden.status_code == 403
    assert "identity.user.see" in forbidden.json["error"]["message"]


def test_a_refusal_names_the_right_and_who_holds_it(app: Flask) -> None:
    page = seat(app, someone(app, Role.CLIENT)).get("/admin/users")
    assert page.status_code == 403
    assert "identity.user.see" in page.text
    assert "administrator" in page.text
