"""Small nasty firms from a seed: every rule of attribution, pricing and the month met on its edges, and corrected afterwards."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.oracle import plans as plan_room
from tests.oracle.corrections import correct
from tests.oracle.knowledge import Knowledge
from tests.oracle.notation import START, Draft, trade
from tests.oracle.pricing import Tiers, equity_parts, trade_parts

HOLIDAYS = {"2026-01-01", "2026-01-02", "2026-02-16", "2026-02-17", "2026-02-18", "2026-02-19", "2026-02-20", "2026-02-23", "2026-04-06"}
HOLIDAYS |= {"2026-05-01", "2026-05-04", "2026-05-05", "2026-06-19"}
PRODUCTS = ["SHFE.rb", "SHFE.ag", "SHFE.cu", "INE.sc", "DCE.m", "DCE.m_o", "DCE.i", "CZCE.SR", "CZCE.SR_o", "CZCE.TA", "CFFEX.IF", "CFFEX.IO", "GFEX.lc"]
SHARES = ["33.3333", "33.3334", "70", "20", "50", "99.9999", "0.0001", "0", "12.3456", "100", "45.5", "30.25", "66.6667", "10", "14.2857"]
SIZES = {"small": ((3, 8), (5, 14), (2, 4)), "large": ((6, 12), (12, 25), (4, 9))}


def trading_days(month: str) -> list[str]:
    """The exchanges' days of a month of the first half of 2026."""
    day = date.fromisoformat(f"{month}-01")
    days = [day + timedelta(n) for n in range(31)]
    return [str(day) for day in days if str(day).startswith(month) and day.weekday() < 5 and str(day) not in HOLIDAYS]


def random_firm(seed: int, folder: Path, size: str = "small") -> Path:
    """Write the D files of a firm under `folder` (`firm`, `later-…`) and `events.json`, the order in which they are read and months closed."""
    dice = random.Random(f"firm {seed} {size}")
    draft, used = random_draft(dice, folder, size)
    return _write_story(dice, draft, folder, used)


def random_draft(dice: random.Random, folder: Path, size: str = "small") -> tuple[Draft, dict[str, list[str]]]:
    """A firm before anything is corrected, and the settled days of its months; `folder` is for its thresholds' probe."""
    brokers, accounts, days = SIZES[size]
    draft = Draft()
    first = dice.randint(1, 4)
    months = [f"2026-{first + n:02d}" for n in range(dice.choice([1, 2, 2, 3, 3]))]
    used = {month: sorted(dice.sample(trading_days(month), dice.randint(*days))) for month in months}
    all_days = [day for month in months for day in used[month]]
    _people(dice, draft, dice.randint(*brokers), dice.randint(*accounts), all_days)
    plan_room.add_plans(dice, draft, all_days)
    _terms(dice, draft, all_days)
    for account in [row["account_no"] for row in draft.tables["accounts"]]:
        attribute(dice, draft, account, all_days)
    for day in all_days:
        _settle(dice, draft, day)
    _adjustments(dice, draft, months)
    draft.write(folder / "probe")
    for _ in range(3):
        _meet_thresholds(dice, draft, folder / "probe", months)
    return draft, used


def events(folder: Path) -> list[tuple[str, str]]:
    """The story of a firm: ("import", folder) and ("close", month), in order."""
    story = json.loads((folder / "events.json").read_text(encoding="utf-8"))
    return [(what, str(folder / value) if what == "import" else value) for what, value in story]


def _write_story(dice: random.Random, draft: Draft, folder: Path, used: dict[str, list[str]]) -> Path:
    months = list(used)
    held_back = months[1:] if dice.random() < 0.5 else []
    early = [day for month in months if month not in held_back for day in used[month]]
    draft.write(folder / "firm", trades=early, balances=early)
    story = [("import", "firm")] * dice.choice([1, 1, 1, 2])
    for number, month in enumerate(months):
        later = folder / f"later-{month}"
        fresh = used[month] if month in held_back else []
        past = [day for earlier in months[: number + (0 if month in held_back else 1)] for day in used[earlier]]
        if number and dice.random() < 0.85:
            changed = correct(dice, draft, past, month)
            trades, balances = sorted({*fresh, *changed.trades}), sorted({*fresh, *changed.balances})
            draft.write(later, masters=sorted(changed.masters), trades=trades, balances=balances)
        elif fresh:
            draft.write(later, masters=(), trades=fresh, balances=fresh)
        if later.is_dir() and any(later.iterdir()):
            story += [("import", later.name)] * dice.choice([1, 1, 1, 2])
        story.append(("close", month))
    (folder / "events.json").write_text(json.dumps(story), encoding="utf-8")
    return folder


