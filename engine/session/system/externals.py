"""What reads files outside of tables: sys.external_data_sources, _file_formats and _tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.session.catalog.definitions import Kind
from engine.session.system.catalog import object_cells
from engine.session.system.objects import defined, object_id
from engine.session.system.view import BIT, INT, MOMENT, NAME, TINYINT, Row, SystemView, text
from engine.sql.meaning import parse_type

if TYPE_CHECKING:
    from engine.session.binding.world import World
    from engine.session.catalog.definitions import Definition

_HADOOP, _BLOB = (0, "HADOOP"), (5, "BLOB_STORAGE")


def _number(definition: Definition) -> int:
    return object_id(definition.key)


def _sources(world: World) -> Iterator[Row]:
    for one in world.definitions.all(Kind.DATA_SOURCE):
        number, kind = _HADOOP if str(one.body.get("type", "")).upper() == "HADOOP" else _BLOB
        yield _number(one), one.name, str(one.body["location"]), kind, number, 0


def _formats(world: World) -> Iterator[Row]:
    for one in world.definitions.all(Kind.FILE_FORMAT):
        told = one.body
        yield (
            _number(one), one.name, told["type"], told.get("field_terminator"), told.get("string_delimiter"),
            told.get("date_format"), bool(told.get("use_type_default")), None, None,
            told.get("encoding") or "UTF8", told.get("compression") or None, told.get("first_row") or 1,
        )  # fmt: skip


def _tables(world: World) -> Iterator[Row]:
    sources = {one.name.lower(): _number(one) for one in world.definitions.all(Kind.DATA_SOURCE)}
    formats = {one.name.lower(): _number(one) for one in world.definitions.all(Kind.FILE_FORMAT)}
    for found in defined(world, Kind.EXTERNAL_TABLE):
        told = {} if found.definition is None else found.definition.body
        yield (
            *object_cells(world, found), sources.get(str(told.get("source", "")).lower()),
            formats.get(str(told.get("format", "")).lower()), told.get("location"), told.get("reject_type"),
            told.get("reject_value"), told.get("reject_sample_value"),
        )  # fmt: skip


VIEWS = {
    ("sys", "external_data_sources"): SystemView(
        {
            "data_source_id": INT,
            "name": NAME,
            "location": text(4000),
            "type_desc": text(255),
            "type": TINYINT,
            "credential_id": INT,
        },
        _sources,
    ),
    ("sys", "external_file_formats"): SystemView(
        {
            "file_format_id": INT,
            "name": NAME,
            "format_type": text(100),
            "field_terminator": text(10),
            "string_delimiter": text(10),
            "date_format": text(50),
            "use_type_default": BIT,
            "serde_method": text(255),
            "row_terminator": text(10),
            "encoding": text(10),
            "data_compression": text(255),
            "first_row": INT,
        },
        _formats,
    ),
    ("sys", "external_tables"): SystemView(
        {
            "name": NAME,
            "object_id": INT,
            "principal_id": INT,
            "schema_id": INT,
            "parent_object_id": INT,
            "type": parse_type("char(2)"),
            "type_desc": text(60),
            "create_date": MOMENT,
            "modify_date": MOMENT,
            "is_ms_shipped": BIT,
            "data_source_id": INT,
            "file_format_id": INT,
            "location": text(4000),
            "reject_type": text(20),
            "reject_value": parse_type("float"),
            "reject_sample_value": parse_type("float"),
        },
        _tables,
    ),
}
