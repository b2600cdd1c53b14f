"""What an applicant declares and is asked: texts in both languages with their version, and the answers that are right.

A changed text gets a new version; what was declared or answered keeps the version and the digest of what was read.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Statement(NamedTuple):
    """Something declared, in both languages, and the clause it is declared for."""

    key: str
    rule: str
    en: str
    zh: str


class Question(NamedTuple):
    """A question with its answers in both languages; `right` is the place of the answer that is right."""

    key: str
    en: str
    zh: str
    answers: tuple[tuple[str, str], ...]
    right: int


DECLARATION_VERSION = 1
STATEMENTS = (
    Statement("not_staff", "ib-not-staff", "I am not employed by the firm.", "本人不是贵公司员工。"),
    Statement("no_relatives", "ib-not-staff", "No close relative of mine is employed by the firm.", "本人近亲属均未在贵公司任职。"),
    Statement("one_firm", "ib-one-firm", "I am not bound to another futures firm as an introducing broker.", "本人未与其他期货公司签订居间合同。"),
)
TEST_VERSION = 1
PASS_PERCENT = 80
QUESTIONS = (
    Question(
        "role",
        "As whom do you speak to a person whom you introduce?",
        "向投资者介绍时，您以什么身份出现？",
        (("As an introducing broker, which I say at once", "居间人，并主动说明"), ("As an employee of the firm", "期货公司员工"), ("As the person’s adviser", "投资者的投资顾问")),
        0,
    ),
    Question(
        "orders",
        "A client asks you to trade for him. What do you do?",
        "客户请您代为下单，您怎么做？",
        (("I trade, if he writes it down", "有书面委托即可代办"), ("I decline: that is forbidden to me", "拒绝，居间人不得代客交易"), ("I trade small amounts only", "只代做小额")),
        1,
    ),
    Question(
        "profit",
        "What may you say about profits?",
        "关于收益，您可以怎么说？",
        (("That they are likely", "大概率盈利"), ("That losses are borne by the firm", "亏损由公司承担"), ("I promise nothing and name the risks", "不作任何承诺，并说明风险")),
        2,
    ),
    Question(
        "papers",
        "May you handle a client’s account opening, statements or transfers for him?",
        "可否代客户办理开户、代收结算单或代办出入金？",
        (("No", "不可以"), ("Yes, with his password", "有密码就可以"), ("Yes, if he is abroad", "客户在外地时可以")),
        0,
    ),
    Question(
        "relatives",
        "Your mother wants to open an account. May she be your client?",
        "您的母亲想开户，可否作为您居间的客户？",
        (("Yes", "可以"), ("No: my spouse, parents, children and their spouses cannot be", "不可以，配偶、父母、子女及子女配偶均不得作为本人客户")),
        1,
    ),
    Question(
        "lapse",
        "What happens on the day on which your licence or agreement lapses?",
        "执业资格或居间合同到期当日起会怎样？",
        (
            ("Pay goes on for a month", "报酬继续支付一个月"),
            ("Pay stops that day and is not paid back later", "当日起停止计付，事后也不补付"),
            ("The firm renews it by itself", "公司自动续期"),
        ),
        1,
    ),
)


def digest(rows: tuple[Statement, ...] | tuple[Question, ...]) -> str:
    """The SHA-256 of texts as they stand."""
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def percent_of(answers: list[int]) -> int:
    """How many of a hundred answers are right, rounded down; an answer that was not given is wrong.

    >>> percent_of([0, 1, 2, 0, 1, 1]), percent_of([0, 1, 2, 0, 1, 0]), percent_of([])
    (100, 83, 0)
    """
    right = sum(1 for question, given in zip(QUESTIONS, answers, strict=False) if question.right == given)
    return 100 * right // len(QUESTIONS)
