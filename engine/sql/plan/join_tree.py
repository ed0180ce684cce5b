"""The shape of a FROM clause: groups of inner-joined members, outer joins between groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from engine.sql.plan.blocks import CannotDistributeError
from engine.sql.plan.trees import conjuncts, free_aliases
from engine.sql.syntax.nodes import is_joined_group

if TYPE_CHECKING:
    from engine.sql.plan.pieces import Kind


@dataclass(frozen=True, slots=True)
class Leaf:
    """One FROM item."""

    item: exp.Expr

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset({self.item.alias_or_name})


@dataclass(frozen=True, slots=True)
class Group:
    """Members joined by inner joins, and the conditions on them; the order of members is free."""

    members: tuple[Leaf | Outer, ...]
    conditions: tuple[exp.Expr, ...] = ()

    @property
    def aliases(self) -> frozenset[str]:
        return frozenset().union(*(member.aliases for member in self.members))


@dataclass(frozen=True, slots=True)
class Outer:
    """An outer join: LEFT keeps the rows of `left`, FULL those of both."""

    kind: Kind
    left: Group
    right: Group
    on: tuple[exp.Expr, ...]

    @property
    def aliases(self) -> frozenset[str]:
        return self.left.aliases | self.right.aliases


def join_tree(select: exp.Select, where: tuple[exp.Expr, ...]) -> Group:
    """The FROM of a SELECT and conditions on it as a tree of joins; each condition as deep as it may stand.

    Raises:
        CannotDistributeError: A kind of join that has no rule (ASOF, POSITIONAL, NATURAL, USING).
    """
    start = select.args.get("from_")
    group = Group(())
    if start is not None:
        group = _group_of(start.this, select.args.get("joins") or [])
    elif select.args.get("joins"):
        raise CannotDistributeError("a join without FROM")
    for lateral in select.args.get("laterals") or ():
        group = replace(group, members=(*group.members, Leaf(lateral)))
    return settled(replace(group, conditions=group.conditions + where))


def _group_of(first: exp.Expr, joins: list[exp.Join]) -> Group:
    group = _item_group(first)
    for join in joins:
        group = _joined(group, join)
    return group


def _item_group(item: exp.Expr) -> Group:
    if is_joined_group(item):
        if item.alias:
            raise CannotDistributeError("an alias for a join in parentheses")
        return _group_of(item.this, [])
    joins = item.args.get("joins") or []
    if joins:
        alone = item.copy()
        alone.set("joins", None)
        return _group_of(alone, joins)
    return Group((Leaf(item),))


def _joined(group: Group, join: exp.Join) -> Group:
    unknown = (
        join.method or join.args.get("using") or join.args.get("match_condition") or join.args.get("pivots")
    )
    if unknown or join.kind not in ("", "INNER", "CROSS", "OUTER"):
        raise CannotDistributeError(f"{join.method or join.kind or 'USING'} join".lower())
    right, on = _item_group(join.this), conjuncts(join.args.get("on"))
    if not join.side:
        return Group(group.members + right.members, group.conditions + right.conditions + on)
    if join.side == "RIGHT":
        return Group((Outer("LEFT", right, group, on),))
    kind: Kind = "LEFT" if join.side == "LEFT" else "FULL"
    return Group((Outer(kind, group, right, on),))


def settled(group: Group) -> Group:
    """The group with each condition moved to the deepest member that may test it first."""
    members, rest = list(group.members), []
    for condition in group.conditions:
        read = free_aliases(condition)
        at = next((at for at, one in enumerate(members) if _may_sink(one, read)), None)
        if at is None:
            rest.append(condition)
        else:
            members[at] = _with_left_condition(members[at], condition)
    return Group(tuple(_settled_member(member) for member in members), tuple(rest))


def _may_sink(member: Leaf | Outer, read: frozenset[str]) -> bool:
    return isinstance(member, Outer) and member.kind == "LEFT" and bool(read) and read <= member.left.aliases


def _with_left_condition(member: Leaf | Outer, condition: exp.Expr) -> Leaf | Outer:
    if isinstance(member, Leaf):
        return member
    return replace(member, left=_with_conditions(member.left, (condition,)))


def _with_conditions(group: Group, conditions: tuple[exp.Expr, ...]) -> Group:
    return replace(group, conditions=group.conditions + conditions)


def _settled_member(member: Leaf | Outer) -> Leaf | Outer:
    if isinstance(member, Leaf):
        return member
    inside: list[exp.Expr] = []
    on: list[exp.Expr] = []
    for condition in member.on:
        read = free_aliases(condition)
        (inside if member.kind == "LEFT" and read and read <= member.right.aliases else on).append(condition)
    right = _with_conditions(member.right, tuple(inside))
    return replace(member, left=settled(member.left), right=settled(right), on=tuple(on))
