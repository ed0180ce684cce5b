"""GROUP BY and aggregates: where the groups are, in one phase or two."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.aggregates import Merge, Split, split_aggregate, split_distinct
from engine.sql.plan.blocks import Block, CannotDistributeError
from engine.sql.plan.distribution import is_apart, keeps_together
from engine.sql.plan.estimate import UNKNOWN_RANGE, groups_of
from engine.sql.plan.finer_keys import finer_keys
from engine.sql.plan.hashing import form_of
from engine.sql.plan.pieces import Piece, Source
from engine.sql.plan.travel import ToControl, ToKeys, Travel
from engine.sql.plan.trees import column, columns_in, derived, named, rewrite_clause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.sql.plan.draft import Draft

# Groups that fit in this many bytes are put together at control: a result that small is on its way there
# anyway.
SMALL_BYTES = 1e6


@dataclass(frozen=True, slots=True)
class Calls:
    """The aggregates of a SELECT, by what they need.

    Attributes:
        split: Those that can be computed in two phases.
        distinct: Those that ask for the set of values, with the values.
        whole: Those that need all rows of a group.
    """

    split: dict[exp.Expr, Split]
    distinct: dict[exp.Expr, tuple[exp.Expr, Split | None]]
    whole: tuple[exp.Expr, ...]

    @property
    def arguments(self) -> list[exp.Expr]:
        """The values of the distinct aggregates, each once."""
        return list(dict.fromkeys(value for value, _ in self.distinct.values()))


def plan_grouping(draft: Draft, block: Block, piece: Piece) -> Piece:
    """The groups of a SELECT, their HAVING tested; its aggregates and keys are identities of the result.

    Raises:
        CannotDistributeError: It groups by nothing but constants, or tests HAVING without aggregates.
    """
    keys = group_keys(block)
    if block.group is not None and not keys:
        raise CannotDistributeError("GROUP BY a constant")
    if block.group is None and not block.aggregates:
        raise CannotDistributeError("HAVING without GROUP BY or aggregates")
    together = bool(keys) and not has_sets(block.group) and keeps_together(piece.spread, keys)
    if not is_apart(piece.spread) or together:
        return _grouped_here(draft, block, keys, piece)
    return _grouped_apart(draft, block, keys, piece)


def group_keys(block: Block) -> list[exp.Expr]:
    """What the SELECT groups by, in any of its grouping sets; constants left out."""
    if block.group is None:
        return []
    found: list[exp.Expr] = []
    for listed in block.group.args.values():
        for item in listed if isinstance(listed, list) else ():
            found.extend(_keys_in(item))
    return list(dict.fromkeys(key for key in found if columns_in(key)))


def _keys_in(item: exp.Expr) -> Iterable[exp.Expr]:
    if isinstance(item, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)):
        for child in item.expressions:
            yield from _keys_in(child)
    elif isinstance(item, exp.Paren):
        yield from _keys_in(item.this)
    else:
        yield item


def has_sets(group: exp.Group | None) -> bool:
    """Whether there are grouping sets beside plain keys."""
    if group is None:
        return False
    listed = any(isinstance(item, (exp.Rollup, exp.Cube, exp.GroupingSets)) for item in group.expressions)
    return listed or any(group.args.get(key) for key in ("grouping_sets", "cube", "rollup"))


def _grouped_here(draft: Draft, block: Block, keys: list[exp.Expr], piece: Piece) -> Piece:
    """One phase: every group is whole where its rows are."""
    group = rewrite_clause(block.group, piece.env) if block.group is not None else None
    having = tuple(piece.resolve(tree) for tree in block.having)
    rows = groups_of(keys, draft.known, piece.rows) * UNKNOWN_RANGE ** len(having)
    return replace(piece, group=group, having=having, rows=max(rows, 1.0))


def _grouped_apart(draft: Draft, block: Block, keys: list[exp.Expr], piece: Piece) -> Piece:
    calls = _sorted_calls(block)
    sets = has_sets(block.group)
    centred = any(split.centred for split in calls.split.values())
    if calls.whole or (sets and (calls.distinct or centred)) or (calls.distinct and centred):
        return _grouped_here(draft, block, keys, _brought_raw(draft, block, keys, piece))
    if calls.distinct:
        return _grouped_distinct(draft, block, keys, piece, calls)
    travel = ToControl() if sets else destination(draft, keys, piece.rows, keys)
    partials = _partials(calls.split.values())
    parts = _partially(draft, keys, partials, piece, travel, finer=not centred)
    return _finished(draft, block, keys, parts, calls.split)


def _sorted_calls(block: Block) -> Calls:
    split, distinct, whole = {}, {}, []
    for call in block.aggregates:
        in_two, of_values = split_aggregate(call), split_distinct(call)
        if in_two is not None:
            split[call] = in_two
        elif of_values is not None:
            distinct[call] = of_values
        else:
            whole.append(call)
    return Calls(split, distinct, tuple(whole))


def destination(draft: Draft, keys: list[exp.Expr], rows: float, values: Iterable[exp.Expr]) -> Travel:
    """Where rows that are equal in `keys` meet: at their keys' node, or at control if they are few."""
    groups = groups_of(keys, draft.known, rows) * draft.nodes
    hashable = tuple((key, form) for key in keys if (form := form_of(key)) is not None)
    if not hashable or draft.size_of(groups, values).bytes <= SMALL_BYTES:
        return ToControl()
    return ToKeys(hashable)


