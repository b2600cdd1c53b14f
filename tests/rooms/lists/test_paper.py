"""A list taken out as PDF is the list of the page and of the CSV: its rows, their order, its columns and totals; and it is taken out as they are."""

from __future__ import annotations

import csv
import io
import re
import threading
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import db
from models.audit import AuditEntry
from models.identity import Role
from models.jobs import Job
from models.lists import ExportFile
from models.schedules import ExportSending
from portal import clock
from portal.actors import TERMINAL
from portal.audit import log
from portal.audit.log import Line
from portal.documents import list_paper
from portal.jobs.handlers import Work
from portal.jobs.worker import Worker
from portal.leads import introducers
from portal.leads.people import person
from portal.lists.schedules import Wish
from portal.pages import words
from portal.transaction import transaction
from portal.web import list_declared
from portal.web.list_declared import LIST_PAGES, ListPage
from tests import make
from tests.people import post, seat, someone
from tests.rooms.documents.reading import pages
from tests.rooms.documents.test_list_paper import squeezed
from tests.rooms.leads import firm as leads
from tests.rooms.lists.test_lists import browser, rows_of
from tests.rooms.lists.test_schedules import placed, work
from tests.rooms.pages.firm import PERIOD, settle_in

HERE = ZoneInfo("Asia/Shanghai")
ACCOUNTS = [str(10_001 + place) for place in range(130)]
DAY = "2026-03-02"
AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00")


@pytest.fixture
def firm(app: Flask, tmp_path: Path) -> Flask:
    """A closed month."""
    settle_in(app, tmp_path / "files")
    return app


def large(app: Flask, folder: Path) -> None:
    """130 accounts, each with a balance and a trade."""
    made = make.firm(folder, ACCOUNTS, ["B001"])
    trades = [(number, "SHFE", "rb", str(1 + int(number) % 9 * 300), f"{int(number) * 41}.00", f"{int(number) % 13}.25", "1.00") for number in ACCOUNTS]
    with app.app_context():
        make.accepted(made)
        make.accepted(make.day(made, DAY, {number: (f"{12345 * (int(number) % 7)}.50", "0.00") for number in ACCOUNTS}, trades))
        db.session.remove()


def with_leads(app: Flask, folder: Path) -> None:
    """Leads whose names are markup elsewhere."""
    leads.settle_in(app, folder)
    with app.app_context():
        for place, name in enumerate(("甲乙", "Ann #(1+1) *x* $y$", "[丙] @丁 // \\", "Eve_Ann_Bob")):
            leads.registered(person(name=name, phone=f"1381234{place:04d}"), introducers.broker("B001"))
        db.session.remove()


def printed(cell: str, whole: bool) -> str:
    """A cell of the CSV as paper says it; `whole`: a count, with commas."""
    if AMOUNT.fullmatch(cell):
        return f"{Decimal(cell):,.2f}"
    if MOMENT.fullmatch(cell):
        return datetime.fromisoformat(cell).astimezone(HERE).strftime("%Y-%m-%d %H:%M")
    return f"{int(cell):,}" if whole else cell


def taken(client: FlaskClient, address: str, form: str, lang: str = "en", **more: str) -> bytes:
    """A list's file, by the form beside the list."""
    made = post(client, f"/exports?lang={lang}", "/me", at=address, form=form, **more)
    assert made.status_code == 200, made.text[:300]
    return made.data


def rows_of_csv(body: bytes) -> list[list[str]]:
    """The heading and the rows, without the lines that say where the file comes from."""
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))[:-3]


def plain(text: str) -> str:
    """A text without blanks and without the dash of what is not known, which the CSV leaves empty."""
    return squeezed(text).replace("–", "")


def on_pages(pdf: bytes, title: str) -> tuple[str, list[str]]:
    """The first lines of a list on paper, and what stands on each page between head and foot."""
    found = []
    every = [plain(text) for text in pages(pdf)]
    for number, text in enumerate(every, start=1):
        foot = re.search(re.escape(plain(title)) + r"·(?:编号|No\.)([0-9a-f]{12})·(?:第(\d+)页，共(\d+)页|Page(\d+)of(\d+))", text)
        assert foot, text[-200:]
        assert [int(one) for one in foot.groups()[1:] if one] == [number, len(every)]
        found.append(text.replace(foot[0], "").removeprefix("居缘").removeprefix("Juyuan"))
        mark = f"审计日志编号{foot[1]}" if "编号" in foot[0] else f"Number{foot[1]}intheauditlog"
    first, said, found[0] = found[0].partition(mark)
    assert said
    return first, found


