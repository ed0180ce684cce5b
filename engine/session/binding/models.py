"""The model of a PREDICT: a registered name, or the bytes of an ONNX graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from engine.errors import BindError
from engine.ml.model import Model
from engine.session.types import sql_type
from engine.sql.meaning import SqlType, to_duckdb
from engine.sql.meaning.binding.scopes import place
from engine.sql.meaning.types import APPROXIMATE, EXACT, TEXT, Base

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from engine.session.binding.binder import Binder
    from engine.session.binding.world import World

_UNNAMED = "the given ONNX graph"
_BIT = frozenset({Base.BIT})


def find_model(node: exp.Expr, binder: Binder, world: World) -> Model:
    """The model that MODEL = ... means.

    Raises:
        NotFoundError: No model of that name.
        BindError: A value that is neither a name nor a graph.
        FormatError: Bytes that are no ONNX graph.
        PathRefusedError: A graph that keeps its weights in files.
    """
    value = _value(node, binder, world)
    if isinstance(value, str):
        name, _, alias = value.partition("@")
        models = world.models()
        found: Model = models.get(name, alias) if alias else models.current(name)
        return found
    if isinstance(value, bytes):
        return _given(value)
    raise BindError(
        "MODEL is NULL." if value is None else f"MODEL is {value!r}, which is no model.",
        "Give the name of a registered model, or the bytes of an ONNX graph.",
        **place(node),
    )


def _given(graph: bytes) -> Model:
    model = Model(_UNNAMED, 0, graph)
    _ = model.plain  # bytes that are no graph are refused here, by what they are
    return model


def _value(node: exp.Expr, binder: Binder, world: World) -> object:
    if isinstance(node, exp.Literal):
        return node.name
    if isinstance(node, exp.HexString):
        digits = str(node.this)
        return bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}")
    if isinstance(node, exp.Parameter):
        known = world.variables.get(f"@{node.name.lower()}")
        if known is None:
            raise BindError(
                f'Must declare the scalar variable "@{node.name}".',
                "DECLARE it before.",
                name=node.name,
                **place(node),
            )
        return known.value
    return _single(node, binder, world)


def _single(node: exp.Expr, binder: Binder, world: World) -> object:
    """The one value of a scalar subquery."""
    bound = type(binder)(world).bind(node.this)
    tree = to_duckdb(bound.tree, bound.schema, **world.settings())
    rows = world.machine.running.answer(tree, bound.relations).to_arrow()
    if rows.num_rows > 1 or rows.num_columns != 1:
        raise BindError(
            f"The subquery of MODEL gives {rows.num_rows} rows of {rows.num_columns} columns.",
            "It must give one value: name the model in its WHERE.",
            **place(node),
        )
    return rows.column(0)[0].as_py() if rows.num_rows else None


def chosen_outputs(
    model: Model, answers: Mapping[str, pa.Array], wanted: Mapping[str, SqlType]
) -> dict[str, str]:
    """For each output of the WITH clause, the model's own name of it.

    Raises:
        BindError: The model returns none of that name, or its type does not go into the declared one without
            loss; the message says what the model returns.
    """
    kinds = {name: sql_type(array.type) for name, array in answers.items()}
    returned = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    chosen = {}
    for name, kind in wanted.items():
        found = next((one for one in kinds if one.lower() == name.lower()), None)
        if found is None:
            raise BindError(
                f"Model '{model.name}' returns no output '{name}'.", f"It returns: {returned}.", output=name
            )
        if not _goes_into(kinds[found], kind):
            raise BindError(
                f"Output '{name}' of model '{model.name}' is {kinds[found]}, which does not go into {kind} "
                "without loss.",
                f"Declare it {kinds[found]}, and CAST in the query. The model returns: {returned}.",
                name=name,
                types=[str(kinds[found]), str(kind)],
            )
        chosen[name] = found
    return chosen


def _goes_into(given: SqlType, wanted: SqlType) -> bool:
    """Whether values keep what they are; whole numbers may be declared narrower, and are checked."""
    if given.base in APPROXIMATE:
        return wanted.base in APPROXIMATE
    if given.base in TEXT:
        return wanted.base in TEXT
    return wanted.base in EXACT - _BIT if given.base in EXACT else given.base is wanted.base
