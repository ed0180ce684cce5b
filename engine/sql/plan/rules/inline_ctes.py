from __future__ import annotations

from sqlglot import exp

from engine.sql.plan.functions import is_volatile
from engine.sql.plan.trees import derived


def inline_ctes(tree: exp.Query) -> exp.Query:
    """Put a CTE that is read once where it is read, and drop one that is not read.

    Those read more than once stay (they are computed once), and so do recursive and volatile ones.

    >>> from sqlglot import parse_one
    >>> inline_ctes(parse_one('WITH c AS (SELECT 1 AS a), d AS (SELECT 2 AS b) SELECT x.a FROM c AS x')).sql()
    'SELECT x.a FROM (SELECT 1 AS a) AS x'
    """
    for clause in reversed(list(tree.find_all(exp.With))):
        if clause.recursive:
            continue
        for cte in reversed(clause.expressions):
            _inline(tree, cte)
        if not clause.expressions:
            clause.pop()
    return tree


def _inline(tree: exp.Query, cte: exp.CTE) -> None:
    reads = [node for node in tree.find_all(exp.Table) if node.name == cte.alias and not node.db]
    if len(reads) > 1 or (reads and (is_volatile(cte.this) or _has_extras(reads[0]))):
        return
    if reads:
        reads[0].replace(derived(cte.this.copy(), reads[0].alias_or_name))
    cte.pop()


def _has_extras(read: exp.Table) -> bool:
    return any(value for key, value in read.args.items() if key not in {"this", "alias"})
