"""The forms in which T-SQL reads a date or a time from text, under us_english and DATEFORMAT mdy.

Source: "Date and time data types" of the T-SQL reference, supported string literal formats. The patterns are
written in what Python's `re` and DuckDB's RE2 share, so that a constant (`moments.py`) and a column
(`macros/dates.py`) are read by one grammar.
"""

from __future__ import annotations

_NAMES = (
    "jan(?:uary)?",
    "feb(?:ruary)?",
    "mar(?:ch)?",
    "apr(?:il)?",
    "may",
    "june?",
    "july?",
    "aug(?:ust)?",
    "sep(?:t(?:ember)?)?",
    "oct(?:ober)?",
    "nov(?:ember)?",
    "dec(?:ember)?",
)
# The name of a month becomes its number between two hashes.
MONTH_NAMES = tuple((rf"\b{name}\b", f"#{number}#") for number, name in enumerate(_NAMES, 1))

_YEAR = r"(\d{4}|\d{2})"
_MONTH = r"#(\d{1,2})#"
# Each form becomes `year~month~day`. At most one matches: none matches what another one leaves.
DATE_FORMS = (
    (r"^(\d{4})-(\d{1,2})-(\d{1,2})$", r"\1~\2~\3"),
    (r"^(\d{4})/(\d{1,2})/(\d{1,2})$", r"\1~\2~\3"),
    (r"^(\d{4})\.(\d{1,2})\.(\d{1,2})$", r"\1~\2~\3"),
    (rf"^(\d{{1,2}})-(\d{{1,2}})-{_YEAR}$", r"\3~\1~\2"),
    (rf"^(\d{{1,2}})/(\d{{1,2}})/{_YEAR}$", r"\3~\1~\2"),
    (rf"^(\d{{1,2}})\.(\d{{1,2}})\.{_YEAR}$", r"\3~\1~\2"),
    (r"^(\d{4})(\d{2})(\d{2})$", r"\1~\2~\3"),
    (r"^(\d{2})(\d{2})(\d{2})$", r"\1~\2~\3"),
    (r"^(\d{4})$", r"\1~1~1"),
    (rf"^{_MONTH} *(\d{{1,2}})(?: *, *| +){_YEAR}$", r"\3~\1~\2"),
    (rf"^{_MONTH} *,? *(\d{{4}})$", r"\2~\1~1"),
    (rf"^{_MONTH} *,? *(\d{{4}}) +(\d{{1,2}})$", r"\2~\1~\3"),
    (rf"^(\d{{1,2}})[ -]*{_MONTH}[ -]*,? *{_YEAR}$", r"\3~\2~\1"),
    (rf"^(\d{{4}}) *{_MONTH}$", r"\1~\2~1"),
    (rf"^(\d{{4}}) *{_MONTH} *(\d{{1,2}})$", r"\1~\2~\3"),
    (rf"^(\d{{4}}) +(\d{{1,2}}) +{_MONTH}$", r"\1~\3~\2"),
)
# Two-digit years: the cutoff is 2049.
CENTURIES = ((r"^([0-4]\d)~", r"20\1~"), (r"^([5-9]\d)~", r"19\1~"))

_CLOCK = r"\d{1,2}(?::\d{1,2}){1,2}(?:\.\d{1,7}|:\d{1,3})?(?: *[ap]m)?|\d{1,2} *[ap]m"
# The T between date and time becomes a blank before the text is split into date, time and zone.
ISO_SEPARATOR = (r"(\d)t(\d)", r"\1 \2")
SPLIT = rf"^(.*?)(?:(?:^| +)({_CLOCK}))? *(z|[+-]\d{{1,2}}:\d{{2}})?$"
SPLIT_PARTS = ("date", "time", "zone")
TIME = r"^(\d{1,2})(?::(\d{1,2}))?(?::(\d{1,2}))?(?:\.(\d{1,7})|:(\d{1,3}))? *([ap]m)?$"
TIME_PARTS = ("hour", "minute", "second", "fraction", "millisecond", "half")

# Styles that put the day before the month; their text is brought into the order of DATEFORMAT mdy first.
DAY_FIRST_STYLES = frozenset({3, 4, 5, 103, 104, 105})
DAY_FIRST = (r"^ *(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})", r"\2/\1/\3")
ANY_ORDER = r"[a-zA-Z]{3}|^ *\d{8}( |$)"  # the name of a month, or yyyymmdd