def said(app: Flask, lang: str, address: str, key: str, cell: str) -> str:
    """What the page says where the CSV has a code."""
    codes = {"kind": words.KINDS, "reason": words.REASONS}.get(key, {}) if address.startswith("/commission/lines") else {}
    with app.test_request_context(f"/?lang={lang}"):
        return str(codes.get(cell, cell))


MADE = {"/clients": large, "/trades": large, "/leads": with_leads}
LISTS = [("/clients", Role.ADMIN, ()), ("/trades", Role.ADMIN, ("lots",)), ("/commission/statements", Role.FINANCE, ()), (f"/commission/lines?period={PERIOD}&broker=B001", Role.AUDITOR, ()), ("/leads", Role.ADMIN, ())]  # fmt: skip


@pytest.mark.parametrize("lang", ["zh_Hans_CN", "en"])
@pytest.mark.parametrize(("address", "role", "counts"), LISTS)
def test_a_list_on_paper_is_that_of_the_page_and_of_the_csv(app: Flask, tmp_path: Path, address: str, role: Role, counts: Sequence[str], lang: str) -> None:
    MADE.get(address, settle_in)(app, tmp_path / "files")
    client = browser(app, role, "reader")
    held, pdf = rows_of_csv(taken(client, address, "csv", lang)), taken(client, address, "pdf", lang)
    which = LIST_PAGES[app.url_map.bind("localhost").match(address.partition("?")[0])[0]]
    soup = BeautifulSoup(client.get(f"{address}{'&' if '?' in address else '?'}lang={lang}").text, "html.parser")
    labels = [plain(label.get_text()) for label in soup.select(".export-columns label")]
    fen = {place for place, one in enumerate(which.fields) if one.key.endswith("_fen")}
    with app.test_request_context(f"/?lang={lang}"):
        title = str(which.title)
    first, parts = on_pages(pdf, title)
    assert f"{len(held) - 1}" in first
    keys = [one.key for one in which.fields]
    rows = [
        [printed(f"{Decimal(cell) / 100:.2f}" if place in fen and cell else said(app, lang, address, keys[place], cell), keys[place] in counts) for place, cell in enumerate(row)]
        for row in held[1:]
    ]
    head, found, _rows = parts[0].partition(plain("".join(rows[0])))
    assert found, (parts[0][:400], rows[0])
    assert [label for label in labels if label not in head] == []
    assert len(labels) == len(held[0])
    assert all(part.startswith(head) for part in parts[:-1]), "the heading is repeated on every page"
    whole = "".join(part.removeprefix(head) for part in parts)
    printed_rows = plain("".join("".join(row) for row in rows))
    assert whole.startswith(printed_rows), (whole[:400], printed_rows[:400])
    rest = whole.removeprefix(printed_rows)
    totals = rest.partition("末行" if lang != "en" else "Thelastrow")[0] if which.sums else ""
    shown = [plain(cell.get_text()).replace("¥", "") for cell in soup.select("tfoot td") if cell.get_text(strip=True)]
    assert bool(shown) == bool(which.sums)
    assert [figure for figure in shown if figure not in totals] == [], "the totals are those of the screen"
    added = [sum((Decimal(row[place] or 0) for row in held[1:]), Decimal(0)) / (100 if place in fen else 1) for place, one in enumerate(which.fields) if one.key in which.sums]
    whole_of = [f"{value:,.2f}" if one.key not in counts else f"{value:,}" for value, one in zip(added, (one for one in which.fields if one.key in which.sums), strict=True)]
    assert totals == ("".join(["合计" if lang != "en" else "Total", *whole_of]) if which.sums else ""), "and those of the file's own rows"


