"""Macros on text."""

from __future__ import annotations

from engine.sql.meaning.macros.macro import Macro, macro

TEXT_MACROS: tuple[Macro, ...] = (
    macro("tsql_starred(s, n)", "CASE WHEN length(s) <= n THEN s WHEN s IS NOT NULL THEN '*' END"),
    macro(
        "tsql_fitted(s, n, source, target)",
        """CASE WHEN length(s) <= n THEN s WHEN s IS NOT NULL THEN error('[8115] Arithmetic overflow error
            converting '
        || source || ' to data type ' || target || '.') END""",
    ),
    macro(
        "tsql_assigned(s, n)",
        """CASE WHEN length(s) <= n THEN s WHEN length(rtrim(s, ' ')) <= n THEN left(s, n)
        WHEN s IS NOT NULL THEN error('[2628] String or binary data would be truncated. Truncated value: '''
        || left(s, n) || '''.') END""",
    ),
    macro(
        "tsql_money_commas(s)",
        """CASE WHEN s[1] = '-' THEN '-' ELSE '' END || tsql_thousands(split_part(ltrim(s, '-'), '.', 1)) ||
            '.'
        || split_part(s, '.', 2)""",
    ),
    macro(
        "tsql_signed_minutes(m)",
        "CASE WHEN m < 0 THEN '-' ELSE '+' END || printf('%02d:%02d', abs(m) // 60, abs(m) % 60)",
    ),
    macro(
        "tsql_offset(t, zone)",
        "tsql_signed_minutes(date_diff('minute', timezone('UTC', t), timezone(zone, t)))",
    ),
    macro(
        "tsql_hex_digits(s, style, safe)",
        """CASE WHEN style = 1 AND regexp_full_match(s, '0[xX]([0-9a-fA-F][0-9a-fA-F])*') THEN s[3:]
        WHEN style = 2 AND regexp_full_match(s, '([0-9a-fA-F][0-9a-fA-F])*') THEN s
        WHEN s IS NOT NULL AND NOT safe THEN error('[8114] Error converting data type varchar to varbinary.')
        END""",
    ),
    macro(
        "tsql_bigint_hex(i)",
        """printf('%08x', (i >> 32) & 4294967295) || printf('%08x', i & 4294967295)""",
    ),
    # Patterns that only the data tells; their classes are not translated at run time.
    macro(
        "tsql_plain_pattern(p)",
        """CASE WHEN contains(p, '[') THEN error('[50000] A LIKE pattern with a class must be a constant: '
            || p)
        ELSE p END""",
    ),
    macro(
        "tsql_like(s, p, escape)",
        """CASE WHEN escape = '' THEN s LIKE tsql_plain_pattern(p)
        ELSE like_escape(s, tsql_plain_pattern(p), escape) END""",
    ),
    # Trailing blanks of the subject do not count: it matches if it does with some of them cut.
    macro(
        "tsql_like_padded(s, p, escape)",
        """CASE WHEN s LIKE '% ' AND NOT p LIKE '%\\%' ESCAPE '\\'
            THEN len(list_filter(range(length(rtrim(s, ' ')), length(s) + 1),
                lambda n: tsql_like(left(s, n), p, escape))) > 0
        ELSE tsql_like(s, p, escape) END""",
    ),
    macro(
        "tsql_length_checked(n)",
        """CASE WHEN n >= 0 THEN n WHEN n IS NOT NULL THEN error('[536] Invalid length parameter passed to
            the LEFT,
        RIGHT or SUBSTRING function.') END""",
    ),
    macro(
        "tsql_substring(s, start, n)",
        """substring(s, greatest(start, 1),
        greatest(CAST(tsql_length_checked(n) AS BIGINT) + least(start, 1) - 1, 0))""",
    ),
    # DuckDB makes a capital sharp s; SQL Server leaves the letter alone.
    macro(
        "tsql_upper(s)",
        """CASE WHEN contains(s, 'ß') THEN replace(upper(replace(s, 'ß', chr(57344))), chr(57344), 'ß')
        ELSE upper(s) END""",
    ),
    macro("tsql_replicate(s, n)", "CASE WHEN n >= 0 THEN repeat(s, n) END"),
    macro(
        "tsql_stuff(s, start, n, added)",
        """CASE WHEN start BETWEEN 1 AND length(s) AND n >= 0
        THEN left(s, start - 1) || coalesce(added, '') || substring(s, CAST(start AS BIGINT) + n) END""",
    ),
    macro(
        "tsql_translate(s, old, new)",
        """CASE WHEN length(old) = length(new) THEN translate(s, old, new)
        WHEN old IS NOT NULL AND new IS NOT NULL THEN error('[9828] The second and third arguments of the
        TRANSLATE
            built-in function must contain an equal number of characters.') END""",
    ),
    # An nvarchar holds two bytes a character, four beyond the basic plane.
    macro(
        "tsql_utf16_length(s)",
        """2 * (length(s) + length(regexp_replace(s, '[^\\x{10000}-\\x{10FFFF}]', '', 'g')))""",
    ),
    macro(
        "tsql_char(n)",
        """CASE WHEN n BETWEEN 0 AND 127 THEN chr(n)
        WHEN n BETWEEN 128 AND 255 THEN error('[50000] CHAR of a code above 127 depends on a code page: use
        NCHAR.')
        END""",
    ),
    macro("tsql_nchar(n)", "CASE WHEN n BETWEEN 0 AND 55295 OR n BETWEEN 57344 AND 1114111 THEN chr(n) END"),
    macro(
        "tsql_ascii(s)",
        """CASE WHEN s = '' THEN NULL WHEN ascii(s) < 128 THEN ascii(s)
        WHEN s IS NOT NULL THEN error('[50000] ASCII of a character above 127 depends on a code page: use
        UNICODE.')
        END""",
    ),
    macro("tsql_charindex(s, needle)", "CASE WHEN needle = '' THEN 0 ELSE strpos(s, needle) END"),
    macro(
        "tsql_charindex_from(s, needle, start)",
        """CASE WHEN needle = '' THEN 0 WHEN strpos(substring(s, greatest(start, 1)), needle) = 0 THEN 0
        ELSE strpos(substring(s, greatest(start, 1)), needle) + greatest(start, 1) - 1 END""",
    ),
    macro(
        "tsql_patindex(s, regex)",
        "CASE WHEN regexp_matches(s, regex) THEN length(regexp_extract(s, regex, 1)) + 1 WHEN s IS NOT "
        "NULL THEN 0 END",
    ),
    macro(
        "tsql_parsename(s, part)",
        """CASE WHEN part BETWEEN 1 AND 4 AND len(string_split(s, '.')) BETWEEN part AND 4
        THEN nullif(split_part(s, '.', len(string_split(s, '.')) - part + 1), '') END""",
    ),
    # Letters of one code count once, h and w do not part them, vowels do; three digits follow the first
    # letter.
    macro(
        "tsql_soundex_codes(s)",
        """translate(regexp_replace(s, '[HW]', '', 'g'), 'ABCDEFGIJKLMNOPQRSTUVXYZ',
            '012301202245501262301202')""",
    ),
    macro(
        "tsql_collapsed(s)",
        """regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(s,
        '1+', '1', 'g'), '2+', '2', 'g'), '3+', '3', 'g'), '4+', '4', 'g'), '5+', '5', 'g'), '6+', '6',
        'g')""",
    ),
    macro("tsql_letters(s)", "regexp_extract(upper(s), '^[A-Z]+')"),
    macro(
        "tsql_soundex_of(s)",
        """CASE WHEN s = '' THEN '0000' ELSE left(s[1] || rpad(replace(substring(tsql_collapsed(
        tsql_soundex_codes(s[1]) || tsql_soundex_codes(s[2:])), if(s[1] IN ('H', 'W'), 1, 2)), '0', ''), 3,
        '0'), 4)
        END""",
    ),
    macro("tsql_soundex(s)", "tsql_soundex_of(tsql_letters(s))"),
    macro(
        "tsql_difference(a, b)",
        """CAST(a[1] = b[1] AS INT) + CAST(a[2] = b[2] AS INT) + CAST(a[3] = b[3] AS INT)
        + CAST(a[4] = b[4] AS INT)""",
    ),
    # The digits of a rounded number without its sign: grouped, filled with zeros, and cut of those not asked
    # for.
    macro(
        "tsql_whole_digits(s, zeros)",
        "CASE WHEN zeros = 0 AND s = '0' THEN '' ELSE lpad(s, CAST(greatest(length(s), zeros) AS INT), "
        "'0') END",
    ),
    macro(
        "tsql_fraction_digits(s, least)",
        "left(s, least) || rtrim(substring(s, least + 1), '0')",
    ),
    macro(
        "tsql_digits(s, grouped, zeros, least)",
        """CASE WHEN grouped THEN tsql_thousands(tsql_whole_digits(split_part(s, '.', 1), zeros))
        ELSE tsql_whole_digits(split_part(s, '.', 1), zeros) END
        || CASE WHEN tsql_fraction_digits(split_part(s, '.', 2), least) = '' THEN ''
        ELSE '.' || tsql_fraction_digits(split_part(s, '.', 2), least) END""",
    ),
)
