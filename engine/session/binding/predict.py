"""PREDICT: the data runs on the pool, every part of it is scored where it lies, the query reads the scores.

The kernel is that of the Python verb `score`, so both give the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from engine.errors import BindError
from engine.inference import load_runner
from engine.ml.foreign import ForeignSignature
from engine.ml.scoring import Scorer, scorer_for
from engine.prep.inputs import kind_of
from engine.runtime import Held, bind_held
from engine.runtime.output import rows_of
from engine.session.binding.models import chosen_outputs, find_model
from engine.session.binding.predict_strict import refuse_other_types, synapses_words
from engine.session.binding.pushing import conditions_of, input_ranges, ranges_of
from engine.session.binding.relations import Relation, reading_as
from engine.session.binding.rowsets import declared_type
from engine.session.binding.trees import (
    aliased_as,
    column,
    exposed,
    list_stars,
    named,
    own_nodes,
    table,
    visible_ctes,
)
from engine.session.types import stored_type
from engine.sql.meaning import SqlType, result_types, to_duckdb
from engine.sql.meaning.binding.scopes import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.ml.model import Model
    from engine.session.binding.binder import Binder
    from engine.session.binding.world import World
    from engine.sql.syntax.nodes import Predict


@dataclass(frozen=True, slots=True)
class _Data:
    """The DATA of a PREDICT.

    Attributes:
        source: The table or subquery with its alias, and the common tables that it may read.
        alias: What columns of it are qualified with.
        types: Its columns.
        conditions: What the query around asks of its rows; those that fail it are not scored.
    """

    source: exp.Expr
    ctes: exp.With | None
    alias: str
    types: Mapping[str, SqlType]
    conditions: tuple[exp.Expr, ...] = ()

    def query(self, items: Sequence[exp.Expr]) -> exp.Select:
        made = exp.Select(expressions=list(items)).from_(self.source.copy())
        if self.conditions:
            made = made.where(*self.conditions)
        if self.ctes is not None:
            made.set("with_", self.ctes.copy())
        return made


@dataclass(frozen=True, slots=True)
class ScoreRows:
    """Scores the rows of one part; travels to the workers.

    Attributes:
        scorer: The kernel.
        names: From a column of the scored rows to what it is called from here on; others are dropped.
    """

    scorer: Scorer
    names: Mapping[str, str]

    def __call__(self, part: Any) -> pa.Table:
        made = self.scorer(rows_of(part))
        return made.select(list(self.names)).rename_columns(list(self.names.values()))


def bind_predict(node: exp.Table, binder: Binder, world: World) -> None:
    """Put a relation of scored rows in the place of a PREDICT, and plain columns in that of its data's.

    Raises:
        BindError: No alias, inputs that the data does not have, outputs that the model does not return.
        SignatureError: An input of another kind than the model reads.
        NotFoundError: No model of that name.
    """
    predict: Predict = node.this
    select = node.find_ancestor(exp.Select)
    if select is None:
        raise BindError(
            "PREDICT stands in the FROM of a query.", "SELECT ... FROM PREDICT(...)", **place(predict)
        )
    if not node.alias:  # the scoring wizard of Synapse writes none
        node.set("alias", exp.TableAlias(this=exp.to_identifier(binder.fresh("predicted"))))
    alias = node.alias
    with synapses_words(strict=world.profile.strict):
        model = find_model(predict.args["model"], binder, world)
    data = _data(predict, binder, world)
    data = replace(data, conditions=tuple(conditions_of(select, data.alias)))
    wanted = {one.name: declared_type(one.args["kind"]) for one in predict.args["columns"]}
    kept = _inner_names(_used(select, data), wanted)
    relation = _scored(binder.fresh("predict"), model, data, kept, wanted, binder, world)
    binder.add(relation)
    _rewrite(select, data, alias, kept, list(wanted))
    node.replace(aliased_as(table(relation.name), node.args.get("alias")))


def _data(predict: Predict, binder: Binder, world: World) -> _Data:
    source = predict.args["data"]
    alias = (exposed(source) or [""])[-1]
    if not alias:
        raise BindError(
            "DATA of PREDICT needs an alias.", "Write DATA = (SELECT ...) AS d.", **place(predict)
        )
    clauses = visible_ctes(predict)
    ctes = [cte.copy() for clause in reversed(clauses) for cte in clause.expressions]
    around = predict.find_ancestor(exp.CTE)
    if around is not None:  # within WITH a query sees what stands before it
        names = [cte.alias for cte in ctes]
        ctes = ctes[: names.index(around.alias)] if around.alias in names else ctes
    bare = source.copy()
    made = _Data(bare, exp.With(expressions=ctes) if ctes else None, alias, {})
    bound = type(binder)(world).bind(made.query([exp.Star()]))
    types = result_types(bound.tree, bound.schema, **world.settings())
    return _Data(bare, made.ctes, alias, dict(types))


def _used(select: exp.Select, data: _Data) -> list[str]:
    """Columns of the data that the query around names, in the data's order."""
    if any(isinstance(item, exp.Star) or isinstance(item.this, exp.Star) for item in select.expressions):
        return list(data.types)
    outer = select.root()
    read = {node.name.lower() for node in outer.find_all(exp.Column)}
    return [name for name in data.types if name.lower() in read]


def _inner_names(used: Sequence[str], wanted: Mapping[str, SqlType]) -> dict[str, str]:
    """What columns of the data are called beside the outputs: as they are, unless an output has the name."""
    taken = {name.lower() for name in wanted}
    return {name: f"{name} of data" if name.lower() in taken else name for name in used}