def _brought_raw(draft: Draft, block: Block, keys: list[exp.Expr], piece: Piece) -> Piece:
    """All rows of a group on one node, not aggregated."""
    hashable = tuple((key, form) for key in keys if (form := form_of(key)) is not None)
    travel = ToKeys(hashable) if hashable and not has_sets(block.group) else ToControl()
    reads = sorted(columns_in(*block.aggregates), key=lambda read: read.sql())
    return draft.send(piece, travel, [*keys, *(read for read in reads if piece.offers(read))])


def _partials(splits: Iterable[Split]) -> dict[exp.Expr, Merge]:
    return {part: merge for split in splits for part, merge in split.partials}


def _partially(
    draft: Draft,
    keys: list[exp.Expr],
    partials: dict[exp.Expr, Merge],
    piece: Piece,
    travel: Travel,
    *,
    finer: bool = True,
) -> Piece:
    """Groups of each node's rows, brought together but not merged: keys and partials are identities."""
    leaner = finer_keys(keys, partials, piece) if finer else {}
    by = list(dict.fromkeys(leaner.get(key, key) for key in keys))
    following = [part for part in partials if part.this in leaner.values()] if leaner else []
    group = exp.Group(expressions=[piece.resolve(key) for key in by]) if by else None
    rows = min(groups_of(keys, draft.known, piece.rows) * draft.nodes, max(piece.rows, 1.0))
    listed = [*by, *(part for part in partials if part not in following)]
    sent = draft.send(replace(piece, group=group, rows=rows), travel, listed)
    env = {part: sent.env[part.this].copy() for part in following}
    env |= {key: sent.resolve(key) for key in leaner}
    return replace(sent, env={**sent.env, **env})


def _merged(piece: Piece, partials: dict[exp.Expr, Merge]) -> Piece:
    """The same rows with partials read as their merged values."""
    return replace(
        piece, env={**piece.env, **{part: merge(piece.env[part].copy()) for part, merge in partials.items()}}
    )


def _finished(
    draft: Draft, block: Block, keys: list[exp.Expr], parts: Piece, splits: dict[exp.Expr, Split]
) -> Piece:
    """Partials merged into groups; the aggregates are identities."""
    if any(split.centred for split in splits.values()):
        parts = _with_group_means(draft, keys, parts, splits)
    merged = _merged(parts, _partials(split for split in splits.values() if not split.centred))
    values = {call: _final_value(call, split, merged, parts) for call, split in splits.items()}
    return _grouped_here(draft, block, keys, replace(merged, env={**merged.env, **values}))


