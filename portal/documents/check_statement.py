"""Computes a broker's commission statement again, from its machine-readable file alone, and compares every line and total.

    python check_statement.py statement-2026-03-B001.json

Needs Python 3.9 or newer and nothing else; reads the one file, writes nothing, speaks to nobody. Ends with 0 and "the same",
or with 1 and what differs. Amounts are whole fen, all else exact fractions: there is no floating point in it.
The § are those of the firm's commission rules. What it cannot know it takes from the file: that the facts are those of the
settlement files, and that the trades of brokers below ("overrides") earned there.
"""

from __future__ import annotations

import calendar
import hashlib
import json
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any

SCHEMA = "juyuan.commission-statement/1"
WHOLE = 1_000_000  # shares are parts per million
COLUMNS = ("kind", "account", "day", "exchange", "product", "part", "amount", "reason", "plan", "version", "level", "downline", "origin")
Line = dict[str, Any]


def half_up(value: Fraction) -> int:
    """To the nearest whole, halves away from zero."""
    size = (2 * abs(value) + 1) // 2
    return int(size if value >= 0 else -size)


def split(amount: int, shares: list[int]) -> list[int]:
    """§2: the parts of an amount by largest remainder; the house stands last and takes what is left over."""
    weights = [*shares, WHOLE - sum(shares)]
    parts = [abs(amount) * weight // WHOLE for weight in weights]
    rest = [abs(amount) * weight % WHOLE for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-rest[place], place))
    for place in order[: abs(amount) - sum(parts)]:
        parts[place] += 1
    return [part if amount >= 0 else -part for part in parts]


def covers(day: str, first: str, end: str) -> bool:
    """Spans are half-open; an empty end is open. Dates written year-month-day compare as text."""
    return first <= day and (not end or day < end)


def rate(text: Any) -> Fraction:
    """An exact rate or yuan amount as the plan writes it."""
    return Fraction(str(text))


class Terms:
    """A plan version, read for calculating."""

    def __init__(self, version: dict[str, Any]) -> None:
        terms = version["terms"]
        self.plan, self.valid_from, self.valid_to = version["plan"], version["valid_from"], version["valid_to"]
        self.kept = 1 - sum((rate(item["rate"]) for item in terms.get("deductions") or []), Fraction(0))
        self.components = {component["kind"]: component for component in terms.get("components") or []}
        self.overrides = {int(item["level"]): rate(item["rate"]) for item in terms.get("overrides") or []}
        self.cap, self.guarantee = (None if terms.get(name) in (None, "") else rate(terms[name]) * 100 for name in ("cap", "guarantee"))
        self.reserve = terms.get("reserve") or None
        self.tiers = self.components.get("retained_fee", {}).get("tiers")

    def lot_rate(self, exchange: str, product: str) -> Fraction | None:
        """§3: yuan per lot by EXCHANGE.product, else product, else *."""
        rates = {key.lower(): rate(value) for key, value in self.components["per_lot"]["rates"].items()}
        return next((rates[key] for key in (f"{exchange}.{product}".lower(), product.lower(), "*") if key in rates), None)


