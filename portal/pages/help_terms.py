"""The words of the trade as the help explains them: English, Chinese, and what each means in both languages."""

from __future__ import annotations

from typing import NamedTuple


class Term(NamedTuple):
    """A word in both languages with its meaning in both."""

    en: str
    zh: str
    means: str
    meaning: str


TERMS = (
    Term("account", "资金账号", "The number under which a client's money and trades are kept.", "客户资金与交易所在的账号。"),
    Term("adjustment", "调整", "An amount entered by hand with a reason; a second person approves it.", "人工录入并注明原因的金额，须经双人复核。"),
    Term("attribution", "客户归属", "To which broker a client counts, with which share, from when to when.", "客户归属哪位居间人、比例多少、自何日起至何日止。"),
    Term("available funds", "可用资金", "Equity less the margin in use.", "客户权益减去保证金占用。"),
    Term("branch", "营业部", "An outlet of the firm.", "公司的营业部或分公司。"),
    Term("broker, introducing broker", "居间人", "Somebody outside the firm who introduces clients and is paid for it.", "向公司介绍客户并取得报酬的外部人员或机构。"),
    Term("cap", "封顶", "The most that a broker earns in a month.", "居间人当月报酬的上限。"),
    Term("carry-over", "结转", "A negative amount that is set off in the next month.", "为负的应付金额，结转至下月抵扣。"),
    Term("client equity", "客户权益", "What a client's account is worth at the end of a day.", "日终客户账户的权益总额。"),
    Term("close", "关账", "Freezing a month: what it paid never changes afterwards.", "锁定一个月份，此后该月已付金额不再改变。"),
    Term("commission", "居间报酬", "What the firm pays a broker.", "公司支付给居间人的报酬。"),
    Term("confirmation call", "回访", "The call in which a client confirms who introduced him.", "向客户核实介绍人的电话回访。"),
    Term(
        "correction",
        "更正",
        "The difference that later knowledge makes to a closed month; it is paid in the open one.",
        "事后得知的情况对已关账月份造成的差额，在未关账的月份中补付或扣回。",
    ),
    Term("exchange fee", "上交手续费", "The part of the fee that goes to the exchange.", "手续费中上交交易所的部分。"),
    Term("fee", "手续费", "What a client pays for a trade.", "客户为成交支付的手续费。"),
    Term("graduated tiers", "超额累进", "Each step's rate counts for the part of the measure inside it.", "各档费率只适用于该档区间内的部分。"),
    Term("guarantee", "保底", "The least that a broker earns in a month if all its conditions hold.", "满足全部条件时居间人当月报酬的下限。"),
    Term("house", "公司留存份额", "The part of a share that no broker has; it stays with the firm.", "未分配给任何居间人的份额，留在公司。"),
    Term("lots", "手数", "How many contracts were traded.", "成交的合约张数。"),
    Term("margin", "保证金占用", "What open positions bind.", "持仓所占用的保证金。"),
    Term("override", "级差", "What an upline earns on the trades of brokers below, paid by the house on top.", "上级居间人因下级业务取得的报酬，由公司另行支付。"),
    Term("payable, net", "应付、实付", "What a month comes to, before and after the tax withheld.", "当月应付金额，以及扣税后的实付金额。"),
    Term("plan", "居间方案", "The terms by which a broker is paid; its versions have dates.", "居间报酬的计算条款，按版本注明生效日期。"),
    Term("reserve", "风险金", "A part held back and released in a later month.", "暂扣的部分，在以后约定的月份返还。"),
    Term("retained fee", "留存手续费", "Fee less exchange fee.", "手续费减去上交手续费。"),
    Term("risk degree", "风险度", "Margin in use divided by equity, in per cent.", "保证金占用除以客户权益，以百分比表示。"),
    Term("second person", "双人复核", "Whoever approves what another prepared; nobody approves his own.", "由另一人复核所提交的事项，任何人不得复核自己提交的事项。"),
    Term("servicing", "服务关系", "Which member of staff looks after a client; it is not what pays a broker.", "由哪位员工维护客户，与居间报酬无关。"),
    Term("settled day", "已结算交易日", "A trade date whose balances are in the portal.", "权益数据已入库的交易日。"),
    Term("trade date", "交易日", "The day that the exchange counts a trade to; a night trade belongs to the next one.", "成交所归属的交易日，夜盘计入下一交易日。"),
    Term("upline, downline", "上级、下级", "Brokers above and below one another, one upline at a time.", "居间人之间的上下级关系，同一时间只有一个上级。"),
    Term("whole tiers", "全额累进", "The step that is reached gives the rate of everything.", "达到某档后，全部金额适用该档费率。"),
    Term("withholding", "代扣代缴", "Tax on labour remuneration that the firm keeps for natural persons.", "公司对自然人居间人预扣的劳务报酬个人所得税。"),
)
