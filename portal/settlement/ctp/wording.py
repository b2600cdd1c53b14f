"""What each code of a statement's findings says, as a sentence."""

from __future__ import annotations

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

SENTENCES: dict[str, LazyString] = {
    "I1": _("The closing balance is not the opening balance with all of the day's movements."),
    "I2": _("The client equity is not the closing balance with the pledge."),
    "I3": _("The market value equity is not the client equity with the options' market value."),
    "I4": _("The available funds are not the client equity less the margins."),
    "I5": _("The risk degree is not the margin divided by the client equity."),
    "I6": _("The deposits and withdrawals do not add up to the summary."),
    "I7": _("The fees or realised profits of the rows do not add up to the summary."),
    "I8": _("The mark-to-market profits of the positions do not add up to the summary."),
    "I9": _("The margins of the positions do not add up to the summary."),
    "I10": _("A turnover is not price × lots × multiplier, or a total is not the sum of its column."),
    "encoding": _("The file is neither UTF-8 nor GB18030."),
    "no_account_summary": _("The file has no account summary."),
    "currency_missing": _("The account summary names no currency."),
    "currency_twice": _("Two account summaries name the same currency."),
    "label_missing": _("A label of the account summary is missing."),
    "label_twice": _("A label stands twice."),
    "label_unknown": _("The label is not known and was passed over."),
    "account_missing": _("The statement names no account."),
    "date_missing": _("The statement names no date."),
    "not_a_date": _("This is no date."),
    "not_a_number": _("This is no number of the expected form."),
    "not_known": _("This value is not known."),
    "table_unknown": _("The table is not known and was passed over."),
    "table_missing": _("A sheet is missing."),
    "heads_unequal": _("The column heads do not match each other."),
    "heads_disagree": _("The Chinese and the English head of a column mean different things."),
    "column_unknown": _("The column is not known and was passed over."),
    "column_twice": _("A column stands twice."),
    "column_missing": _("A column is missing."),
    "cells": _("The row does not have as many cells as the table has columns."),
    "row_cut": _("The row is cut off."),
    "total_missing": _("The table has no total row: the file may be cut off."),
    "total_shifted": _("The total row has a value where its column has no total."),
    "multiplier_unknown": _("The product's multiplier is not known, so its turnovers were not checked."),
    "exchange_unknown": _("The product's exchange is not known."),
    "name_differs": _("The sheet and the file's name say different things."),
    "workbook": _("The file is no workbook that can be read."),
    "no_cny_block": _("The statement has no CNY account summary to compare."),
    "books_differ": _("The statement and the portal's books differ (found: statement, expected: books)."),
}