class Tier:
    """§3, Tiers: what a version measured over its rows of the month, and what it gives."""

    def __init__(self, terms: Terms, fees: int, lots: Fraction, equity: int, days: int) -> None:
        steps = [(rate(threshold), rate(step)) for threshold, step in terms.tiers["steps"]]
        kind, self.marginal, self.fees = terms.tiers["measure"], terms.tiers["mode"] == "marginal", fees
        self.days, self.summed = days, {"retained_fee": fees, "lots": int(lots * WHOLE), "average_equity": equity}[kind]
        measure = {"retained_fee": Fraction(fees, 100), "lots": lots, "average_equity": Fraction(equity // days if days else 0, 100)}[kind]
        self.nothing = measure <= 0 or measure < steps[0][0]
        if self.nothing:
            return
        ends = [threshold for threshold, _ in steps[1:]] + [measure]
        slices = [(min(measure, end) - start) * step for (start, step), end in zip(steps, ends) if measure > start]  # noqa: B905 - Python 3.9 has no strict
        self.total = half_up(sum(slices, Fraction(0)) * 100 * terms.kept)
        self.rate = [step for threshold, step in steps if threshold <= measure][-1]

    def amount(self, part: int, kept: Fraction) -> int:
        """What a row's part earns."""
        return half_up(Fraction(part * self.total, self.fees)) if self.marginal else half_up(part * kept * self.rate)


class Month:
    """§1–§5 for one month of the file: every line that its facts give."""

    def __init__(self, pack: dict[str, Any], month: dict[str, Any]) -> None:
        self.broker, self.me, self.month = pack["broker"], pack["broker"]["broker_no"], month
        self.versions = [Terms(version) for version in pack["plans"]]
        self.accounts = {account["account"]: account for account in month["accounts"]}

    def standing(self, day: str) -> tuple[str, str, Terms | None]:
        """The first reason about the broker himself, his plan, and the version that counts on a day."""
        active = any(status == "active" and covers(day, *span) for status, *span in self.broker["statuses"])
        licensed = not self.broker["person"] or any(covers(day, *span) for _, *span in self.broker["licences"])
        plan = next((plan for plan, *span in self.broker["agreements"] if covers(day, *span)), "")
        terms = next((terms for terms in self.versions if terms.plan == plan and covers(day, terms.valid_from, terms.valid_to)), None)
        checks = ((not active, "broker_inactive"), (not licensed, "licence_expired"), (not plan, "no_agreement"), (terms is None, "no_plan_version"))
        return next((reason for holds, reason in checks if holds), ""), plan, terms

    def rows(self, account: str, day: str) -> list[Any]:
        """The attribution rows of an account on a day, in the order of the split."""
        return [row for row in self.accounts.get(account, {"rows": []})["rows"] if covers(day, row[3], row[4])]

    def tie(self, account: str, day: str) -> str:
        """Why an account can never pay this broker."""
        held = {reason for reason, *span in self.accounts.get(account, {"ties": []})["ties"] if covers(day, *span)}
        return next((reason for reason in ("self_account", "related_account") if reason in held), "")

    def part(self, account: str, day: str, amount: int, who: str) -> tuple[int, Any]:
        """§2: the part of an amount that falls to `who`, and his attribution row."""
        rows = self.rows(account, day)
        place = next(place for place, row in enumerate(rows) if row[0] == who)
        return split(amount, [row[1] for row in rows])[place], rows[place]

    def line(self, kind: str, account: str, day: str, amount: int, **more: Any) -> Line:
        """A line with everything that is not said left empty."""
        empty = {"exchange": None, "product": None, "part": None, "reason": "", "plan": "", "version": "", "level": 0, "downline": None, "origin": ""}
        return {**empty, "kind": kind, "account": account, "day": day, "amount": amount, **more}

    def claim(self, account: str, day: str, amount: int) -> tuple[int, int, str, str, Terms | None]:
        """The broker's part, his share, the first of the first eight reasons (§5), his plan and its version."""
        own, plan, terms = self.standing(day)
        part, (_, share, state, _, _, confirmed) = self.part(account, day, amount, self.me)
        pending = state == "pending" or (state == "confirmed" and confirmed and day < confirmed)
        reason = own or ("attribution_pending" if pending else "attribution_suspended" if state == "suspended" else self.tie(account, day))
        return part, share, reason, plan, terms

    def lines(self) -> list[Line]:
        """Every line of the month, and what each marginal version leaves over."""
        fees: dict[str, int] = defaultdict(int)
        lots: dict[str, Fraction] = defaultdict(Fraction)
        equity: dict[str, int] = defaultdict(int)
        trades = []
        for day, account, exchange, product, count, turnover, fee, exchange_fee in self.month["trades"]:
            if not any(row[0] == self.me for row in self.rows(account, day)):
                continue  # a trade below: it stands here for the overrides alone
            claim = self.claim(account, day, fee - exchange_fee)
            trades.append((day, account, exchange, product, count, turnover, claim))
            if not claim[2] and claim[4]:
                fees[key(claim[4])] += claim[0]
                lots[key(claim[4])] += Fraction(count * claim[1], WHOLE)
        balances = [(day, account, self.claim(account, day, max(closing, 0))) for day, account, closing in self.month["balances"]]
        for _, _, claim in balances:
            if not claim[2] and claim[4]:
                equity[key(claim[4])] += claim[0]
        days = Counter(key(terms) for day in self.month["settled_days"] if (terms := self.standing(day)[2]))
        self.tiers = {key(terms): Tier(terms, fees[key(terms)], lots[key(terms)], equity[key(terms)], days[key(terms)]) for terms in self.versions if terms.tiers}
        found = [line for trade in trades for line in self.trade_lines(*trade)]
        found += [line for balance in balances for line in self.equity_lines(*balance)]
        return [*found, *self.rounding(found), *self.override_lines()]

    def trade_lines(self, day: str, account: str, exchange: str, product: str, count: int, turnover: int, claim: Any) -> list[Line]:
        """§3: one line per component that pays on trades."""
        part, share, reason, plan, terms = claim
        if terms is None:
            return [self.line("none", account, day, 0, exchange=exchange, product=product, part=part, reason=reason, plan=plan)]
        same = {"exchange": exchange, "product": product, "plan": plan, "version": terms.valid_from}
        found = []
        if "retained_fee" in terms.components:
            tier = self.tiers.get(key(terms))
            why = reason or ("below_first_tier" if tier and tier.nothing else "")
            amount = 0 if why else tier.amount(part, terms.kept) if tier else half_up(part * terms.kept * rate(terms.components["retained_fee"]["rate"]))
            found.append(self.line("retained_fee", account, day, amount, part=part, reason=why, **same))
        if "per_lot" in terms.components:
            per_lot = terms.lot_rate(exchange, product)
            why = reason or ("no_rate" if per_lot is None else "")
            found.append(self.line("per_lot", account, day, 0 if why else half_up(Fraction(count * share, WHOLE) * (per_lot or 0) * 100), reason=why, **same))
        if "turnover" in terms.components:
            amount = 0 if reason else half_up(Fraction(turnover * share, WHOLE) * rate(terms.components["turnover"]["rate"]))
            found.append(self.line("turnover", account, day, amount, reason=reason, **same))
        return found

    def equity_lines(self, day: str, account: str, claim: Any) -> list[Line]:
        """§3: pay on equity, for settled days."""
        part, _, reason, plan, terms = claim
        if terms is None or "equity" not in terms.components:
            return []
        component = terms.components["equity"]
        amount = 0 if reason else half_up(part * rate(component["annual_rate"]) / rate(component["day_count"]))
        return [self.line("equity", account, day, amount, part=part, reason=reason, plan=plan, version=terms.valid_from)]

    def rounding(self, found: list[Line]) -> list[Line]:
        """§3, Tiers: T − Σ lines of each marginal version."""
        extra = []
        for terms in self.versions:
            tier = self.tiers.get(key(terms))
            rows = [line for line in found if line["kind"] == "retained_fee" and (line["plan"], line["version"]) == (terms.plan, terms.valid_from)]
            rest = tier.total - sum(line["amount"] for line in rows) if rows and tier and tier.marginal and not tier.nothing else 0
            if rest:
                extra.append(self.line("rounding", None, None, rest, plan=terms.plan, version=terms.valid_from))  # type: ignore[arg-type]
        return extra

    def override_lines(self) -> list[Line]:
        """§4: on rows of those below, by the upline's own version, standing and ties."""
        retained = {tuple(row[:4]): row[6] - row[7] for row in self.month["trades"]}
        found = []
        for day, account, exchange, product, level, downline in self.month["overrides"]:
            own, plan, terms = self.standing(day)
            assert terms is not None, f"no version on {day} for an override"
            part = self.part(account, day, retained[day, account, exchange, product], downline)[0]
            why = own or self.tie(account, day)
            amount = 0 if why else half_up(part * terms.kept * terms.overrides[level])
            more = {"exchange": exchange, "product": product, "part": part, "reason": why, "plan": plan, "version": terms.valid_from, "level": level, "downline": downline}
            found.append(self.line("override", account, day, amount, **more))
        return found

    def level(self, earned: int) -> int:
        """§6.3: what the cap takes off or the guarantee adds."""
        last = last_day(self.month["period"])
        terms = self.standing(last)[2]
        days = [self.standing(day) for day in self.month["settled_days"]]
        held = bool(days) and all(plan and reason not in ("broker_inactive", "licence_expired") for reason, plan, _ in days)
        if terms and terms.cap is not None and earned > terms.cap:
            return half_up(terms.cap) - earned
        return half_up(terms.guarantee) - earned if terms and terms.guarantee is not None and held and earned < terms.guarantee else 0


def key(terms: Terms) -> str:
    """A version is its plan and its first day."""
    return f"{terms.plan} {terms.valid_from}"


def last_day(period: str) -> str:
    """The last calendar day of a month."""
    return f"{period}-{calendar.monthrange(int(period[:4]), int(period[5:]))[1]:02d}"


def withhold(payment: int, table: dict[str, Any]) -> int:
    """§6.7: tax kept back from labour remuneration."""
    if payment <= table["free"]:
        return 0
    taxable = Fraction(payment - table["flat_allowance"]) if payment <= table["flat_up_to"] else Fraction(payment * table["kept_percent"], 100)
    percent, quick = next((percent, quick) for limit, percent, quick in table["brackets"] if limit is None or taxable <= limit)
    return half_up(taxable * percent / 100 - quick)


def fact(line: Line) -> tuple[Any, ...]:
    """What tells lines apart (§7)."""
    spelled = tuple((line[name] or "").upper() for name in ("exchange", "product"))
    version = (line["plan"], line["version"]) if line["kind"] == "rounding" else ()
    return (line["kind"], line["account"] or "", line["day"] or "", *spelled, line["level"], line["downline"] or "", *version)


def said(line: Line) -> tuple[Any, ...]:
    """What a line says of its fact."""
    return (line["amount"], *("" if line[name] is None else line[name] for name in ("part", "reason", "plan")))


def differing(where: str, computed: list[Line], stored: list[Line]) -> list[str]:
    """The lines that are not the same, named."""
    mine, theirs = (Counter((fact(line), said(line)) for line in lines) for lines in (computed, stored))
    labels = ("the file says", theirs - mine), ("computed", mine - theirs)
    found = sorted(((repr(what), label, values) for label, rest in labels for what, values in rest.elements()), key=lambda item: (item[0], item[1] == "computed"))
    return [f"{where} {what}: {label} amount {values[0]}, part {values[1]}, reason {values[2] or 'none'}, plan {values[3]}" for what, label, values in found]


def measured(month: Month, pack: dict[str, Any]) -> list[str]:
    """What the tiers of the statement's own month measured and gave."""
    found = []
    for period, plan, version, summed, days, total in pack["tiers"]:
        tier = month.tiers.get(f"{plan} {version}") if period == month.month["period"] else None
        if tier and [int(summed), days, total] != [tier.summed, tier.days, 0 if tier.nothing or not tier.marginal else tier.total]:
            found.append(f"tier of {plan} {version}: the file says sum {summed}, {days} days, T {total}; computed sum {tier.summed}, {tier.days} days")
    return found


def corrections(month: Month, stored: list[Line], levels: dict[str, int]) -> list[str]:
    """§6.2: for an earlier month, today's knowledge minus what was posted."""
    origin, content = month.month["period"], month.month
    target: dict[Any, Line] = {}
    for line in month.lines():
        target[fact(line)] = line if fact(line) not in target else {**line, "amount": line["amount"] + target[fact(line)]["amount"]}
    posted: dict[Any, Line] = {}
    for values in content["posted"]:
        line = dict(zip(COLUMNS, values))  # noqa: B905
        posted[fact(line)] = {**line, "part": None, "reason": "", "amount": line["amount"] + (posted[fact(line)]["amount"] if fact(line) in posted else 0)}
    due = []
    for what in target.keys() | posted.keys():
        amount = (target[what]["amount"] if what in target else 0) - (posted[what]["amount"] if what in posted else 0)
        if amount:
            due.append({**target.get(what, posted.get(what, {})), "amount": amount})
    gone = {what for what in posted if what not in target}
    plans = {fact(line): line["plan"] for line in stored}
    due = [{**line, "plan": plans.get(fact(line), line["plan"])} if fact(line) in gone else line for line in due]
    earned = sum(line["amount"] for line in [*posted.values(), *stored]) + content["posted_elsewhere"]
    level = month.level(earned) - content["posted_level"]
    wrong = [] if level == levels.get(origin, 0) else [f"correction of the cap or guarantee of {origin}: the file says {levels.get(origin, 0)}, computed {level}"]
    return differing(f"correction of {origin}", due, stored) + wrong


def totals(pack: dict[str, Any], own: Month, lines: list[Line]) -> dict[str, Any]:
    """§6: the month of the broker, in its order."""
    period, terms = pack["statement"]["period"], own.standing(last_day(pack["statement"]["period"]))[2]
    found: dict[str, Any] = {"earned": sum(line["amount"] for line in lines if not line["origin"])}
    found["corrections"] = sum(line["amount"] for line in lines if line["origin"]) + sum(amount for _, amount in pack["levels"])
    found["cap_or_guarantee"] = own.level(found["earned"])
    found["adjustments"] = sum(amount for amount, _, _ in pack["adjustments"])
    before, reserve = sum(found.values()), terms.reserve if terms else None
    found["reserve"] = -half_up(max(before, 0) * rate(reserve["rate"])) if reserve else 0
    found["release"] = sum(amount for _, amount in pack["release"])
    found["carry_over"] = pack["carry_over"]
    found["payable"] = sum(found.values())
    found["withholding"] = withhold(max(found["payable"], 0), pack["withholding"]) if pack["broker"]["person"] else 0
    found["net"] = max(found["payable"], 0) - found["withholding"]
    months = int(period[:4]) * 12 + int(period[5:]) - 1 + (int(reserve["months"]) if reserve else 0)
    found["reserve_release_period"] = f"{months // 12:04d}-{months % 12 + 1:02d}" if found["reserve"] else None
    return found


def check(pack: dict[str, Any]) -> list[str]:
    """What differs, each in a sentence; empty where everything is the same."""
    if pack.get("schema") != SCHEMA:
        return [f"this reads {SCHEMA}, the file says {pack.get('schema')!r}: take the script offered beside the file"]
    content = {name: value for name, value in pack.items() if name != "digest"}
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    wrong = [] if digest == pack["digest"] else [f"the digest: the file says {pack['digest']}, its content gives {digest}: it was changed after it was made"]
    lines = [dict(zip(COLUMNS, values)) for values in pack["lines"]]  # noqa: B905
    own, levels = Month(pack, pack["months"][0]), dict(pack["levels"])
    wrong += differing(f"line of {pack['statement']['period']}", own.lines(), [line for line in lines if not line["origin"]])
    wrong += measured(own, pack)
    for content in pack["months"][1:]:
        wrong += corrections(Month(pack, content), [line for line in lines if line["origin"] == content["period"]], levels)
    computed = totals(pack, own, lines)
    return wrong + [f"total {name}: the file says {pack['totals'][name]}, computed {value}" for name, value in computed.items() if pack["totals"][name] != value]


def main(arguments: list[str]) -> int:
    """Check each file that is named."""
    if not arguments:
        sys.stdout.write(str(__doc__))
        return 2
    outcome = 0
    for path in arguments:
        with open(path, encoding="utf-8") as file:
            pack = json.load(file, parse_float=str)
        wrong = check(pack)
        head = f"{path}: {'NOT the same' if wrong else 'the same'} ({len(pack.get('lines', []))} lines, digest {pack.get('digest', '')})"
        sys.stdout.write("\n  ".join([head, *wrong]) + "\n")
        outcome = max(outcome, 1 if wrong else 0)
    return outcome


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
