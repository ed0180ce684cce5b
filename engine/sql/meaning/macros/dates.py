"""Macros that read dates and times from text, and round them."""

from __future__ import annotations

from functools import reduce

from sqlglot import exp

from engine.sql.meaning.dates import grammar
from engine.sql.meaning.macros.macro import Macro, macro
from engine.sql.meaning.trees import call, text


def _replaced(tree: exp.Expr, forms: tuple[tuple[str, str], ...]) -> exp.Expr:
    return reduce(
        lambda inner, form: call("REGEXP_REPLACE", inner, text(form[0]), text(form[1])), forms, tree
    )


def _parts(column: str, pattern: str, names: tuple[str, ...]) -> str:
    listed = exp.Array(expressions=[text(name) for name in names])
    return call("REGEXP_EXTRACT", exp.column(column), text(pattern), listed).sql("duckdb")


def _quoted(pattern: str) -> str:
    return text(pattern).sql("duckdb")


_DAY_FIRST = _replaced(exp.column("s"), (grammar.DAY_FIRST,)).sql("duckdb")
_NAMED = _replaced(exp.column("s"), grammar.MONTH_NAMES).sql("duckdb")
_DAY = _replaced(exp.column("s"), (*grammar.DATE_FORMS, *grammar.CENTURIES)).sql("duckdb")
_LOWERED = _replaced(call("LOWER", call("TRIM", exp.column("s"), text(" "))), (grammar.ISO_SEPARATOR,))

