"""Questions of the demonstration firm's clients: some wait, one is late, some are answered from answers that were approved."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.clients import Account, AccountVersion
from models.questions import AskedVia, QuestionSubject, ReusableAnswer
from portal.actors import TERMINAL, Actor
from portal.audit import approvals
from portal.care import answers, questions
from portal.care.answers import Proposed
from portal.care.book import coverage
from portal.care.policy import served_by
from portal.care.question_states import Side
from portal.care.questions import Asked
from portal.care.response_times import Now
from portal.clients.own import own_accounts
from portal.clients.queries import newest_version
from portal.demo.signed_in import acting

WRITER, APPROVER = "staff@example.com", "compliance@example.com"
ANSWERS = (
    Proposed(
        QuestionSubject.MARGIN, "节假日前保证金为何上调", "Why margin rises before holidays",
        "交易所在长假前通常提高保证金标准，以交易所公告为准；我公司在此基础上加收的部分见您的合同。", "The exchanges usually raise their margin before long holidays: their notices count. What the firm adds stands in your contract.",
    ),
    Proposed(
        QuestionSubject.DELIVERY, "个人客户能否参与交割", "Whether persons may take delivery",
        "自然人客户不能进入交割月持仓，请在交易所规定的最后期限前平仓或移仓。", "Persons may not hold positions into the delivery month: close or roll them before the exchange's last day.",
    ),
    Proposed(
        QuestionSubject.STATEMENTS, "结算单在哪里查", "Where statements are found",
        "可在“我的账单”中查看每日和每月结算单，也可登录中国期货市场监控中心核对。", "Daily and monthly statements stand under “My bills”; the China Futures Market Monitoring Center shows them too.",
    ),
)  # fmt: skip
ASKED = (
    (QuestionSubject.MARGIN, "国庆前保证金会上调多少？", 9, "answer"),
    (QuestionSubject.DELIVERY, "我的螺纹钢持仓可以进入交割月吗？", 6, "answer"),
    (QuestionSubject.MARGIN, "昨天夜盘后风险度为什么超过100%？", 3, ""),
    (QuestionSubject.ACCOUNTS, "如何更换绑定的银行卡？", 0, ""),
    (QuestionSubject.MARKET, "下周铁矿石的观点有研报吗？", 0, ""),
)
"""Subject, words, how many days ago, and what became of it."""


def add_questions(now: Now) -> int:
    """Put the questions of the story and answer some, inside the open transaction. Returns how many there are."""
    writer = acting(WRITER)
    held = {one.subject: _approved(one, writer, now) for one in ANSWERS}
    accounts = [
        account.id
        for account in db.session.execute(
            select(Account).where(Account.id.in_(served_by(writer.staff_no or "", now.today))).order_by(Account.account_no).limit(len(ASKED))
        ).scalars()
    ]
    for account_id, (subject, words, days, became) in zip(accounts, ASKED, strict=False):
        then = replace(now, moment=now.moment - timedelta(days=days, hours=1))
        made = questions.ask(account_id, Asked(subject, words, AskedVia.PHONE), None, writer, then)
        if became:
            questions.step(made, became, Side.STAFF, writer, replace(then, moment=then.moment + timedelta(minutes=40)), words=held[subject].text_zh, answer=held[subject])
    return len(accounts) + _of_the_client(held[QuestionSubject.STATEMENTS], now) + _of_nobody(now)


def _approved(proposed: Proposed, writer: Actor, now: Now) -> ReusableAnswer:
    """An answer as one proposes and another approves it."""
    made = answers.propose(proposed, None, writer, now.moment)
    waiting = db.session.get_one(Approval, made.approval_id)
    approvals.approve(waiting.id, acting(APPROVER), now.moment, digest=waiting.digest)
    return made


def _of_the_client(answer: ReusableAnswer, now: Now) -> int:
    """What the client with a sign-in asked himself: one answered, one waits."""
    client = acting("client@example.com")
    own = own_accounts(client)[0]
    before = replace(now, moment=now.moment - timedelta(days=12))
    made = questions.ask(own.account_id, Asked(QuestionSubject.STATEMENTS, "上个月的结算单在哪里可以下载？", AskedVia.PORTAL), None, client, before)
    questions.step(made, "answer", Side.STAFF, TERMINAL, replace(before, moment=before.moment + timedelta(hours=2)), words=answer.text_zh, answer=answer)
    questions.ask(own.account_id, Asked(QuestionSubject.MARGIN, "我的持仓明天需要追加保证金吗？", AskedVia.PORTAL), None, client, now)
    return 2


def _of_nobody(now: Now) -> int:
    """A question of a client whom nobody looks after: the branch has to name somebody."""
    query = select(Account.id).join(AccountVersion, AccountVersion.account_id == Account.id).where(newest_version(), AccountVersion.closed_on.is_(None), coverage(now.today) == 0)
    found = db.session.execute(query.order_by(Account.account_no).limit(1)).scalar()
    if found is None:
        return 0
    questions.ask(found, Asked(QuestionSubject.ACCOUNTS, "我的客户经理离职后由谁服务？", AskedVia.PHONE), None, TERMINAL, now)
    return 1
