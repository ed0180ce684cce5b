"""Macros that read numbers from text as T-SQL does, and that compute exactly."""

from __future__ import annotations

from engine.sql.meaning.macros.macro import Macro, macro

NUMBER_MACROS: tuple[Macro, ...] = (
    macro(
        "tsql_bad_number(s, target, safe)",
        """CASE WHEN NOT safe THEN error('[245] Conversion failed when converting the varchar value ''' || s
        || ''' to data type ' || target || '.') END""",
    ),
    # An empty text and a lone sign are 0; a point or an exponent is refused.
    macro(
        "tsql_integer(s, target, safe)",
        """CASE WHEN regexp_full_match(s, ' *[+-]?[0-9]+ *')
            THEN CASE WHEN safe THEN TRY_CAST(s AS BIGINT) ELSE CAST(s AS BIGINT) END
        WHEN regexp_full_match(s, ' *[+-]? *') THEN 0
        WHEN s IS NOT NULL THEN tsql_bad_number(s, target, safe) END""",
    ),
    # These three give text that DuckDB's own cast reads as T-SQL would.
    macro(
        "tsql_decimal_text(s, target, safe)",
        """CASE WHEN regexp_full_match(s, ' *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+) *') THEN s
        WHEN s IS NOT NULL THEN tsql_bad_number(s, target, safe) END""",
    ),
    macro(
        "tsql_float_text(s, target, safe)",
        """CASE WHEN regexp_full_match(s, ' *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eEdD][+-]?[0-9]{1,3})? *')
            THEN translate(s, 'dD', 'ee')
        WHEN trim(s, ' ') = '' THEN '0'
        WHEN s IS NOT NULL THEN tsql_bad_number(s, target, safe) END""",
    ),
    macro(
        "tsql_money_text(s, target, safe)",
        """CASE WHEN regexp_full_match(s, ' *([+-]? *[$£€¥]?|[$£€¥] *[+-]?)
            *([0-9][0-9,]*[.]?[0-9]*|[.][0-9]+) *')
            THEN regexp_replace(s, '[$£€¥, ]', '', 'g')
        WHEN trim(s, ' ') = '' THEN '0'
        WHEN s IS NOT NULL THEN tsql_bad_number(s, target, safe) END""",
    ),
    macro(
        "tsql_bit(s, safe)",
        """CASE WHEN regexp_full_match(s, ' *[+-]?[0-9]* *') THEN regexp_matches(s, '[1-9]')
        WHEN lower(trim(s, ' ')) = 'true' THEN TRUE WHEN lower(trim(s, ' ')) = 'false' THEN FALSE
        WHEN s IS NOT NULL THEN tsql_bad_number(s, 'bit', safe) END""",
    ),
    macro(
        "tsql_uniqueidentifier(s, safe)",
        """CASE WHEN regexp_matches(s,
            '^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[{][0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}[}])')
            THEN TRY_CAST(ltrim(s, '{')[1:36] AS UUID)
        WHEN s IS NOT NULL AND NOT safe
            THEN error('[8169] Conversion failed when converting from a character string to
            uniqueidentifier.') END""",
    ),
    # The type of the operands decides: `//` for integers, `/` for floats.
    *(
        macro(
            f"{name}(a, b)",
            f"""CASE WHEN b <> 0 THEN a {operator} b
            WHEN a IS NOT NULL AND b = 0 THEN error('[8134] Divide by zero error encountered.') END""",
        )
        for name, operator in (("tsql_quotient", "//"), ("tsql_ratio", "/"), ("tsql_remainder", "%"))
    ),
    # uniqueidentifiers sort by their last six bytes first, by their first four last and backwards.
    macro(
        "tsql_guid_order(s)",
        """s[25:36] || s[20:23] || s[17:18] || s[15:16] || s[12:13] || s[10:11] || s[7:8] || s[5:6] || s[3:4]
        || s[1:2]""",
    ),
    macro("tsql_guid_key(u)", "tsql_guid_order(CAST(u AS VARCHAR))"),
    # printf writes exponents of two digits, T-SQL of three.
    macro("tsql_exponent(s)", "regexp_replace(s, 'e([+-])([0-9][0-9])$', 'e\\10\\2')"),
    macro("tsql_thousands(s)", "ltrim(reverse(regexp_replace(reverse(s), '([0-9]{3})', '\\1,', 'g')), ',')"),
    macro(
        "tsql_finite(x)",
        """CASE WHEN isfinite(x) THEN x
        WHEN x IS NOT NULL THEN error('[3623] An invalid floating point operation occurred.') END""",
    ),
    # Signs, points and currency symbols alone count as numbers ("ISNUMERIC", remarks).
    macro(
        "tsql_isnumeric(s)",
        """CASE WHEN regexp_full_match(s, ' *[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eEdD][+-]?[0-9]{1,3})? *')
            OR regexp_full_match(s, ' *([+-]? *[$£€¥]?|[$£€¥] *[+-]?) *([0-9][0-9,]*[.]?[0-9]*|[.][0-9]+) *')
            OR regexp_full_match(s, ' *[-+.,$£€¥] *') THEN 1 ELSE 0 END""",
    ),
)
