"""Macros on JSON text."""

from __future__ import annotations

from engine.sql.meaning.macros.macro import Macro, macro

JSON_MACROS: tuple[Macro, ...] = (
    macro(
        "tsql_json_value(j, path, strict)",
        """CASE WHEN json_type(j, path) IN ('OBJECT', 'ARRAY')
            THEN CASE WHEN strict THEN error('[13623] Scalar value cannot be found in the specified JSON
            path.') END
        WHEN json_type(j, path) IS NULL AND j IS NOT NULL AND strict
            THEN error('[13608] Property cannot be found on the specified JSON path.')
        WHEN length(json_extract_string(j, path)) > 4000
            THEN CASE WHEN strict THEN error('[13625] String value in the specified JSON path would be
            truncated.') END
        ELSE json_extract_string(j, path) END""",
    ),
    macro(
        "tsql_json_document(j, strict)",
        """CASE WHEN json_type(j) IN ('OBJECT', 'ARRAY') THEN j WHEN strict AND j IS NOT NULL
            THEN error('[13624] Object or array cannot be found in the specified JSON path.') END""",
    ),
    macro(
        "tsql_json_query(j, path, strict)",
        """CASE WHEN json_type(j, path) IN ('OBJECT', 'ARRAY') THEN CAST(json_extract(j, path) AS VARCHAR)
        WHEN strict AND j IS NOT NULL
            THEN error('[13624] Object or array cannot be found in the specified JSON path.') END""",
    ),
    macro(
        "tsql_isjson(s)",
        """CASE WHEN s IS NULL THEN NULL WHEN json_valid(s) AND json_type(s) IN ('OBJECT', 'ARRAY') THEN 1
        ELSE 0 END""",
    ),
    # What STRING_ESCAPE and FOR JSON escape: quotes, both slashes and control characters.
    macro("tsql_json_text(s)", "replace(CAST(to_json(s) AS VARCHAR), '/', '\\/')"),
    macro("tsql_json_escape(s)", "array_slice(tsql_json_text(s), 2, length(tsql_json_text(s)) - 1)"),
    macro(
        "tsql_json_at(j, path, strict)",
        """CASE WHEN json_type(j, path) IN ('OBJECT', 'ARRAY') THEN json_extract(j, path) WHEN strict AND j
            IS NOT NULL
            THEN error('[13608] Property cannot be found on the specified JSON path.') END""",
    ),
    # The rows of OPENJSON WITH: the elements of an array, or one object.
    macro(
        "tsql_json_elements(j)",
        "CASE json_type(j) WHEN 'ARRAY' THEN json_extract(j, '$[*]') WHEN 'OBJECT' THEN [j] END",
    ),
    macro("tsql_json_rows(j, path, strict)", "tsql_json_elements(tsql_json_at(j, path, strict))"),
    macro(
        "tsql_json_kind(j)",
        """CASE json_type(j) WHEN 'NULL' THEN 0 WHEN 'VARCHAR' THEN 1 WHEN 'BOOLEAN' THEN 3 WHEN 'ARRAY' THEN
            4
        WHEN 'OBJECT' THEN 5 ELSE 2 END""",
    ),
    macro(
        "tsql_json_pair(k, v)",
        """{'key': k, 'value': CASE WHEN json_type(v) <> 'NULL' THEN json_extract_string(v, '$') END,
        'type': CAST(tsql_json_kind(v) AS INT)}""",
    ),
    macro(
        "tsql_json_pairs_of(j)",
        """CASE json_type(j)
        WHEN 'ARRAY' THEN list_transform(json_extract(j, '$[*]'), lambda v, i: tsql_json_pair(CAST(i - 1 AS
        VARCHAR), v))
        WHEN 'OBJECT' THEN list_transform(json_keys(j), lambda k:
            tsql_json_pair(k, json_extract(j, '/' || replace(replace(k, '~', '~0'), '/', '~1')))) END""",
    ),
    macro("tsql_json_pairs(j, path, strict)", "tsql_json_pairs_of(tsql_json_at(j, path, strict))"),
    # FOR JSON: members without those left out, and a fraction of a second without trailing zeros.
    macro(
        "tsql_json_member(k, v, nulls)",
        "CASE WHEN v IS NOT NULL THEN tsql_json_text(k) || ':' || v WHEN nulls THEN tsql_json_text(k) || "
        "':null' END",
    ),
    macro("tsql_json_members(m)", "'{' || concat_ws(',', array_to_string(m, ',')) || '}'"),
    macro("tsql_short_fraction(s)", "rtrim(rtrim(s, '0'), '.')"),
)