def _people(dice: random.Random, draft: Draft, brokers: int, accounts: int, days: list[str]) -> None:
    for n in range(1, brokers + 1):
        person = dice.random() < 0.75
        broker = draft.broker(f"B{n:03d}" if dice.random() < 0.8 else f"b-{n}", "person" if person else "institution", plain=False)
        broker["id_no"] = f"9900001980010{n:03d}1{dice.choice('0123X')}" if person else f"91310000MA{n:07d}X"
        _statuses(dice, draft, broker["broker_no"], days)
        _licences(dice, draft, broker["broker_no"], person, days)
    ids = [row["id_no"] for row in draft.tables["brokers"]]
    for n in range(1, accounts + 1):
        id_no = f"99000019700{n:04d}12{dice.choice('0x3X')}"
        roll = dice.random()
        if roll < 0.15:
            id_no = blurred(dice, dice.choice(ids))
        elif roll < 0.25:
            id_no = ""
        draft.account(dice.choice(["", "0", "019980"]) + f"{80000 + n}", id_no, dice.choice(["person", "person", "institution"]))
    _relatives(dice, draft, days)


def blurred(dice: random.Random, id_no: str) -> str:
    """The same ID number as another hand would type it."""
    text = dice.choice([id_no, id_no.lower(), f"{id_no[:6]} {id_no[6:]}"])
    return dice.choice([text, f" {text}", f"{text[:-1]} {text[-1]}"])


def _statuses(dice: random.Random, draft: Draft, broker: str, days: list[str]) -> None:
    roll, one, two = dice.random(), *sorted(dice.sample(days, 2))
    spans = [("active", START, "")]
    if roll < 0.08:
        spans = [("active", START, one), (dice.choice(["suspended", "applicant"]), one, two), ("active", two, "")]
    elif roll < 0.13:
        spans = [("active", START, one), ("active", two, "")]
    elif roll < 0.17:
        spans = [("active", START, two), ("ended", two, "")]
    elif roll < 0.20:
        spans = [("applicant", START, one), ("active", one, "")]
    for status, valid_from, valid_to in spans:
        draft.add("broker_statuses", broker_no=broker, status=status, valid_from=valid_from, valid_to=valid_to)


def _licences(dice: random.Random, draft: Draft, broker: str, person: bool, days: list[str]) -> None:
    roll, one, two = dice.random(), *sorted(dice.sample(days, 2))
    spans = [(START, dice.choice(["", "2031-01-01"]))]
    if roll < 0.08:
        spans = [(START, one), (two, "")]
    elif roll < 0.18:
        spans = [(START, two), (one, "")]
    elif roll < 0.20 or not person:
        spans = []
    elif roll < 0.24:
        spans = [(one, "")]
    for number, (valid_from, valid_to) in enumerate(spans):
        draft.add("licences", broker_no=broker, licence_no=f"F{broker}{number}", valid_from=valid_from, valid_to=valid_to)


def _relatives(dice: random.Random, draft: Draft, days: list[str]) -> None:
    relations = ["spouse", "parent", "child", "child_spouse", "controller", "staff_of_institution"]
    seen = set()
    for account in draft.tables["accounts"]:
        if account["id_no"] and dice.random() < 0.2:
            broker = dice.choice(draft.tables["brokers"])["broker_no"]
            one, two = sorted(dice.sample(days, 2))
            valid_from, valid_to = dice.choice([(START, ""), (one, ""), (START, one), (one, two), ("", "")])
            person = account["id_no"].replace(" ", "").upper()
            if (broker, person) not in seen:
                draft.add("relatives", broker_no=broker, id_no=blurred(dice, person).strip(), relation=dice.choice(relations), valid_from=valid_from, valid_to=valid_to)
            seen.add((broker, person))


def _terms(dice: random.Random, draft: Draft, days: list[str]) -> None:
    """Agreements with gaps and changes; uplines that only ever point to brokers earlier in one order, so that no loop can arise."""
    codes = [plan["code"] for plan in draft.plans]
    order = [row["broker_no"] for row in draft.tables["brokers"]]
    dice.shuffle(order)
    for rank, broker in enumerate(order):
        roll, one, two = dice.random(), *sorted(dice.sample(days, 2))
        spans = [(START, "")]
        if roll < 0.15:
            spans = [(START, one), (one, "")]
        elif roll < 0.25:
            spans = [(START, one), (two, "")]
        elif roll < 0.30:
            spans = [(two, "")]
        for valid_from, valid_to in spans if roll < 0.97 else []:
            draft.agree(broker, dice.choice(codes), valid_from, valid_to)
        above = order[max(0, rank - 2) : rank]
        if above and dice.random() < 0.8:
            spans = dice.choice([[(START, "")], [(START, one), (one, "")], [(START, one), (two, "")], [(START, two)], [(one, "")]])
            for valid_from, valid_to in spans:
                draft.add("uplines", broker_no=broker, upline_no=dice.choice(above), valid_from=valid_from, valid_to=valid_to)