def _final_value(call: exp.Expr, split: Split, merged: Piece, parts: Piece) -> exp.Expr:
    if not split.centred:
        return split.final(*(merged.env[part].copy() for part, _ in split.partials))
    count, mean, squares = (parts.env[part] for part, _ in split.partials)
    centre = parts.env[_centre_of(call)]
    away = exp.Pow(
        this=exp.paren(exp.Sub(this=mean.copy(), expression=centre.copy())), expression=exp.Literal.number(2)
    )
    squared = exp.Add(this=squares.copy(), expression=exp.Mul(this=count.copy(), expression=away))
    return split.final(exp.Sum(this=count.copy()), exp.Sum(this=squared))


def _centre_of(call: exp.Expr) -> exp.Expr:
    """The identity of the mean over the whole group of what `call` aggregates."""
    return exp.Anonymous(this="group mean", expressions=[call.copy()])


def _with_group_means(
    draft: Draft, keys: list[exp.Expr], parts: Piece, splits: dict[exp.Expr, Split]
) -> Piece:
    """The partials with the mean of each whole group beside them."""
    alias = draft.fresh("c")
    names = {value: place.name for value, place in parts.env.items()}
    outputs = [named(place.copy(), place.name) for place in parts.env.values()]
    over = [parts.env[key] for key in keys]
    for call, split in splits.items():
        if split.centred:
            (count, _), (mean, _), _ = split.partials
            name = draft.fresh("mean")
            names[_centre_of(call)] = name
            outputs.append(named(_group_mean(parts.env[count], parts.env[mean], over), name))
    source = parts.sources[0].item
    query = exp.Select(expressions=outputs, from_=exp.From(this=source.copy()))
    env = {value: column(name, alias) for value, name in names.items()}
    return replace(parts, sources=(Source(derived(query, alias)),), env=env)


def _group_mean(count: exp.Expr, mean: exp.Expr, over: list[exp.Expr]) -> exp.Expr:
    def total(value: exp.Expr) -> exp.Expr:
        return exp.Window(this=exp.Sum(this=value), partition_by=[key.copy() for key in over], over="OVER")

    weighted = total(exp.Mul(this=count.copy(), expression=mean.copy()))
    return exp.Div(this=weighted, expression=total(count.copy()), typed=False, safe=False)


def _grouped_distinct(draft: Draft, block: Block, keys: list[exp.Expr], piece: Piece, calls: Calls) -> Piece:
    """Aggregates over sets of values: duplicates go before rows travel."""
    sets = has_sets(block.group)
    partials = _partials(calls.split.values())
    adding_up = {call: split for call, (_, split) in calls.distinct.items() if split is not None}
    additive = len(adding_up) == len(calls.distinct) and not sets
    travel = ToControl() if sets else destination(draft, keys, piece.rows, keys)
    if additive and isinstance(travel, ToControl) and len(calls.arguments) == 1:
        piece = _spread_by_value(draft, keys, calls.arguments[0], partials, piece)
    if additive and all(keeps_together(piece.spread, [*keys, value]) for value in calls.arguments):
        splits = {**calls.split, **adding_up}
        parts = _partially(draft, keys, _partials(splits.values()), piece, travel)
        return _finished(draft, block, keys, parts, splits)
    whole_keys = list(dict.fromkeys([*keys, *calls.arguments]))
    if keys and not sets:
        hashable = tuple((key, form) for key in keys if (form := form_of(key)) is not None)
        travel = ToKeys(hashable) if hashable else ToControl()
    parts = _partially(draft, whole_keys, partials, piece, travel)
    return _finished(draft, block, keys, parts, calls.split)


def _spread_by_value(
    draft: Draft, keys: list[exp.Expr], value: exp.Expr, partials: dict[exp.Expr, Merge], piece: Piece
) -> Piece:
    """Rows without duplicates of (keys, value), each value of a group on one node."""
    form = form_of(value)
    wanted = list(dict.fromkeys([*keys, value]))
    if form is None or keeps_together(piece.spread, wanted):
        return piece
    travel = ToKeys(((value, form),))
    return _merged(_partially(draft, wanted, partials, piece, travel), partials)
