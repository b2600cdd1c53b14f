"""Research of the demonstration firm: reports and courses of several chains, who subscribed, what was opened, and what waits for a second person."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.clients import AccountVersion
from models.leads import Claim, IntroducerKind
from models.research import ResearchItem, ResearchKind
from models.service_plans import Interest
from portal.audit import approvals
from portal.clients.queries import newest_version
from portal.demo.signed_in import acting
from portal.research import drafting, reading, releasing, wishes
from portal.research.drafting import Draft
from portal.research.lessons import read_questions
from portal.research.reading import Reader
from portal.research.verdicts import Facts
from portal.transaction import transaction

WRITER, APPROVER, CLIENT = "staff@example.com", "compliance@example.com", "client@example.com"
RISK_LINE = "期货交易有风险，投资须谨慎。本内容仅供参考，不构成任何投资建议，不保证盈利或避免亏损。"
WEEKLY = """# 核心观点

**中性偏强**：库存连续三周下降，但需求回升仍需验证。

| 指标 | 本周 | 上周 |
|---|---|---|
| 社会库存（万吨） | 812 | 836 |
| 高炉开工率 | 78.4% | 77.9% |

# 关注

1. 节前补库节奏
2. 环保限产执行力度
3. 基差与月差变化

> 本周数据截至周四夜盘收盘。
"""
REPORTS = (
    ("螺纹钢周报：去库延续，关注节前补库", "库存下降，基差收敛。", Interest.FERROUS, ("rb", "hc", "i"), "R4", 40),
    ("油脂油料月报：供应宽松下的压力位", "到港增加，压榨利润回落。", Interest.AGRICULTURE, ("m", "y", "p"), "R4", 35),
    ("能化周报：成本支撑与需求博弈", "原油震荡，聚酯开工回升。", Interest.ENERGY, ("sc", "TA", "MA"), "R4", 28),
    ("期权专题：用买权管理库存价格风险", "权利金、敞口与情景。", Interest.OPTIONS, ("m_o",), "R5", 21),
    ("黑色系基差月报：套保比例怎么定", "从现货敞口到合约手数。", Interest.FERROUS, ("rb", "i"), "R3", 18),
    ("豆粕储运成本解读", "成本拆解，不谈方向。", Interest.AGRICULTURE, ("m",), "R3", 9),
    ("贵金属周报：利率预期与金银比", "金银比回到均值上方。", Interest.METALS, ("au", "ag"), "R4", 14),
)
"""Title, summary, chain, products, risk, and how many days ago it was published."""
LESSONS = (
    ("保证金与每日结算", "期货实行**保证金**交易和**当日无负债结算**。\n\n- 保证金是履约的担保，不是货款\n- 每日按结算价计算盈亏并划转", "保证金是什么？\n- 全部货款\n+ 履约的担保\n\n每日盈亏按什么价格计算？\n+ 结算价\n- 开盘价"),
    ("风险度与强行平仓", "风险度 = 保证金占用 ÷ 客户权益。超过 100% 须追加保证金，否则可能被**强行平仓**。", "风险度超过 100% 时应当？\n+ 追加保证金或减仓\n- 继续加仓"),
)  # fmt: skip
COURSES = (("期货入门：从保证金到强平", Interest.EDUCATION, "R1", LESSONS, 50), ("套期保值第一课", Interest.FERROUS, "R3", LESSONS[:1], 20))
READERS = 24
"""So many clients have opened something."""


def add_research(today: date, moment: datetime) -> int:
    """Publish, subscribe, read; where nothing is there yet. Returns how many reports and courses there are."""
    if db.session.execute(select(ResearchItem.id).limit(1)).first():
        return 0
    db.session.rollback()
    items = [_published(ResearchKind.REPORT, _report(told, today), moment - timedelta(days=told[-1])) for told in REPORTS]
    items += [_published(ResearchKind.COURSE, _course(told, today), moment - timedelta(days=told[-1])) for told in COURSES]
    _written(ResearchKind.REPORT, _report(("股指周报：成交回暖，基差修复", "两融余额回升。", Interest.FINANCIAL, ("IF", "IM"), "R4", 0), today), moment, ask=True)
    _written(ResearchKind.REPORT, _report(("铁矿石：发运季节性", "", Interest.FERROUS, ("i",), "R4", 0), today), moment, ask=False)
    with transaction():
        wishes.subscribe([Interest.FERROUS, Interest.AGRICULTURE, Interest.EDUCATION], acting(CLIENT), moment - timedelta(days=30))
        _read(items, moment)
    return len(items) + 2


def _draft(today: date, **more: Any) -> Draft:
    return Draft(**{"locale": "zh", "author": "沈岚", "licence_no": "Z0012345", "risk_line": RISK_LINE, "valid_until": today + timedelta(days=120), **more})


def _report(told: tuple[Any, ...], today: date) -> Draft:
    title, summary, chain, products, risk, _ago = told
    return _draft(today, title=title, summary=summary, chain=chain, products=products, risk=risk, body=WEEKLY)


def _course(told: tuple[Any, ...], today: date) -> Draft:
    title, chain, risk, lessons, _ago = told
    made = [{"title": name, "text": text, "questions": read_questions(questions)} for name, text, questions in lessons]
    return _draft(today, title=title, summary="", chain=chain, products=(), risk=risk, body="", lessons=made)


def _written(kind: ResearchKind, draft: Draft, moment: datetime, *, ask: bool) -> tuple[int, int | None]:
    """One that is written, and put before a second person where it is asked. Returns its key and that of the approval."""
    as_of = releasing.as_of_moment(moment)
    with transaction():
        item = drafting.begin(kind, draft, acting(WRITER), moment, as_of.day)
        approval = releasing.ask(item, acting(WRITER), moment, as_of) if ask else None
        return item.id, approval.id if approval is not None else None


def _published(kind: ResearchKind, draft: Draft, moment: datetime) -> int:
    """One that a second person released."""
    number, approval_id = _written(kind, draft, moment, ask=True)
    with transaction():
        waiting = db.session.get_one(Approval, approval_id)
        approvals.approve(waiting.id, acting(APPROVER), moment, digest=waiting.digest)
    return number


def _read(items: list[int], moment: datetime) -> None:
    """Clients open this and that, by their place alone; some referred friends a few days after."""
    rows = {item.id: item for item in db.session.execute(select(ResearchItem).where(ResearchItem.id.in_(items))).scalars()}
    since = {number: row.published_at for number, row in rows.items() if row.published_at is not None}
    query = select(AccountVersion.client_no).where(newest_version(), AccountVersion.risk_grade.in_(("C4", "C5"))).order_by(AccountVersion.account_id).limit(READERS)
    for place, client_no in enumerate(dict.fromkeys(db.session.execute(query).scalars())):
        reader = _reader(client_no)
        for step, number in enumerate(one for one in items[place % 3 :: 2] if one != items[3]):
            at = max(since[number], moment - timedelta(days=13 - place % 9, hours=step))
            reading.opened(rows[number], reader, at)
            if place % 4 == 0 and rows[number].kind == ResearchKind.REPORT:
                reading.finished(rows[number], reader, at + timedelta(minutes=9))
    claims: Any = select(Claim.client_no, Claim.registered_at).where(Claim.kind == IntroducerKind.CLIENT).order_by(Claim.id).limit(12)
    for client_no, registered_at in db.session.execute(claims).all():
        if registered_at - timedelta(days=3) > since[items[1]]:
            reading.opened(rows[items[1]], _reader(client_no), registered_at - timedelta(days=3))


def _reader(client_no: str) -> Reader:
    return Reader(f"client:{client_no}", client_no, None, Facts("C4"), True, frozenset())