def attribute(dice: random.Random, draft: Draft, account: str, days: list[str]) -> None:
    """Slots whose shares never pass the whole, each handed from one state or broker to the next."""
    brokers = [row["broker_no"] for row in draft.tables["brokers"]]
    dice.shuffle(brokers)
    left = Fraction(100)
    for _ in range(dice.choice([0, 1, 2, 3, 3, 4, 5])):
        share = dice.choice(SHARES)
        if Fraction(share) > left or not brokers:
            continue
        left -= Fraction(share)
        slot = [brokers.pop() for _ in range(min(len(brokers), dice.choice([1, 1, 2])))]
        cuts = sorted(dice.sample(days, min(len(days), dice.choice([0, 0, 1, 2]))))
        starts = [*(["2025-01-02"] if dice.random() < 0.9 or not cuts else []), *cuts]
        for valid_from, valid_to in zip(starts, [*starts[1:], ""], strict=True):
            if len(starts) > 1 and dice.random() < 0.1:
                continue
            state = dice.choice(["confirmed"] * 9 + ["pending", "suspended"])
            confirmed_on = dice.choice(["", valid_from, valid_from, valid_from, dice.choice(days)]) if state == "confirmed" else ""
            draft.attribute(account, dice.choice(slot), share, state=state, valid_from=valid_from, valid_to=valid_to, confirmed_on=confirmed_on)


def _settle(dice: random.Random, draft: Draft, day: str) -> None:
    accounts = [row["account_no"] for row in draft.tables["accounts"] if dice.random() < 0.9]
    trades, flows = [], {}
    for account in accounts:
        for product in dice.sample(PRODUCTS, dice.choice([0, 1, 1, 2, 2, 3])):
            trades.append(random_trade(dice, account, product))
        flow: dict[str, Any] = {"realized_pnl": dice.choice([0, dice.randint(-900_000, 900_000)]), "mtm_pnl": dice.choice([0, dice.randint(-50_000, 50_000)])}
        flow |= dice.choice([{}, {"deposit": dice.randint(1, 9_000_000)}, {"withdrawal": 100_000}, {"other_in": 1, "other_out": 7}, {"premium": -3_333}])
        flow["margin"] = dice.choice([0, dice.randint(0, 400_000)])
        flow["tail"] = dice.choice([0, 0, 0, dice.randint(-30_000_000, 5_000_000)])
        flows[account] = flow
    if not accounts:
        accounts = [draft.tables["accounts"][0]["account_no"]]
    draft.day(day, trades, accounts, flows)


def random_trade(dice: random.Random, account: str, product: str) -> dict[str, Any]:
    """A trade row; its retained fee is at times negative, nothing or one fen."""
    lots = dice.choice([1, 2, 3, 7, dice.randint(1, 400)])
    exchange_fee = dice.choice([0, dice.randint(0, 90_000)])
    retained = dice.choice([0, 1, -1, 3, dice.randint(-3_000, 0), dice.randint(0, 1_000), dice.randint(0, 99_999), dice.randint(0, 900_000)])
    return trade(account, product, max(exchange_fee + retained, 0), exchange_fee, lots, lots * dice.randint(100_000, 9_999_999))


def _adjustments(dice: random.Random, draft: Draft, months: list[str]) -> None:
    for month in months:
        for broker in draft.tables["brokers"]:
            if dice.random() < 0.15:
                amount = dice.choice(["-12345.67", "-0.01", "88.88", "-150.00", "9999.99", "60000"])
                reason = dice.choice(["goodwill", "dispute", "data_error", "contract", "penalty", "write_off", "other"])
                draft.add("adjustments", broker_no=broker["broker_no"], period=month, amount=amount, reason=reason, note="已核对")


def _meet_thresholds(dice: random.Random, draft: Draft, folder: Path, months: list[str]) -> None:
    """Move one threshold onto a measure that really occurs, or one step of its unit to either side."""
    known = Knowledge()
    known.read(folder)
    chances = []
    for month in months:
        trades = [part for day, rows in known.trades.items() if day.startswith(month) for row in rows for part in trade_parts(known, row)]
        equities = [part for day in known.settled_days(month) for row in known.balances[day] for part in equity_parts(known, row)]
        tiers = Tiers(known, month, trades, equities)
        for key in list(tiers.fees):
            version = known.plans[key[1]][key[2]]
            chances += [(tiers, key, c["tiers"]) for c in version["components"] if "tiers" in c]
    if not chances:
        return
    tiers, key, found = dice.choice(chances)
    measure = tiers.measure(key, found["measure"])
    if found["measure"] != "lots":
        measure = (measure + dice.choice([0, 0, -1, 1])) / 100
    steps = plan_room.find(draft, key[1], key[2], "retained_fee")["tiers"]["steps"]
    place = dice.randrange(len(steps))
    low = Fraction(steps[place - 1][0]) if place else Fraction(-1)
    high = Fraction(steps[place + 1][0]) if place + 1 < len(steps) else measure + 1
    if measure >= 0 and low < measure < high and (measure * 10**8).denominator == 1:
        steps[place][0] = plan_room.decimal(measure)
        draft.write(folder, trades=(), balances=())