def test_only_the_chosen_columns_are_printed_and_the_log_knows_them(firm: Flask) -> None:
    client = browser(firm, Role.ADMIN)
    made = client.get("/clients?q=10001&format=pdf&columns=equity,account_no&lang=en")
    assert (made.mimetype, made.headers["Content-Disposition"]) == ("application/pdf", "attachment; filename=clients.pdf")
    first, (only,) = on_pages(made.data, "Clients")
    assert only.startswith("AccountEquity(yuan)10001")
    assert "营业部" not in only
    assert "filters:" in first and ":10001" in first  # noqa: PT018
    with firm.app_context():
        last = db.session.execute(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1)).scalar_one()
        assert (last.action, last.subject_key) == ("list.exported", "clients.index")
        assert last.after == {"rows": 1, "form": "pdf", "columns": ["account_no", "equity"], "filters": {"q": "…"}, "number": last.after["number"], "path": "/clients"}
        assert f"No.{last.after['number']}·Page1of1" in plain(pages(made.data)[0])
        db.session.remove()


def test_the_first_page_says_who_took_it_out_of_when_the_data_is_and_what_was_filtered(firm: Flask) -> None:
    client = browser(firm, Role.ADMIN)
    for lang, says in (
        ("en", ["Takenoutbyadmin@firm.exampleon", "Dataasof", f"settledupto{DAY}", "Clients,1rows;filters:", ":10001;"]),
        ("zh_Hans_CN", ["由admin@firm.example于", "数据时点", f"结算截至{DAY}", "筛选条件："]),
    ):
        first, _parts = on_pages(taken(client, "/clients?q=10001&kind=person", "pdf", lang), "Clients" if lang == "en" else "客户")
        assert [word for word in says if word not in first] == []


def test_nobody_takes_on_paper_what_he_may_not_see(firm: Flask) -> None:
    broker = browser(firm, Role.BROKER, broker_no="B001", client_no="", staff_no="")
    for at, status in (("/audit", 403), ("/imports", 403), ("/commission/lines?broker=B002", 404), ("/me", 404), ("/nowhere", 404), ("/clients/10002", 404)):
        assert post(broker, "/exports", "/me", at=at, form="pdf").status_code == status, at
    assert broker.get("/audit?format=pdf").status_code == 403
    assert "10002" not in "".join(pages(taken(broker, "/clients", "pdf")))
    assert "10001" in "".join(pages(taken(broker, "/clients", "pdf")))


def test_a_paper_is_its_makers_alone(firm: Flask) -> None:
    maker, other = browser(firm, Role.FINANCE, "one"), browser(firm, Role.ADMIN, "two")
    taken(maker, "/clients", "pdf")
    (row,) = rows_of(firm, ExportFile)
    assert (row.name, row.form, maker.get(f"/exports/{row.public_id}").mimetype) == ("clients.pdf", "pdf", "application/pdf")
    assert other.get(f"/exports/{row.public_id}").status_code == 404
    assert "clients" not in maker.get("/exports?form=csv").text.partition("<main")[2].partition("list-card")[2].partition("<tbody")[2]
    assert row.public_id in maker.get("/exports?form=pdf").text
    assert f"/orders/new/{row.public_id}" in maker.get("/exports").text


def entries(app: Flask, count: int) -> None:
    """So many lines in the log."""
    with app.app_context():
        with transaction():
            log.write_many(TERMINAL, clock.now(), (Line("plan.changed", "plan", f"P{n}") for n in range(count)))
        db.session.remove()


def test_a_list_too_long_for_paper_says_so_and_what_to_do(app: Flask) -> None:
    auditor = browser(app, Role.AUDITOR)
    entries(app, 5_001)
    for answer in (post(auditor, "/exports?lang=en", "/me", at="/audit?action=plan", form="pdf", columns="seq"), auditor.get("/audit?action=plan&format=pdf&columns=seq&lang=en")):
        assert answer.status_code == 422
        assert "this list has 5,001 rows; on paper 5,000 rows of 1 columns fit: narrow it, choose fewer columns, or take CSV or XLSX" in answer.text
    assert "此列表有 5,001 行" in post(auditor, "/exports?lang=zh_Hans_CN", "/me", at="/audit?action=plan", form="pdf", columns="seq").text
    assert (rows_of(app, Job), rows_of(app, ExportFile)) == ([], [])
    assert post(auditor, "/exports", "/me", at="/audit?action=plan", form="csv", columns="seq").status_code == 200


