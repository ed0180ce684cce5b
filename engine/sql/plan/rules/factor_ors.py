from __future__ import annotations

from functools import reduce

from sqlglot import exp

from engine.sql.plan.trees import aliases_in, all_of, conjuncts


def factor_ors(tree: exp.Query) -> exp.Query:
    """Pull out of an OR what all its branches say, and what they say together about one table.

    The first finds join conditions, the second filters that can run before rows move.

    >>> from sqlglot import parse_one
    >>> sql = "SELECT 1 FROM a, b WHERE a.k = b.k AND a.x = 1 AND b.y = 2 OR a.k = b.k AND a.x = 3"
    >>> print(factor_ors(parse_one(sql)).args["where"].sql())
    WHERE a.k = b.k AND (a.x = 1 AND b.y = 2 OR a.x = 3) AND (a.x = 1 OR a.x = 3)
    """
    for holder in list(tree.find_all(exp.Where)):
        parts = [new for part in conjuncts(holder.this) for new in _factored(part)]
        holder.set("this", all_of(parts) or exp.true())
    return tree


def _factored(part: exp.Expr) -> list[exp.Expr]:
    if not isinstance(part, exp.Or):
        return [part]
    branches = [conjuncts(branch) for branch in _branches(part)]
    common = [piece for piece in branches[0] if all(piece in branch for branch in branches[1:])]
    rests = [[piece for piece in branch if piece not in common] for branch in branches]
    if not all(rests):
        return common  # a branch that says no more than the others makes the OR true
    whole = _either(rests)
    return [*common, whole, *_implied(rests)]


def _branches(tree: exp.Expr) -> list[exp.Expr]:
    if isinstance(tree, exp.Paren):
        return _branches(tree.this)
    if isinstance(tree, exp.Or):
        return _branches(tree.this) + _branches(tree.expression)
    return [tree]


def _either(branches: list[list[exp.Expr]]) -> exp.Expr:
    trees = [all_of(branch) or exp.true() for branch in branches]
    wrapped = [exp.paren(tree) if isinstance(tree, exp.Or) else tree for tree in trees]
    return exp.paren(reduce(lambda left, right: exp.Or(this=left, expression=right), wrapped))


def _implied(branches: list[list[exp.Expr]]) -> list[exp.Expr]:
    plain = [[piece for piece in branch if not piece.find(exp.Query)] for branch in branches]
    aliases = sorted(aliases_in(*(piece for branch in branches for piece in branch)))
    if len(aliases) < 2:
        return []
    found = []
    for alias in aliases:
        about = [[piece for piece in branch if aliases_in(piece) == {alias}] for branch in plain]
        if all(about):
            found.append(_either(about))
    return found