DATE_MACROS: tuple[Macro, ...] = (
    macro("tsql_month_names(s)", f"CASE WHEN regexp_matches(s, '[a-z]') THEN {_NAMED} ELSE s END"),
    macro("tsql_day_form(s)", _DAY),
    # What no form fits keeps its text; only three parts are a day.
    macro("tsql_ymd(s)", "replace(regexp_extract(s, '^[0-9]{4}~[0-9]+~[0-9]+$'), '~', '-')"),
    macro(
        "tsql_day(s)",
        """CASE WHEN s = '' THEN DATE '1900-01-01'
        ELSE TRY_CAST(tsql_ymd(tsql_day_form(tsql_month_names(s))) AS DATE) END""",
    ),
    macro(
        "tsql_hour(hour, half)",
        """CASE WHEN half = 'am' THEN CASE WHEN hour <= 12 THEN hour % 12 END
        WHEN half = 'pm' AND hour < 12 THEN hour + 12 WHEN hour < 24 THEN hour END""",
    ),
    macro(
        "tsql_clock_of(p)",
        """TRY_CAST(tsql_hour(TRY_CAST(p.hour AS INT), p.half) || ':' || if(p.minute = '', '0', p.minute) ||
            ':'
        || if(p.second = '', '0', p.second) || '.' || if(p.fraction <> '', p.fraction,
        lpad(p.millisecond, 3, '0')) AS TIME)""",
    ),
    macro(
        "tsql_clock(s)",
        f"""CASE WHEN s = '' THEN TIME '00:00:00'
        ELSE tsql_clock_of({_parts("s", grammar.TIME, grammar.TIME_PARTS)}) END""",
    ),
    macro(
        "tsql_zone_minutes(z)",
        """CASE WHEN z IN ('', 'z') THEN 0 ELSE TRY_CAST(z[1] || '1' AS INT)
        * (TRY_CAST(split_part(z[2:], ':', 1) AS INT) * 60 + TRY_CAST(split_part(z, ':', 2) AS INT)) END""",
    ),
    macro("tsql_split_moment(s)", _parts("s", grammar.SPLIT, grammar.SPLIT_PARTS)),
    macro("tsql_lowered(s)", _LOWERED.sql("duckdb")),
    macro("tsql_wall_clock(p)", "tsql_day(p.date) + tsql_clock(p.time)"),
    macro("tsql_instant(p)", "timezone('UTC', tsql_wall_clock(p) - to_minutes(tsql_zone_minutes(p.zone)))"),
    macro(
        "tsql_bad_date(safe)",
        """CASE WHEN NOT safe THEN error('[241] Conversion failed when converting date and/or time from
        character string.') END""",
    ),
    # A lambda evaluates its argument once; a macro that names it twice evaluates it twice. Measured, a row:
    # 56 us without the lambda, 16 us with it, 0.7 us in the branches for the three commonest forms.
    macro(
        "tsql_any_moment(s)",
        """list_transform([tsql_split_moment(tsql_lowered(s))], lambda p: tsql_wall_clock(p))[1]""",
    ),
    macro(
        "tsql_read_moment(s, safe)",
        """CASE WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{2}-[0-9]{2}(
            ([01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2})?')
            THEN COALESCE(TRY_CAST(s AS TIMESTAMP), tsql_bad_date(safe))
        WHEN regexp_full_match(s, '[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}')
            THEN COALESCE(try_strptime(s, '%m/%d/%Y'), tsql_bad_date(safe))
        WHEN regexp_full_match(s, '[0-9]{8}') THEN COALESCE(try_strptime(s, '%Y%m%d'), tsql_bad_date(safe))
        WHEN NOT contains(s, chr(10)) THEN COALESCE(tsql_any_moment(s), tsql_bad_date(safe))
        WHEN s IS NOT NULL THEN tsql_bad_date(safe) END""",
    ),
    macro(
        "tsql_any_instant(s)",
        """list_transform([tsql_split_moment(tsql_lowered(s))], lambda p: tsql_instant(p))[1]""",
    ),
    macro(
        "tsql_read_instant(s, safe)",
        """CASE WHEN NOT contains(s, chr(10)) THEN COALESCE(tsql_any_instant(s), tsql_bad_date(safe))
        WHEN s IS NOT NULL THEN tsql_bad_date(safe) END""",
    ),
    macro(
        "tsql_day_first(s)",
        f"""CASE WHEN regexp_matches(s, {_quoted(grammar.DAY_FIRST[0])}) THEN {_DAY_FIRST}
        WHEN regexp_matches(s, {_quoted(grammar.ANY_ORDER)}) THEN s WHEN s IS NOT NULL THEN 'day first'
        END""",
    ),
    # Ticks of 1/300 s since 1753, shown in milliseconds: 0, 3, 7, 10, ... (rounding.py says the same in
    # Python).
    macro("tsql_ticks(t)", "(date_diff('microsecond', TIMESTAMP '1753-01-01', t) * 3 + 5000) // 10000"),
    macro("tsql_since_1753(us)", "make_timestamp(us + epoch_us(TIMESTAMP '1753-01-01'))"),
    macro(
        "tsql_datetime(t, safe)",
        """CASE WHEN t >= TIMESTAMP '1753-01-01' AND t < TIMESTAMP '9999-12-31 23:59:59.998500'
            THEN tsql_since_1753((tsql_ticks(t) * 10 + 1) // 3 * 1000)
        WHEN t IS NOT NULL AND NOT safe THEN error('[242] The conversion to a datetime data type resulted in
        an
            out-of-range value.') END""",
    ),
    # datetime 12:00:00.003 is 12:00:00.003333 as a datetime2.
    macro("tsql_exact_datetime(t)", "tsql_since_1753((tsql_ticks(t) * 10000 + 1) // 3)"),
    # datetime takes three digits of a second's fraction and no offset but Z.
    macro(
        "tsql_read_datetime(s, safe)",
        """CASE WHEN regexp_matches(s, '[.][0-9]{4}|[+-][0-9]{1,2}:[0-9]{2} *$') THEN tsql_bad_date(safe)
        ELSE tsql_datetime(tsql_read_moment(s, safe), safe) END""",
    ),
    macro(
        "tsql_smalldatetime(t, safe)",
        """CASE WHEN t >= TIMESTAMP '1900-01-01' AND t < TIMESTAMP '2079-06-06 23:59:29.998'
            THEN date_trunc('minute', tsql_datetime(t, safe) + INTERVAL 30 SECOND)
        WHEN t IS NOT NULL AND NOT safe THEN error('[242] The conversion to a smalldatetime data type
        resulted in
            an out-of-range value.') END""",
    ),
    macro(
        "tsql_isdate(s)",
        "CASE WHEN s <> '' AND tsql_read_datetime(s, TRUE) IS NOT NULL THEN 1 ELSE 0 END",
    ),
    macro(
        "tsql_date_from_parts(y, m, d)",
        """CASE WHEN y BETWEEN 1 AND 9999 THEN make_date(y, m, d)
        WHEN y IS NOT NULL THEN error('[289] Cannot construct data type date, some of the arguments have
        values
            which are not valid.') END""",
    ),
    macro("tsql_at(day, h, m, s, us)", "day + make_time(h, m, s) + to_microseconds(us)"),
    macro(
        "tsql_microseconds(fraction, digits)",
        """CASE WHEN fraction >= 0 AND fraction < 10 ** digits AND (digits < 7 OR fraction % 10 = 0)
            THEN CAST(fraction * 10 ** (6 - digits) AS BIGINT)
        WHEN fraction IS NOT NULL THEN error('[289] Cannot construct data type, some of the arguments have
        values
            which are not valid, or have a seventh digit of a fraction.') END""",
    ),
    macro(
        "tsql_positive(n)",
        "CASE WHEN n > 0 THEN n WHEN n IS NOT NULL THEN error('[9834] The number must be greater than "
        "zero.') END",
    ),
)
