"""Every list is the same list: its views, its files, its pages, whatever it shows."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import process_time
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import event, insert, select

from models import db
from models.audit import AuditEntry
from models.club_invites import InviteList
from models.club_waves import ClubWavePlan
from models.identity import Role, User, UserState
from models.jobs import Job
from models.lists import DefaultView, ExportFile, ExportPart, SavedView
from models.plan_drafts import ShadowRun
from models.values.calendar import Month
from portal import clock
from portal.actors import TERMINAL
from portal.audit import log
from portal.audit.log import Line
from portal.club import points, pools
from portal.club.points import Holder
from portal.commission import reports
from portal.imports.comparing import nothing
from portal.jobs.worker import Worker
from portal.lists import kept
from portal.settlement import comparisons
from portal.settlement.comparisons import Paper
from portal.transaction import transaction
from portal.web import keyset
from portal.web.guard import policies
from portal.web.list_declared import LIST_PAGES
from tests.people import change, post, seat, someone
from tests.rooms.club.scene import event_of
from tests.rooms.club.statement_scene import handed_in
from tests.rooms.commission.payout_scene import standing_run
from tests.rooms.documents.reading import pages
from tests.rooms.handover.makers import made as handed_over
from tests.rooms.pages.firm import DAY, NUMBERS, PERIOD, settle_in
from tests.rooms.risk.makers import scored

BLOCK = re.compile(r"<nav class=\"views-tabs\".*?</nav>", re.DOTALL)


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """Two accounts, two brokers, one closed month."""
    settle_in(app, tmp_path / "files")
    return app


def browser(app: Flask, role: Role, name: str = "", **numbers: str) -> FlaskClient:
    return seat(app, someone(app, role, email=f"{name or role.value}@firm.example", **numbers))


def tabs(client: FlaskClient, address: str) -> list[str]:
    """The saved views that stand above a list; the one that is shown is marked."""
    found = BLOCK.search(client.get(address).text)
    assert found
    links = re.findall(r"<a href=\"[^\"]*\"([^>]*)>(.*?)</a>", found[0], re.DOTALL)
    return [("*" if "aria-current" in more else "") + re.sub(r"<.*?>", "", text).strip() for more, text in links]


def save(client: FlaskClient, at: str, name: str, **more: str):
    return post(client, "/views", "/me", at=at, name=name, **more)


def rows_of(app: Flask, model) -> list:
    with app.app_context():
        found = db.session.execute(select(model)).scalars().all()
        db.session.expunge_all()
        db.session.remove()
    return list(found)


LISTS = [
    ("/clients", Role.ADMIN), ("/commission/statements", Role.FINANCE),
    (f"/commission/lines?period={PERIOD}&broker=B001", Role.AUDITOR), ("/commission/months", Role.AUDITOR), ("/imports", Role.FINANCE), ("/imports/1", Role.FINANCE),
    ("/imports/1/days", Role.FINANCE), ("/approvals", Role.COMPLIANCE), ("/audit", Role.AUDITOR), ("/admin/users", Role.ADMIN), ("/exchange-fees", Role.FINANCE),
    ("/calendar/2026/days", Role.FINANCE), ("/exports", Role.BROKER), ("/trades", Role.ADMIN), ("/disputes", Role.FINANCE),
    ("/care", Role.ADMIN), ("/care/contacts", Role.COMPLIANCE), ("/care/book", Role.ADMIN), ("/care/load", Role.AUDITOR),
    ("/care/questions", Role.ADMIN), ("/care/answers", Role.COMPLIANCE), ("/questions", Role.CLIENT), ("/segments", Role.ADMIN), ("/care/service-plans", Role.ADMIN), ("/care/return-visits", Role.ADMIN),
    ("/leads", Role.ADMIN), ("/leads/assign", Role.ADMIN), ("/leads/campaigns", Role.ADMIN), ("/leads/pool", Role.ADMIN), ("/rules", Role.AUDITOR), ("/rules/breaches", Role.COMPLIANCE),
    ("/rules/facts", Role.COMPLIANCE), ("/suitability", Role.COMPLIANCE), ("/confirmations", Role.COMPLIANCE), ("/conversions", Role.COMPLIANCE),
    ("/cases", Role.COMPLIANCE), ("/transfers", Role.ADMIN), ("/departures", Role.ADMIN), ("/departures/signals", Role.ADMIN), ("/departures/signals/looks", Role.AUDITOR), ("/handovers", Role.ADMIN), ("/risk", Role.ADMIN), (f"/departures/exposure?person=broker-B001&on={DAY}", Role.ADMIN), ("/handovers/1", Role.ADMIN), (f"/association?month={DAY[:7]}", Role.ADMIN), ("/overview/people", Role.ADMIN), ("/onboarding", Role.ADMIN), ("/onboarding/lapsing", Role.ADMIN), ("/association/sent", Role.ADMIN),
    ("/channels/costs", Role.FINANCE), ("/channels/people", Role.ADMIN), ("/notices", Role.FINANCE), ("/bills", Role.CLIENT), ("/bills/10001?by=day", Role.STAFF),
    ("/clients/10001/trades", Role.COMPLIANCE), ("/clients/10001", Role.BROKER), ("/imports/refusals", Role.FINANCE), (f"/imports/days/{DAY}", Role.FINANCE),
    ("/imports/comparisons", Role.FINANCE), ("/imports/comparisons/1", Role.FINANCE), ("/plans", Role.AUDITOR), ("/plans/HALF", Role.AUDITOR),
    ("/plans/shadows/one", Role.FINANCE), (f"/commission/months/{PERIOD}/look", Role.FINANCE), (f"/commission/months/{PERIOD}/corrections", Role.FINANCE),
    ("/compliance/erase-requests", Role.AUDITOR), ("/orders", Role.FINANCE), ("/commission/payouts", Role.AUDITOR), (f"/commission/payouts/next/{PERIOD}", Role.FINANCE), (f"/commission/payouts/{PERIOD}-01", Role.FINANCE), ("/commission/payees", Role.COMPLIANCE),
    (f"/commission/months/{PERIOD}/publication", Role.FINANCE), ("/attribution", Role.AUDITOR), ("/attribution/findings", Role.AUDITOR),
    ("/club/duties", Role.ADMIN), ("/club/no-shows", Role.COMPLIANCE), ("/club", Role.ADMIN), ("/club/events/night", Role.COMPLIANCE), ("/club/bookings", Role.CLIENT), ("/club/money", Role.FINANCE),
    ("/club/money/transfers", Role.FINANCE), ("/club/money/statement/paper", Role.FINANCE), ("/club/money/returns", Role.ADMIN),
    ("/club/members", Role.ADMIN), ("/club/members/applications", Role.ADMIN),
    ("/club/events/night/waitlist", Role.ADMIN), ("/club/pools/kept", Role.ADMIN), ("/club/door/night/kept", Role.STAFF), ("/club/vouchers", Role.BRANCH_MANAGER),
    ("/admin/outbox", Role.AUDITOR), ("/admin/webhooks/log", Role.AUDITOR), ("/club/points/desk", Role.COMPLIANCE), ("/club/points/redemptions", Role.AUDITOR), ("/club/points", Role.CLIENT),
    ("/club/points/desk/1", Role.ADMIN), ("/club/events/night/feedback", Role.COMPLIANCE), ("/club/effects", Role.AUDITOR), ("/club/invitations/invited", Role.BRANCH_MANAGER), ("/club/waves/waves/clients", Role.BRANCH_MANAGER), ("/club/events/night/answers", Role.COMPLIANCE),
    ("/research", Role.CLIENT), ("/research/desk", Role.AUDITOR), ("/research/desk/opens", Role.ADMIN), ("/research/desk/leads", Role.COMPLIANCE),
    ("/attribution/moves", Role.AUDITOR), (f"/attribution/differences?from=0&to=1&first={PERIOD}&last={PERIOD}", Role.AUDITOR),
]  # fmt: skip


def worked_out(app: Flask) -> None:
    """A comparison, a shadow run and the differences between two recordings, so that their lists can be tried."""
    with app.app_context():
        with transaction():
            comparisons.keep(Paper("ctp", "x.txt", "0" * 64), nothing(), TERMINAL, clock.now(), "")
            result = {"months": [], "brokers": [{"broker_no": "B001", "before": 1, "after": 2, "retained": 10, "kinds": {}}]}
            shadow = {"job_public_id": "one", "plan_code": "HALF", "digest": "0" * 64, "known_recording_id": 1, "computed_at": clock.now(), "asked_label": "test"}
            db.session.add(ShadowRun(plan={"code": "HALF", "versions": []}, periods=[PERIOD], brokers=[], result=result, **shadow))
            asked = reports.Asked(0, 1, Month.parse(PERIOD), Month.parse(PERIOD))
            reports.keep(asked, reports.compute_differences(asked), clock.now())
        night = event_of("night")
        handed_in("paper")
        with transaction():
            pools.create(night, 2, 48, "speaker", actor=TERMINAL, moment=clock.now()).public_id = "kept"
            db.session.add(
                InviteList(
                    public_id="invited",
                    event_id=night,
                    criteria={},
                    percent=15,
                    why_none="",
                    contractual=False,
                    seed="",
                    drawn_on=date.fromisoformat(DAY),
                    drawn_at=clock.now(),
                    drawn_label="",
                )
            )
            plan = {"criteria": {}, "seed": "", "gap_days": 7, "settled_on": None, "drawn_at": clock.now(), "drawn_label": ""}
            db.session.add(ClubWavePlan(public_id="waves", event_id=night, **plan))
        with transaction():
            points.hold([Holder("client:none", "none", None)])
        standing_run()
        handed_over("own")
        scored()
        db.session.remove()


OWN = {Role.BROKER: ("broker_no",), Role.CLIENT: ("client_no",), Role.STAFF: ("staff_no", "branch_no")}
"""Who sees only what he is bound to, and by which numbers."""
NOTHING_THERE = (
    "/orders",
    "/compliance/erase-requests",
    "/imports/1",
    "/approvals",
    "/cases",
    "/transfers",
    "/onboarding",
    "/onboarding/lapsing",
    f"/association?month={DAY[:7]}",
    "/channels/costs",
    "/channels/people",
    "/admin/outbox",
    "/admin/webhooks/log",
    "/care/questions",
    "/care/answers",
    "/questions",
    "/segments",
    "/care/service-plans",
    "/care/return-visits",
    "/research",
    "/research/desk",
    "/research/desk/opens",
    "/research/desk/leads",
    "/club/points/desk",
    "/club/points/redemptions",
    "/club/points",
    "/club/points/desk/1",
    "/club/events/night/feedback",
    "/club/effects",
    "/club/invitations/invited",
    "/club/waves/waves/clients",
    "/club/events/night/answers",
    "/club/events/night",
    "/club/events/night/waitlist",
    "/club/pools/kept",
    "/club/door/night/kept",
    "/club/vouchers",
    "/club/bookings",
    "/club/money",
    "/club/money/transfers",
    "/club/money/statement/paper",
    "/club/money/returns",
    "/club/members",
    "/club/members/applications",
    "/club/duties",
    "/club/no-shows",
    f"/imports/days/{DAY}",
    f"/commission/months/{PERIOD}/corrections",
    "/departures/signals",
    "/departures/signals/looks",
)
"""Lists that a firm without refusals, decisions, cases, transfers, applications, costs, seats or leads does not show."""


def test_every_list_of_the_portal_has_views_files_and_a_line_in_the_log(firm: Flask) -> None:
    worked_out(firm)
    seen = set()
    for address, role in LISTS:
        client = browser(firm, role, f"{role.value}{len(seen)}", **{name: NUMBERS[name] for name in OWN.get(role, ())})
        page = client.get(address)
        assert page.status_code == 200, address
        assert "views-tabs" in page.text or address in NOTHING_THERE, address
        made = post(client, "/exports", "/me", at=address, form="csv")
        assert made.status_code == 200, (address, made.text[:300])
        assert made.headers["Content-Type"].startswith("text/csv")
        lines = list(csv.reader(io.StringIO(made.data.decode("utf-8-sig"))))
        assert lines[-3][0].startswith(f"# Taken out by {role.value}{len(seen)}@firm.example on ")
        assert CalamineWorkbook.from_filelike(io.BytesIO(post(client, "/exports", "/me", at=address, form="xlsx").data)).sheet_names[1] == "#"
        paper = pages(post(client, "/exports", "/me", at=address, form="pdf").data)
        with firm.app_context():
            *_before, middle, last = db.session.execute(select(AuditEntry).where(AuditEntry.action == "list.exported").order_by(AuditEntry.seq)).scalars()
            assert (last.after["form"], all(last.after["number"] in text for text in paper)) == ("pdf", True), address
            last = middle
            assert last.after["rows"] - len(lines) + 4 in {0, 1}, "the log itself grows by what is taken out"
            assert f"Number {last.after['number']} in the audit log" in str(CalamineWorkbook.from_filelike(io.BytesIO(_last_file(client))).get_sheet_by_index(1).to_python())
            seen.add(last.subject_key)
            db.session.remove()
    assert seen == set(LIST_PAGES), "every declared list is tried here"


def _last_file(client: FlaskClient) -> bytes:
    number = re.findall(r"/exports/([\w-]{10,})\"", client.get("/exports?form=xlsx").text)[0]
    return client.get(f"/exports/{number}").data


def test_a_brokers_list_at_the_same_address_is_his_own(firm: Flask) -> None:
    broker = browser(firm, Role.BROKER, broker_no="B001")
    made = list(csv.reader(io.StringIO(post(broker, "/exports", "/me", at="/clients", form="csv", columns="account_no").data.decode("utf-8-sig"))))
    page = broker.get("/clients?lang=en").text
    assert made[0] == ["Account"]
    assert [row[0] for row in made[1:-3]] == re.findall(r'one-line" href="/clients/(\w+)"', page)
    assert "Your share" in page
    with firm.app_context():
        last = db.session.execute(select(AuditEntry).where(AuditEntry.action == "list.exported").order_by(AuditEntry.seq.desc()).limit(1)).scalar_one()
        assert (last.subject_key, last.after["rows"]) == ("clients.index", len(made) - 4)
        db.session.remove()


def test_columns_are_chosen_and_filters_hold(firm: Flask) -> None:
    client = browser(firm, Role.ADMIN)
    made = client.get("/clients?q=10001&format=csv&columns=equity,account_no").data.decode("utf-8-sig").splitlines()
    assert (made[0], made[1][:5], len(made)) == ("Account,Equity", "10001", 2 + 3)
    with firm.app_context():
        last = db.session.execute(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).scalar_one()
        assert last.after == {"rows": 1, "form": "csv", "columns": ["account_no", "equity"], "filters": {"q": "…"}, "number": last.after["number"], "path": "/clients"}
        db.session.remove()


def test_a_file_is_its_makers_alone_and_expires(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    maker, other = browser(firm, Role.FINANCE, "one"), browser(firm, Role.ADMIN, "two")
    post(maker, "/exports", "/me", at="/clients", form="csv")
    (row,) = rows_of(firm, ExportFile)
    address = f"/exports/{row.public_id}"
    assert maker.get(address).data.startswith(b"\xef\xbb\xbf")
    assert other.get(address).status_code == 404
    assert row.public_id not in other.get("/exports").text
    assert post(other, f"{address}/delete", "/me").status_code == 404
    later = clock.now() + kept.KEPT_FOR + timedelta(minutes=1)
    with firm.app_context():
        with transaction():
            kept.drop_expired(later)
        db.session.remove()
    assert (rows_of(firm, ExportFile), rows_of(firm, ExportPart)) == ([], [])
    assert maker.get(address).status_code == 404


def test_who_lost_the_right_to_a_list_cannot_fetch_its_file(firm: Flask) -> None:
    maker = browser(firm, Role.FINANCE, "one")
    post(maker, "/exports", "/me", at="/imports", form="csv")
    (row,) = rows_of(firm, ExportFile)
    with firm.app_context():
        with transaction():
            user = db.session.get(User, row.owner_id)
            user.roles[0].role = Role.STAFF
        db.session.remove()
    assert maker.get(f"/exports/{row.public_id}").status_code == 403


def test_nobody_takes_out_what_he_may_not_see(firm: Flask) -> None:
    broker = browser(firm, Role.BROKER, broker_no="B001", client_no="", staff_no="")
    for at, status in (("/audit", 403), ("/imports", 403), ("/commission/lines?broker=B002", 404), ("/me", 404), ("/nowhere", 404), ("/clients/10002", 404), ("/me/devices", 404)):
        assert post(broker, "/exports", "/me", at=at, form="csv").status_code == status, at
    assert post(broker, "/exports", "/me", at="https://evil.example/clients", form="csv").status_code == 422
    assert post(broker, "/exports", "/me", at="/clients", form="doc").status_code == 422
    assert b"10002" not in post(broker, "/exports", "/me", at="/clients", form="csv").data


def test_a_long_list_becomes_a_job_whose_file_appears_in_my_exports(app: Flask) -> None:
    auditor = browser(app, Role.AUDITOR)
    with app.app_context():
        with transaction():
            log.write_many(TERMINAL, clock.now(), (Line("plan.changed", "plan", f"P{n}") for n in range(20_500)))
        db.session.remove()
    answer = auditor.get("/audit?action=plan&format=csv")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit?action=plan")
    asked = post(auditor, "/exports", "/me", at="/audit?action=plan", form="csv", columns="seq")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/exports")
    assert "Waiting for the worker" in auditor.get("/exports").text
    Worker(app).drain()
    (row,) = rows_of(app, ExportFile)
    content = auditor.get(f"/exports/{row.public_id}").data.decode("utf-8-sig").splitlines()
    assert (row.rows, len(content), content[0], content[1]) == (20_500, 1 + 20_500 + 3, "seq", "20501")
    assert browser(app, Role.ADMIN).get(f"/exports/{row.public_id}").status_code == 404
    assert "20,500" in auditor.get("/exports").text


def test_an_export_that_waits_or_runs_can_be_stopped(app: Flask) -> None:
    auditor = browser(app, Role.AUDITOR)
    with app.app_context():
        with transaction():
            log.write_many(TERMINAL, clock.now(), (Line("plan.changed", "plan", f"P{n}") for n in range(20_001)))
        db.session.remove()
    post(auditor, "/exports", "/me", at="/audit?action=plan", form="xlsx")
    (job,) = rows_of(app, Job)
    post(auditor, f"/jobs/{job.public_id}/cancel", "/me")
    Worker(app).drain()
    assert rows_of(app, ExportFile) == []
    assert rows_of(app, Job)[0].state == "cancelled"


def test_a_view_is_saved_chosen_renamed_and_deleted(firm: Flask) -> None:
    client = browser(firm, Role.FINANCE)
    assert tabs(client, "/clients") == ["*Everything"]
    saved = save(client, "/clients?kind=person&sort=account_no&page=3&nonsense=1", "自然人")
    assert (saved.status_code, saved.headers["Location"]) == (303, "/clients?kind=person&sort=account_no")
    assert tabs(client, "/clients?kind=person&sort=account_no") == ["Everything", "*自然人"]
    assert tabs(client, "/clients") == ["*Everything", "自然人"]
    (view,) = rows_of(firm, SavedView)
    assert view.query == "kind=person&sort=account_no"
    post(client, f"/views/{view.public_id}/default", "/me", at="/clients")
    opened = client.get("/clients")
    assert (opened.status_code, opened.headers["Location"]) == (302, "/clients?kind=person&sort=account_no")
    assert client.get("/clients?view=all").status_code == 200
    assert tabs(client, "/clients?view=all") == ["*Everything", "自然人"]
    assert 'href="/clients?view=all"' in client.get("/clients?view=all&open=open").text, "taking the filter away does not lead into the view"
    post(client, f"/views/{view.public_id}/rename", "/me", at="/clients", name="Persons")
    assert tabs(client, "/clients?view=all") == ["*Everything", "Persons"]
    post(client, f"/views/{view.public_id}/delete", "/me", at="/clients")
    assert (rows_of(firm, SavedView), rows_of(firm, DefaultView)) == ([], [])
    said = BeautifulSoup(client.get("/clients").text, "html.parser").select_one(".flash form")
    assert said
    fields = {one["name"]: one["value"] for one in said.select("input") if one["name"] != "csrf_token"}
    assert (said["action"], fields) == ("/views", {"name": "Persons", "audience": "", "at": "/clients?kind=person&sort=account_no", "default": "yes"})
    post(client, said["action"], "/me", **fields)
    (again,) = rows_of(firm, SavedView)
    assert (again.name, again.query, len(rows_of(firm, DefaultView))) == ("Persons", "kind=person&sort=account_no", 1), "undone"


def test_a_view_is_seen_by_its_owner_and_by_those_it_is_shared_with(firm: Flask) -> None:
    one, two, admin = browser(firm, Role.FINANCE, "one"), browser(firm, Role.FINANCE, "two"), browser(firm, Role.ADMIN)
    save(one, "/clients?open=open", "mine")
    save(one, "/clients?open=closed", "ours", audience="role:finance")
    assert tabs(one, "/clients") == ["*Everything", "mine", "ours"]
    assert tabs(two, "/clients") == ["*Everything", "ours"]
    assert tabs(admin, "/clients") == ["*Everything"]
    shared = next(row for row in rows_of(firm, SavedView) if row.name == "ours")
    for verb in ("rename", "delete"):
        assert post(two, f"/views/{shared.public_id}/{verb}", "/me", at="/clients", name="x").status_code == 404
    assert post(two, f"/views/{shared.public_id}/default", "/me", at="/clients").status_code == 303
    assert post(admin, f"/views/{shared.public_id}/default", "/me", at="/clients").status_code == 404
    assert save(one, "/clients", "x", audience="role:admin").status_code == 422
    assert save(one, "/clients", "   ").status_code == 422
    manager = browser(firm, Role.BRANCH_MANAGER, "m1", branch_no="01")
    save(manager, "/clients?open=open", "branch", audience="branch:01")
    assert "branch" in tabs(browser(firm, Role.BRANCH_MANAGER, "m2", branch_no="01"), "/clients")
    assert "branch" not in tabs(browser(firm, Role.BRANCH_MANAGER, "m3", branch_no="02"), "/clients")


def test_a_view_whose_filter_is_no_more_says_so(firm: Flask) -> None:
    client = browser(firm, Role.FINANCE, "one")
    with firm.app_context():
        with transaction():
            owner = db.session.execute(select(User.id).where(User.email == "one@firm.example")).scalar_one()
            db.session.add(SavedView(public_id="old", endpoint="clients.index", name="old", query="kind=martian", owner_id=owner, created_at=clock.now()))
        db.session.remove()
    page = client.get("/clients?kind=martian")
    assert page.status_code == 200
    assert "Left out" in page.text


def queries(app: Flask, client: FlaskClient, address: str) -> int:
    seen: list[str] = []

    def note(connection, cursor, statement, *rest) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len([one for one in seen if not one.startswith(("BEGIN", "PRAGMA"))])


def people(app: Flask, count: int) -> None:
    with app.app_context():
        with transaction():
            start = db.session.execute(select(db.func.count()).select_from(User)).scalar_one()
            rows = [
                {"public_id": f"p{n}", "email": f"{n:06d}@many.example", "name": f"人{n % 97}", "state": UserState.ACTIVE, "locale": "", "theme": "", "demo": False, "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
                for n in range(start, start + count)
            ]  # fmt: skip
            db.session.execute(insert(User), rows)
        db.session.remove()


def test_a_list_asks_as_many_questions_at_one_row_as_at_a_hundred_thousand(app: Flask) -> None:
    admin = browser(app, Role.ADMIN)
    assert admin.get("/me").status_code == 200  # the first page of a session looks its person up
    counts = [queries(app, admin, "/admin/users?view=all")]
    for more in (30, 100_000):
        people(app, more)
        counts.append(queries(app, admin, "/admin/users?view=all"))
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 12


def test_the_last_page_of_a_long_log_comes_as_fast_as_the_first(app: Flask) -> None:
    auditor = browser(app, Role.AUDITOR)
    with app.app_context():
        with transaction():
            log.write_many(TERMINAL, clock.now(), (Line("plan.changed", "plan", f"P{n}") for n in range(100_000)))
        db.session.remove()

    def fastest(address: str) -> float:
        times = []
        for _ in range(5):
            begun = process_time()
            assert auditor.get(address).status_code == 200
            times.append(process_time() - begun)
        return min(times)

    first = "/audit"
    far = re.sub(r"&amp;", "&", re.findall(r"rel=\"next\" href=\"([^\"]+)\"", auditor.get("/audit").text)[0])
    deep = _place(90_000)
    assert queries(app, auditor, first) == queries(app, auditor, far) == queries(app, auditor, deep) <= 12
    assert max(fastest(far), fastest(deep)) < fastest(first) * 1.5 + 0.01, (fastest(first), fastest(far), fastest(deep))


def _place(seq: int) -> str:
    return "/audit?after=" + quote(keyset.write(100_000 - seq, 100_000 - seq))


def test_every_declared_list_is_a_page_with_a_policy(app: Flask) -> None:
    assert all(policies(app)[endpoint].rights for endpoint in LIST_PAGES)


def test_a_disabled_person_s_file_stays_shut(app: Flask) -> None:
    user = someone(app, Role.AUDITOR)
    client = seat(app, user)
    post(client, "/exports", "/me", at="/audit", form="csv")
    (row,) = rows_of(app, ExportFile)
    change(app, user, state=UserState.DISABLED)
    assert client.get(f"/exports/{row.public_id}").status_code in {302, 401}


def test_a_file_that_is_no_list_of_its_own_stands_in_the_log(firm: Flask) -> None:
    broker, client, admin = (browser(firm, role, **{name: NUMBERS[name] for name in OWN.get(role, ())}) for role in (Role.BROKER, Role.CLIENT, Role.ADMIN))
    for who, address, route in (
        (broker, "/brokers/B001/days?format=csv", "broker_desk.days"),
        (client, "/bills/10001/days.csv", "bills.days_csv"),
        (admin, "/channels?format=csv", "channels.index"),
    ):
        made = who.get(address)
        assert made.status_code == 200, address
        last = rows_of(firm, AuditEntry)[-1]
        assert (last.action, last.subject_key) == ("list.exported", route)
        assert made.headers["Content-Disposition"].startswith("attachment")
        lines = made.data.decode("utf-8-sig").splitlines()
        assert lines[-1] == f"# Number {last.after['number']} in the audit log"
        assert last.after["rows"] == len(lines) - 3
