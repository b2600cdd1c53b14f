"""Invented people and companies. ID numbers begin with 990000 (no such place), phones with 199, mail goes to example.com."""

from __future__ import annotations

import random
from datetime import date, timedelta

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜戚谢邹喻苏潘葛范彭鲁韦马苗方俞任袁柳鲍史唐费廉岑薛雷贺倪汤"
GIVEN = "安柏晨丹恩帆岗涵佳凯岚敏宁鹏琪然珊婷蔚翔妍哲志卓雅依扬晓文松荣清培明梅磊霖君静锦洁建慧弘海贵国芳尔栋传博"
COINED = ["泽澜", "恒峪", "瑞棠", "盛洹", "启衡", "宏岫", "鼎汐", "丰珩", "昌峤", "嘉沅", "润桐", "诚屿", "德骁", "汇砚", "金笙", "永湛"]
TRADES = ["粮油贸易", "钢铁物资", "化工贸易", "有色金属", "棉业", "能源科技", "投资管理", "实业", "橡胶制品", "农业发展"]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def person_name(chance: random.Random) -> str:
    """A surname and one or two characters."""
    return chance.choice(SURNAMES) + "".join(chance.choice(GIVEN) for _ in range(1 + (chance.random() < 0.7)))


def company_name(chance: random.Random) -> str:
    """A trading company that does not exist."""
    return f"{chance.choice(COINED)}{chance.choice(TRADES)}有限公司"


def birthday(chance: random.Random) -> date:
    """A day between 1955 and 2003."""
    return date(1955, 1, 1) + timedelta(days=chance.randrange(17_500))


def person_id(born: date, serial: int) -> str:
    """An 18-digit ID number with a right check digit, of a place that does not exist."""
    body = f"990000{born:%Y%m%d}{serial % 1000:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def company_id(serial: int) -> str:
    """An 18-character credit code of a place that does not exist."""
    return f"91990000MA{serial:08d}"
