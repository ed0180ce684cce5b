"""Random queries over three small tables, as SQL text: joins, subqueries, aggregates, windows, set operations.

`Maker` draws from a source of choices; `queries` makes it a hypothesis strategy, so that failures shrink.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import strategies as st

COLUMNS = {
    "t": {"a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "d": "DECIMAL(10,2)"},
    "u": {"a": "BIGINT", "c": "INTEGER", "s": "VARCHAR"},
    "v": {"k": "SMALLINT", "x": "DOUBLE"},
}
NUMBERS = {"t": ("a", "b", "d"), "u": ("a", "c"), "v": ("k",)}
WORDS = ("a", "A", "b", "C", "c ")
CELLS = {
    "INTEGER": (0, 1, 2, 3, 4),
    "BIGINT": (0, 1, 2, 3, 4),
    "SMALLINT": (0, 1, 2, 3, 4),
    "DECIMAL(10,2)": (Decimal(0), Decimal(1), Decimal("2.5"), Decimal(3)),
    "DOUBLE": (0.0, -0.0, 0.5, 1.0, 2.25),
    "VARCHAR": WORDS,
}


@dataclass(frozen=True)
class Item:
    """A FROM item: its text, and its columns by kind."""

    text: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ()


class Maker:
    """Makes one query.

    Args:
        choose: Picks one of a sequence.
        depth: How many queries may stand inside others.
    """

    def __init__(self, choose: Callable[[Sequence[Any]], Any], depth: int = 2) -> None:
        self._choose = choose
        self._depth = depth
        self._aliases = count(1)

    def pick(self, *choices: Any) -> Any:
        return self._choose(choices)

    def chance(self, percent: int) -> bool:
        return self._choose(range(1, 101)) <= percent

    def alias(self) -> str:
        return f"q{next(self._aliases)}"

    # FROM

    def item(self) -> Item:
        if self._depth <= 0 or self.chance(70):
            return self.table()
        self._depth -= 1
        return self.values() if self.chance(15) else self.derived()

    def table(self) -> Item:
        name, alias = self.pick("t", "u", "v"), self.alias()
        texts = tuple(f"{alias}.{column}" for column, kind in COLUMNS[name].items() if kind == "VARCHAR")
        return Item(f"{name} AS {alias}", tuple(f"{alias}.{column}" for column in NUMBERS[name]), texts)

    def values(self) -> Item:
        alias = self.alias()
        rows = ", ".join(f"({self.constant()}, {self.constant()})" for _ in range(self.pick(1, 3)))
        return Item(f"(VALUES {rows}) AS {alias}(n1, n2)", (f"{alias}.n1", f"{alias}.n2"))

    def constant(self) -> str:
        return self.pick("0", "1", "2", "3", "5", "NULL::INTEGER")

    def derived(self) -> Item:
        alias, width = self.alias(), self.pick(1, 2, 2)
        text = self.numbers_query(width)
        return Item(f"({text}) AS {alias}", tuple(f"{alias}.n{at}" for at in range(1, width + 1)))

    def source(self) -> tuple[tuple[Item, ...], str]:
        """A FROM clause and what it offers."""
        items = [self.item()]
        text = items[0].text
        for _ in range(self.pick(0, 0, 1, 1, 2)):
            right = self.item()
            kind = self.pick("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN")
            test = "" if kind == "CROSS JOIN" else f" ON {self.join_test(items, right)}"
            text = f"{text} {kind} {right.text}{test}"
            items.append(right)
        return tuple(items), text

    def join_test(self, left: list[Item], right: Item) -> str:
        one, other = self.value(left[-1:] if self.chance(70) else left), self.value((right,))
        test = f"{one} = {other}"
        texts = [name for item in left for name in item.texts]
        if self.chance(12):
            test = f"{one} {self.pick('<', '<>', 'IS NOT DISTINCT FROM')} {other}"
        elif texts and right.texts and self.chance(25):
            wrap = self.pick("{}", "{}", "RTRIM({})", "LOWER({})")
            test = f"{wrap.format(self.pick(*texts))} = {wrap.format(self.pick(*right.texts))}"
        if self.chance(25):
            test += f" AND {self.comparison((right,) if self.chance(50) else left[:1])}"
        return test

    # values and conditions

    def value(self, items: Sequence[Item]) -> str:
        name = self.pick(*(name for item in items for name in item.numbers))
        return f"{name} + 1" if self.chance(12) else name

    def where(self, items: Sequence[Item], percent: int = 65) -> str:
        if not self.chance(percent):
            return ""
        return f" WHERE {' AND '.join(self.condition(items) for _ in range(self.pick(1, 1, 2)))}"

    def comparison(self, items: Sequence[Item]) -> str:
        value = self.value(items)
        return self.pick(
            f"{value} {self.pick('=', '<', '>=', '<>')} {self.pick('0', '1', '2', '3')}",
            f"{value} IS {self.pick('', 'NOT ')}NULL",
            f"{value} {self.pick('', 'NOT ')}IN (1, 2, NULL)",
            f"{value} {self.pick('', 'NOT ')}IN (1, 3)",
            f"COALESCE({value}, 2) > 1",
        )

    def condition(self, items: Sequence[Item]) -> str:
        kind = self.pick("plain", "plain", "pair", "or", "in", "exists", "scalar", "not in", "any")
        if self._depth <= 0 or kind == "plain":
            return self.comparison(items)
        if kind == "pair":
            return f"{self.value(items)} {self.pick('=', '=', '<')} {self.value(items)}"
        if kind == "or":
            return f"({self.condition(items)} OR {self.condition(items)})"
        self._depth -= 1
        return self.asking(kind, items)

    def asking(self, kind: str, items: Sequence[Item]) -> str:
        """A condition with a subquery."""
        if kind == "exists":
            return f"{self.pick('', 'NOT ')}EXISTS ({self.correlated('1', items)})"
        value = self.value(items)
        if kind == "scalar":
            return f"{value} {self.pick('>', '=')} ({self.correlated('', items)})"
        if kind == "any":
            return f"{value} {self.pick('= ANY', '> ALL', '<= ANY')} ({self.numbers_query(1)})"
        inner = self.numbers_query(1) if self.chance(70) else self.correlated("n", items)
        return f"{value} {kind.upper()} ({inner})"

    def correlated(self, output: str, outer: Sequence[Item]) -> str:
        """A subquery that may read the rows around it; its output: as given, an aggregate (""), or a value ("n")."""
        items, source = self.source()
        tests = []
        if self.chance(85):
            tests.append(f"{self.value(items)} {self.pick('=', '=', '=', '<')} {self.value(outer)}")
        if self.chance(40):
            tests.append(self.comparison(items))
        if self.chance(20):
            tests.append(self.condition((*items, *outer)))
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        if output in ("", "n"):
            output = self.value(items) if output else self.aggregate(items)
        return f"SELECT {output} AS m FROM {source}{where}"

    # select lists

    def aggregate(self, items: Sequence[Item]) -> str:
        value = self.value(items)
        return self.pick(
            "COUNT(*)",
            f"COUNT({value})",
            f"SUM({value})",
            f"MIN({value})",
            f"MAX({value})",
            f"10 - MAX({value})",
            f"COUNT(DISTINCT {value})",
            f"SUM(DISTINCT {value})",
            f"SUM({value}) FILTER (WHERE {self.comparison(items)})",
        )

    def any_aggregate(self, items: Sequence[Item]) -> str:
        value = self.value(items)
        return self.pick(
            self.aggregate(items),
            f"AVG({value})",
            f"2 * AVG({value})",
            f"AVG(DISTINCT {value})",
            f"STDDEV_SAMP({value})",
            f"VAR_POP({value})",
            f"MEDIAN({value})",
            f"STRING_AGG({value}, ',' ORDER BY {value})",
            f"BOOL_OR({value} > 1)",
            f"APPROX_COUNT_DISTINCT({value})",
            f"ANY_VALUE({value}) IS NULL",
            f"COUNT_IF({value} > 1)",
            f"COUNT(*) FILTER (WHERE {self.comparison(items)})",
        )

    def window(self, items: Sequence[Item]) -> str:
        value, order = self.value(items), self.value(items)
        by = f"PARTITION BY {self.value(items)} " if self.chance(75) else ""
        return self.pick(
            f"COUNT(*) OVER ({by})",
            f"SUM({value}) OVER ({by}ORDER BY {order})",
            f"RANK() OVER ({by}ORDER BY {order} DESC NULLS LAST)",
            f"MAX({value}) OVER ({by})",
        )

    # queries

    def numbers_query(self, width: int) -> str:
        """A query whose columns are numbers n1, n2, ..."""
        kind = self.pick("plain", "plain", "grouped", "distinct", "union", "window", "top")
        if kind == "union" and self._depth > 0:
            self._depth -= 1
            word = self.pick("UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL")
            return f"({self.numbers_query(width)}) {word} ({self.numbers_query(width)})"
        items, source = self.source()
        where = self.where(items)
        if kind == "grouped":
            return self.grouped(items, f"{source}{where}", width)
        values = [self.value(items) for _ in range(width)]
        if kind == "window":
            values[-1] = self.window(items)
        text = f"SELECT {'DISTINCT ' if kind == 'distinct' else ''}{numbered(values)} FROM {source}{where}"
        return f"{text}{self.cut(width)}" if kind == "top" else text

    def grouped(self, items: Sequence[Item], source: str, width: int) -> str:
        key = self.value(items)
        outputs = [key, *(self.aggregate(items) for _ in range(width - 1))]
        having = f" HAVING {self.aggregate(items)} > 1" if self.chance(20) else ""
        return f"SELECT {numbered(outputs)} FROM {source} GROUP BY {key}{having}"

    def cut(self, width: int) -> str:
        """ORDER BY everything and LIMIT: which rows stay is certain."""
        order = ", ".join(f"{at} {self.pick('', 'DESC')}" for at in range(1, width + 1))
        offset = f" OFFSET {self.pick(1, 2)}" if self.chance(25) else ""
        return f" ORDER BY {order} LIMIT {self.pick(1, 3, 10)}{offset}"

    def statement(self) -> str:
        kinds = (self.groups, self.totals, self.windowed, self.shared, self.asked, self.lateral)
        return self.pick(lambda: self.numbers_query(2), self.groups, *kinds)()

    def totals(self) -> str:
        items, source = self.source()
        outputs = [self.any_aggregate(items), self.any_aggregate(items)]
        return f"SELECT {numbered(outputs)} FROM {source}{self.where(items)}"

    def windowed(self) -> str:
        items, source = self.source()
        where = self.where(items)
        outputs = [self.value(items), self.window(items), self.window(items)]
        extra = f" QUALIFY {self.window(items)} > 1" if self.chance(30) else ""
        return f"SELECT {numbered(outputs)} FROM {source}{where}{extra}"

    def shared(self) -> str:
        """A CTE that is read twice."""
        inner, one, other = self.numbers_query(2), self.alias(), self.alias()
        join = f"c AS {one} {self.pick('JOIN', 'LEFT JOIN')} c AS {other} ON {one}.n1 = {other}.n{self.pick(1, 2)}"
        return f"WITH c AS ({inner}) SELECT {one}.n1 AS n1, {other}.n2 AS n2 FROM {join}"

    def asked(self) -> str:
        """Subqueries in the select list."""
        items, source = self.source()
        asked = [f"({self.correlated('', items)})" for _ in range(self.pick(1, 2))]
        return f"SELECT {numbered([self.value(items), *asked])} FROM {source}{self.where(items)}"

    def lateral(self) -> str:
        items, source = self.source()
        word = self.pick("CROSS JOIN LATERAL", "LEFT JOIN LATERAL")
        test = " ON TRUE" if word.startswith("LEFT") else ""
        alias, inner = self.alias(), self.correlated("n", items)
        outputs = numbered([self.value(items), f"{alias}.m"])
        return f"SELECT {outputs} FROM {source} {word} ({inner}) AS {alias}{test}{self.where(items)}"

    def groups(self) -> str:
        items, source = self.source()
        where = self.where(items)
        keys = [self.value(items) for _ in range(self.pick(1, 2))]
        texts = [name for item in items for name in item.texts]
        if texts and self.chance(40):
            keys.append(self.pick("{}", "RTRIM({})").format(self.pick(*texts)))
        outputs = [*keys, self.any_aggregate(items), self.any_aggregate(items)]
        if self.chance(15):
            outputs.append(f"RANK() OVER (ORDER BY {self.aggregate(items)})")
        having = ""
        if self.chance(25):
            having = f" HAVING {self.aggregate(items)} >= {self.pick('1', '(SELECT MIN(v.k) FROM v)')}"
        cut = self.cut(len(outputs)) if self.chance(20) else ""
        return f"SELECT {numbered(outputs)} FROM {source}{where} GROUP BY {self.grouping(keys)}{having}{cut}"

    def grouping(self, keys: list[str]) -> str:
        listed = ", ".join(keys)
        sets = f"GROUPING SETS (({listed}), ({keys[0]}), ())"
        return self.pick(listed, listed, listed, f"ROLLUP ({listed})", f"CUBE ({listed})", sets)


def numbered(outputs: Sequence[str]) -> str:
    return ", ".join(f"{text} AS n{at}" for at, text in enumerate(outputs, 1))


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query."""
    return Maker(lambda choices: draw(st.sampled_from(choices))).statement()


@st.composite
def table_rows(draw: st.DrawFn, name: str) -> list[tuple[object, ...]]:
    """Rows of one of the tables, with NULLs and duplicates."""
    cells = (st.none() | st.sampled_from(CELLS[kind]) for kind in COLUMNS[name].values())
    return draw(st.lists(st.tuples(*cells), max_size=14))
