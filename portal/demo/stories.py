"""What there is to find in the demonstration firm. Help pages and tests point at these numbers.

| story | where | what happened |
|---|---|---|
| The clients who fade | broker B007 | from 2026-08-03 on his clients withdraw again and again and trade less; since 2026-09-14 none trades; for seven of them lower fees were asked within a month; he has neither signed in for 44 days nor brought anybody for 65; all five are signals of a departure |
| Who closes the account | one in eighty of those who were there before the year | draws money out and trades less for 75 days, not at all for the last 20: the scores of clients at risk see it coming |
| About to leave | staff S017 | serves more than 60 accounts; nine of ten know nobody else in the firm. Others' clients mostly have a second contact. Speaks with nobody for the last 40 days, looked 32 clients up in the last week, and has handed in the letter: an announced departure |
| Who left | staff S029 | went to another firm on 2026-04-10; his sign-in is dead and his clients were handed over on that day. Of those who knew nobody else in the firm three of five went along with him; who had a second contact stayed. Outcomes stand since July, the forecast beside them |
| A broker who went, and whose clients stayed | broker B058 | his clients were handed over to the house on 2026-07-01; the handover is closed |
| Suspected wrongly | staff S013 | spoke with nobody from 2026-07-06 to 2026-08-14; told, he answered that he was at a training of the head office; upheld, and the signals about him rest |
| Suspected, and it stands | broker B007 | the suspicion was recorded in September; he was heard by word of mouth, and a second person judged that it stands |
| A disputed client | account 80100840 | B011 alone until 2026-05-12; both claims suspended (B011 50 %, B023 50 %); split 60 : 40 since 2026-06-10 |
| A move in mid-month | account 80101260 | B004 until 2026-07-16, B015 from that day on |
| A call still outstanding | account 80118480 | opened on 2026-10-12; the claim of B009 is pending, so nothing is earned |
| A late call | account 80117472 | opened on 2026-03-05 with B016; called back on 2026-03-20: pending before, earning after |
| A licence with a gap | broker B019 | F2021019 lapsed on 2026-04-10, F2026019 holds since 2026-05-18; nothing is paid between and nothing paid back |
| A relative | account 80102688 | the client is the spouse of B028, known and recorded since 2026-05-06 |
| An old institution | brokers B059, B060 | contracts from before natural persons became the rule; no licence is required of them |
| A broker who ended | broker B058 | ended on 2026-07-01; his clients stay with the house |
| A correction after the close | account 80102016, 2026-07-20 | the exchange fee was too high in the first file; the second file halves it: a correction for 2026-07 |
| A transfer learnt late | account 80103108 | belonged to B021, not B020, since 2026-06-15; learnt after the close of August: corrections for 2026-06 to 2026-08 |
| What brokers are paid | payment runs, portal/demo/payments.py | everything up to the last but one closed month is paid, but one payment that came back and one broker whose payments are held back; the newest run waits for its second person |
| A broker who wants his data erased | broker B011 | asked; what would go and what must be kept stands under Requests to erase |
| Leads and what is around them | portal/demo/leads.py, leads_around.py | leads in every state; links of a broker, an employee, a client and a campaign; one consent taken back; three campaigns and nine costs |
| Who wants to become a broker | applications B061, B062 | one has shown a part of what he needs, the other waits for a second person |
| Two claims on one person | B011 and B004 | two cases: one decided for who held the claim, one open |
| A client asks for another broker | account 80101260 | a transfer to B011, previewed, waits for a second person |
| To be asked again | the first two clients | one suitability test has run out, one will in three weeks |
| An evening with a part held out by lot | event spring-hedging, portal/demo/club_past.py | invited beside held out, what it cost, who came |
| An evening to which a whole branch was invited | event summer-basis, portal/demo/club_compared.py | nobody was held out: pairs who were alike before, read by the night's work |
| An evening in waves | event july-options, portal/demo/club_compared.py | a quarter of a branch each week, in an order drawn by lot; its plan, and the list of its clients |
| What an event asks, and a visitor without an account | events copper-night and basis-morning | food, car plate, a tick; Ms Zhou (周女士) proved her address and answered |
| Of the lowest class | the first client after them who is a person | answered the questions by himself nine days ago: wants no risk, so nothing is recommended to him |
"""

from __future__ import annotations

from datetime import date, timedelta

FADING_BROKER = "B007"
FADING_SINCE = date(2026, 8, 3)
FADING_SILENT = date(2026, 9, 14)

FADES_BEFORE_CLOSING, SILENT_BEFORE_CLOSING = timedelta(days=75), timedelta(days=20)

LEAVER = "S017"

GONE, GONE_TOLD, GONE_ON = "S029", date(2026, 3, 20), date(2026, 4, 10)
"""Who left, when he said so, and the first day without him."""

AWAY, AWAY_FROM, AWAY_UNTIL = "S013", date(2026, 7, 6), date(2026, 8, 14)
"""Who was at a training and suspected of leaving; both days included."""

DISPUTED = 120
DISPUTE_FROM, DISPUTE_UNTIL = date(2026, 5, 12), date(2026, 6, 10)
DISPUTE_BROKERS = ("B011", "B023")

MOVED = 180
MOVED_ON = date(2026, 7, 16)
MOVED_BROKERS = ("B004", "B015")

PENDING = 2640
PENDING_OPENED = date(2026, 10, 12)
PENDING_BROKER = "B009"

CONFIRMED_LATE = 2496
LATE_OPENED, LATE_CONFIRMED = date(2026, 3, 5), date(2026, 3, 20)
LATE_BROKER = "B016"

LAPSED_BROKER = "B019"
LAPSED_ON, RENEWED_ON = date(2026, 4, 10), date(2026, 5, 18)

RELATED = 384
RELATED_BROKER = "B028"
RELATED_SINCE = date(2026, 5, 6)

INSTITUTIONS = ("B059", "B060")
ENDED_BROKER = "B058"
ENDED_ON = date(2026, 7, 1)

CORRECTED = 288
CORRECTED_DAY = date(2026, 7, 20)

LEARNT_LATE = 444
LEARNT_FROM = date(2026, 6, 15)
LEARNT_BROKERS = ("B020", "B021")

STORY_ACCOUNTS = (DISPUTED, MOVED, PENDING, CONFIRMED_LATE, RELATED, CORRECTED, LEARNT_LATE)


def account_no(index: int) -> str:
    """The trading account number of the client at a place. Text: some begin with a zero, some have twelve digits."""
    plain = f"{80_100_000 + index * 7}"
    if index % 12 == 5:
        return "0" + plain
    return "0199" + plain if index % 12 == 9 else plain