def _scored(
    name: str,
    model: Model,
    data: _Data,
    kept: Mapping[str, str],
    wanted: Mapping[str, SqlType],
    binder: Binder,
    world: World,
) -> Relation:
    inputs = _inputs(model, data)
    ranges = ranges_of(data.conditions)
    places = {column_name: f"kept {at}" for at, column_name in enumerate(kept)}
    items = [named(column(data.alias, source), spelled) for spelled, source in inputs.items()]
    items += [named(column(data.alias, source), place_name) for source, place_name in places.items()]
    schema = pa.schema(
        [(spelled, stored_type(data.types[source])) for spelled, source in inputs.items()]
        + [(place_name, stored_type(data.types[source])) for source, place_name in places.items()]
    )
    signature = model.signature_for(list(data.types))
    if world.profile.strict and isinstance(signature, ForeignSignature):
        refuse_other_types(signature, inputs, data.types)
    scorer = scorer_for(model, list(places.values()), schema)
    numbers = [field.name for field in schema if kind_of(field.type) == "number"]
    known = {
        spelled.lower(): ranges[source.lower()]
        for spelled, source in inputs.items()
        if source.lower() in ranges
    }
    scorer = replace(scorer, ranges=input_ranges(scorer.signature, known, numbers))
    with synapses_words(strict=world.profile.strict):
        outputs = chosen_outputs(model, scorer.answers(), wanted)
    names = {places[source]: inner for source, inner in kept.items()}
    # One output may be asked for once: its own name is what the scorer calls it.
    names |= {own: asked for asked, own in outputs.items()}
    score = ScoreRows(scorer, names)
    columns = {inner: data.types[source] for source, inner in kept.items()} | dict(wanted)
    held = _held(score, data.query(items), schema, binder, world)
    ordered = {one: columns[one] for one in held.schema.names}
    notes = tuple(_notes(name, model, scorer, data)) if world.dry else ()
    return Relation(name, ordered, reading_as(bind_held(name, held), ordered), notes=notes)


def _notes(name: str, model: Model, scorer: Scorer, data: _Data) -> Iterator[str]:
    """What EXPLAIN says of a PREDICT: what it reads, which rows it scores, how much of the trees it needs."""
    reads = scorer.signature.names
    every = model.signature_for(list(data.types)).names if model.is_foreign else model.signature_for(()).names
    runner = load_runner(scorer.graph, scorer.outputs, scorer.runtime, scorer.ranges)
    trees = "the tree kernel" if runner.runtime == "trees" else "onnxruntime"
    yield f"{name}: model '{model.name}', run by {trees}"
    yield f"  reads {len(reads)} of its {len(every)} columns: {', '.join(reads)}"
    for condition in data.conditions:
        yield f"  scores only rows with {condition.sql(dialect='tsql')}"
    if scorer.ranges:
        whole = load_runner(scorer.graph, scorer.outputs, scorer.runtime).nodes
        yield f"  trees cut down for them: {runner.nodes:,} of {whole:,} nodes"


def _inputs(model: Model, data: _Data) -> dict[str, str]:
    """For each column that the model reads, the data's column of that name, case ignored."""
    known = {name.lower(): name for name in data.types}
    reads = model.signature_for(list(data.types)).names
    missing = [name for name in reads if name.lower() not in known]
    if missing:
        raise BindError(
            f"Model '{model.name}' reads {_listed(missing)}, which '{data.alias}' does not have.",
            f"It reads: {', '.join(reads)}. The data has: {', '.join(data.types)}.",
            columns=tuple(missing),
        )
    return {name: known[name.lower()] for name in reads}


def _listed(names: Sequence[str]) -> str:
    return f"column{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"


def _held(score: ScoreRows, query: exp.Query, schema: pa.Schema, binder: Binder, world: World) -> Held:
    """The scored rows on the workers; none where the statement is only looked at."""
    if world.dry and not world.machine.only_plans:
        empty = score(schema.empty_table())
        return Held((empty,), empty.schema, 0)
    bound = type(binder)(world).bind(query)
    tree = to_duckdb(bound.tree, bound.schema, **world.settings())
    if world.dry:
        empty = score(schema.empty_table())
        return Held((empty,), empty.schema, round(world.machine.expected(tree, bound.relations).rows))
    rows = world.machine.answer(tree, bound.relations).held()
    made = score(rows.schema.empty_table()).schema
    parts = tuple(world.machine.pool.submit(score, part, label="predict") for part in rows.parts)
    return Held(parts, made, rows.rows)


def _rewrite(
    select: exp.Select, data: _Data, alias: str, kept: Mapping[str, str], outputs: Sequence[str]
) -> None:
    """Read the data's columns from the scored relation."""
    of_data: list[exp.Expr] = [named(column(alias, inner), source) for source, inner in kept.items()]
    of_model: list[exp.Expr] = [column(alias, name) for name in outputs]
    listed: list[exp.Expr] = []
    for item in select.expressions:
        star = isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
        if star and item.table.lower() == data.alias.lower():
            listed += [one.copy() for one in of_data]
        elif star and item.table.lower() == alias.lower():
            listed += [one.copy() for one in of_model]
        else:
            listed.append(item)
    select.set("expressions", listed)
    list_stars(select, {alias.lower(): [*of_data, *of_model]})
    spelled = {source.lower(): inner for source, inner in kept.items()}
    for node in list(own_nodes(select, data.alias)):
        if isinstance(node, exp.Column) and node.table.lower() == data.alias.lower():
            if node.name.lower() not in spelled:
                raise BindError(
                    f"Invalid column name '{node.name}'.",
                    f"'{data.alias}' has: {', '.join(data.types)}.",
                    **place(node),
                )
            read: exp.Expr = column(alias, spelled[node.name.lower()])
            # In the select list the column keeps its own name.
            node.replace(named(read, node.name) if node.parent is select else read)
