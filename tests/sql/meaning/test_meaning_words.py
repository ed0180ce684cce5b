"""Lists that must agree with what they describe: reserved words, time zones, functions, types."""

from __future__ import annotations

import duckdb
import pytest

from engine.errors import BindError, UnsupportedSqlError
from engine.sql.meaning import CI, duckdb_type, named_collation, parse_type, type_of_arrow, type_of_node
from engine.sql.meaning.calls import read_call
from engine.sql.meaning.dates.windows_zones import WINDOWS_ZONES
from engine.sql.meaning.functions import SCALARS
from engine.sql.meaning.functions.aggregates import AGGREGATES
from engine.sql.meaning.functions.refused import REFUSED
from engine.sql.meaning.functions.windowed import PERCENTILES, WINDOWED
from engine.sql.meaning.identifiers import RESERVED, identifier
from engine.sql.syntax import parse_query
from engine.sql.syntax.functions import ARITIES, DATED

ROWSETS = {"GENERATE_SERIES", "STRING_SPLIT", "OPENJSON", "STRING_AGG"}


def test_words_that_need_quotes_are_those_of_duckdb() -> None:
    words = duckdb.sql(
        "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    ).fetchall()
    assert {word for (word,) in words} <= RESERVED
    for word in RESERVED:
        assert identifier(word).quoted


@pytest.mark.parametrize("name", ["a b", "1a", "é", "a-b", "order", 'a"b'])
def test_names_reach_duckdb_as_they_are(name: str) -> None:
    text = identifier(name).sql(dialect="duckdb")
    assert duckdb.sql(f"SELECT 1 AS {text}").columns == [name]


@pytest.mark.parametrize("zone", sorted(set(WINDOWS_ZONES.values())))
def test_every_zone_is_known_to_duckdb(zone: str) -> None:
    table = duckdb.sql(
        f"SELECT timezone('{zone}', TIMESTAMPTZ '2024-07-01 00:00:00+00') AS t"
    ).to_arrow_table()
    assert table.column(0)[0].as_py() is not None


def test_every_function_of_the_parser_has_a_meaning_or_a_reason() -> None:
    known = {*SCALARS, *AGGREGATES, *WINDOWED, *PERCENTILES, *REFUSED, *ROWSETS}
    assert set(ARITIES) - known == set()


@pytest.mark.parametrize("name", sorted(set(ARITIES) - DATED - ROWSETS - {"HASHBYTES"}))
def test_calls_keep_their_name_and_arguments(name: str) -> None:
    least, most = ARITIES[name]
    for count in range(least, min(most if most is not None else least + 1, 5) + 1):
        names = [f"c{index}" for index in range(count)]
        node = parse_query(f"SELECT {name}({', '.join(names)})").expressions[0]
        written = read_call(node)
        assert written is not None
        # A builder may write a default out, as JSON_QUERY(c0) becomes JSON_QUERY(c0, '$').
        assert [argument.name for argument in written.arguments][:count] == names
        assert written.name == name


ARROW = """
bool: bit; int8: smallint; uint8: tinyint; uint16: int; int64: bigint; uint64: decimal(20,0); float: real;
double: float; date32[day]: date; time64[us]: time(7); timestamp[ms]: datetime2(7);
timestamp[us, tz=UTC]: datetime2(7); decimal128(10, 2): decimal(10,2); string: varchar(8000);
large_binary: varbinary(8000); dictionary<values=string, indices=int32, ordered=0>: varchar(8000);
fixed_size_binary[16]: binary(16); extension<arrow.uuid>: uniqueidentifier
"""


@pytest.mark.parametrize("pair", [pair.strip() for pair in ARROW.split(";")])
def test_arrow_types_are_those_of_a_sql_pool(pair: str) -> None:
    arrow, _, kind = pair.partition(": ")
    assert str(type_of_arrow(arrow)) == kind


def test_nested_columns_are_json_text() -> None:
    for arrow in ("list<element: int32>", "struct<a: int32>", "map<string, int32>"):
        assert str(type_of_arrow(arrow)) == "varchar(8000)"


def test_an_arrow_type_without_a_counterpart_is_refused() -> None:
    for arrow in ("month_day_nano_interval", "decimal256(50, 2)", "duration[s]"):
        with pytest.raises(UnsupportedSqlError):
            type_of_arrow(arrow)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("INT", "int"), ("numeric(9)", "decimal(9,0)"), ("dec", "decimal(18,0)"), ("float(24)", "real"),
        ("double precision", "float"), ("character varying(5)", "varchar(5)"), ("varchar", "varchar(1)"),
        ("nvarchar(max)", "nvarchar(max)"), ("sysname", "nvarchar(128)"), ("datetime2", "datetime2(7)"),
        ("time(3)", "time(3)"), ("bit", "bit"), ("varbinary(10)", "varbinary(10)"),
    ],
)  # fmt: skip
def test_type_names_are_read(text: str, shown: str) -> None:
    assert str(parse_type(text)) == shown
    assert parse_type(shown) == parse_type(text)
    assert duckdb.sql(f"SELECT CAST(NULL AS {duckdb_type(parse_type(text)).sql('duckdb')})")


@pytest.mark.parametrize(
    "text", ["nothing", "decimal(39)", "decimal(5,6)", "varchar(9000)", "time(8)", "char(max)", "int(3)"]
)
def test_types_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(BindError):
        parse_type(text)


def test_a_cast_without_a_length_means_thirty_characters() -> None:
    node = parse_query("SELECT CAST(1 AS VARCHAR)").expressions[0]
    assert str(type_of_node(node.args["to"])) == "varchar(30)"


def test_collations_are_read_from_their_names() -> None:
    assert named_collation("SQL_Latin1_General_CP1_CI_AS").same_rules(CI)
    assert named_collation("Latin1_General_100_BIN2_UTF8").is_binary
    assert named_collation("Latin1_General_CI_AI").fold_accent
    assert not named_collation("Latin1_General_CS_AS").is_binary
    with pytest.raises(UnsupportedSqlError, match="Nonsense"):
        named_collation("Nonsense")