def test_what_takes_long_to_set_becomes_a_job_that_says_how_far_it_is(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    auditor = browser(app, Role.AUDITOR)
    entries(app, 1_200)
    answer = auditor.get("/audit?action=plan&format=pdf")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/audit?action=plan")
    asked = post(auditor, "/exports", "/me", at="/audit?action=plan", form="pdf")
    assert (asked.status_code, asked.headers["Location"]) == (303, "/exports")
    steps = []
    whole = Work.progress
    monkeypatch.setattr(Work, "progress", lambda self, *said: (steps.append(said), whole(self, *said))[1])
    Worker(app).drain()
    (row,) = rows_of(app, ExportFile)
    found = pages(auditor.get(f"/exports/{row.public_id}").data)
    assert (row.rows, row.form, len(found) > 12) == (1_200, "pdf", True)
    assert ("Writing the rows", 1_000, 1_200) in steps
    assert ("Setting the pages", 1_200, 1_200) in steps


def test_a_paper_being_set_can_be_stopped(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    auditor = browser(app, Role.AUDITOR)
    entries(app, 1_200)
    post(auditor, "/exports", "/me", at="/audit?action=plan", form="pdf")
    whole = Work.progress

    def stopped(self: Work, step: str, done: int = 0, total: int = 0) -> None:
        if step == "Setting the pages":
            self.cancel.set()
        whole(self, step, done, total)

    monkeypatch.setattr(Work, "progress", stopped)
    Worker(app).drain()
    assert rows_of(app, ExportFile) == []
    assert rows_of(app, Job)[0].state == "cancelled"


def test_a_paper_is_ordered_and_comes_by_itself(firm: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    user = someone(firm, Role.FINANCE)
    client = seat(firm, user)
    placed(firm, user, Wish("/commission/statements", "pdf", ("broker_no", "net"), "zh_Hans_CN", "monthly"))
    work(firm)
    (row,) = rows_of(firm, ExportFile)
    text = plain("".join(pages(client.get(f"/exports/{row.public_id}").data)))
    assert "B001" in text
    assert "（元）" in text
    monkeypatch.setattr(list_paper, "ROWS", 0)
    placed(firm, user, Wish("/commission/statements", "pdf", ("broker_no",), "zh_Hans_CN", "weekly"))
    work(firm)
    sent, failed = sorted(rows_of(firm, ExportSending), key=lambda one: one.id)
    assert (sent.outcome, failed.outcome) == ("sent", "failed")
    assert "请缩小范围" in failed.why


def test_totals_belong_to_the_rows_above_them(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is settled between the sums and the rows: both are still of the moment before."""
    made, numbers = make.firm(tmp_path / "files", ACCOUNTS[:5], ["B001"]), ACCOUNTS[:5]

    def settle(day: str, profit: str) -> None:
        with app.app_context():
            make.accepted(make.day(made, day, {number: (f"{number[-2:]}000.50", profit) for number in numbers}, []))
            db.session.remove()

    with app.app_context():
        make.accepted(made)
    settle(DAY, "0.00")
    client = browser(app, Role.ADMIN)

    def printed() -> list[int]:
        """The amounts in the order of the paper, in fen: each row's equity, then their sum."""
        text = "".join(pages(taken(client, "/clients", "pdf", columns="equity")))
        return [int(amount.replace(",", "").replace(".", "")) for amount in re.findall(r"[\d,]+\.\d\d", text)]

    whole = list_declared.ListPage.sums_of

    def overtaken(self: ListPage, *given: Any) -> dict[str, int | None]:
        found = whole(self, *given)
        other = threading.Thread(target=settle, args=("2026-03-03", "777.00"))
        other.start()
        other.join()
        return found

    before = printed()
    monkeypatch.setattr(list_declared.ListPage, "sums_of", overtaken)
    assert printed() == before
    monkeypatch.setattr(list_declared.ListPage, "sums_of", whole)
    after = printed()
    assert (len(before), len(after)) == (6, 6)
    assert after != before, "control: the books did change"
    assert (sum(before[:-1]), sum(after[:-1])) == (before[-1], after[-1])
