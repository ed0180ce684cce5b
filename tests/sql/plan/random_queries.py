"""Random queries over three small tables, as SQL text: joins, subqueries, aggregates, windows, set operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from hypothesis import strategies as st

COLUMNS = {
    "t": {"a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "d": "DECIMAL(10,2)"},
    "u": {"a": "BIGINT", "c": "INTEGER", "s": "VARCHAR"},
    "v": {"k": "SMALLINT", "x": "DOUBLE"},
}
NUMBERS = {"t": ["a", "b", "d"], "u": ["a", "c"], "v": ["k"]}
WORDS = ["a", "b", "C", "c "]


@dataclass(frozen=True)
class Item:
    """A FROM item: its text, alias and columns by kind."""

    text: str
    alias: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...]

    def number(self, draw: Callable) -> str:
        return f"{self.alias}.{draw(st.sampled_from(self.numbers))}"


class Maker:
    """Draws one query."""

    def __init__(self, draw: Callable, depth: int = 2) -> None:
        self.draw = draw
        self.depth = depth
        self._aliases = count(1)

    def pick(self, *choices):
        return self.draw(st.sampled_from(choices))

    def chance(self, percent: int) -> bool:
        return self.draw(st.integers(1, 100)) <= percent

    def alias(self) -> str:
        return f"q{next(self._aliases)}"

    def table(self) -> Item:
        name, alias = self.pick("t", "u", "v"), self.alias()
        texts = tuple(f"{alias}.{c}" for c, kind in COLUMNS[name].items() if kind == "VARCHAR")
        return Item(f"{name} AS {alias}", alias, tuple(f"{alias}.{c}" for c in NUMBERS[name]), texts)

    def item(self) -> Item:
        if self.depth <= 0 or self.chance(70):
            return self.table()
        self.depth -= 1
        alias = self.alias()
        if self.chance(15):
            rows = ", ".join(f"({self.number()}, {self.number()})" for _ in range(self.pick(1, 3)))
            return Item(f"(VALUES {rows}) AS {alias}(n1, n2)", alias, (f"{alias}.n1", f"{alias}.n2"), ())
        text, width = self.query_of_numbers()
        return Item(f"({text}) AS {alias}", alias, tuple(f"{alias}.n{at}" for at in range(1, width + 1)), ())

    def number(self) -> str:
        return self.pick("0", "1", "2", "3", "5", "NULL::INTEGER")

    def query_of_numbers(self, width: int | None = None) -> tuple[str, int]:
        """A query whose columns are numbers n1, n2, ..."""
        if width is None:
            width = self.pick(1, 2, 2)
        kind = self.pick("plain", "plain", "grouped", "distinct", "union", "window", "top")
        if kind == "union" and self.depth > 0:
            self.depth -= 1
            left, _ = self.query_of_numbers(width)
            right, _ = self.query_of_numbers(width)
            word = self.pick("UNION ALL", "UNION", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL")
            return f"({left}) {word} ({right})", width
        items, source = self.source()
        where = self.where(items)
        values = [self.value(items) for _ in range(width)]
        if kind == "grouped":
            key = self.value(items)
            outputs = [key, *(self.aggregate(items) for _ in values[1:])]
            having = f" HAVING {self.aggregate(items)} > 1" if self.chance(20) else ""
            return f"SELECT {numbered(outputs)} FROM {source}{where} GROUP BY {key}{having}", width
        if kind == "window":
            values[-1] = self.window(items)
        text = f"SELECT {'DISTINCT ' if kind == 'distinct' else ''}{numbered(values)} FROM {source}{where}"
        if kind == "top":
            order = ", ".join(str(at) for at in range(1, width + 1))
            text += f" ORDER BY {order} LIMIT {self.pick(1, 3, 10)}"
            text += f" OFFSET {self.pick(1, 2)}" if self.chance(25) else ""
        return text, width

    def source(self, outer: tuple[Item, ...] = ()) -> tuple[tuple[Item, ...], str]:
        items = [self.item()]
        text = items[0].text
        for _ in range(self.pick(0, 0, 1, 1, 2)):
            right = self.item()
            kind = self.pick("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ",")
            if kind in ("CROSS JOIN", ","):
                text = f"{text} CROSS JOIN {right.text}"
            else:
                test = self.equality(items, right)
                if self.chance(25):
                    test += f" AND {self.comparison((right,) if self.chance(50) else (items[0],))}"
                text = f"{text} {kind} {right.text} ON {test}"
            items.append(right)
        return (*items, *outer), text

    def equality(self, left: list[Item], right: Item) -> str:
        one, other = self.value(left[-1:] if self.chance(70) else left), self.value((right,))
        if self.chance(12):
            return f"{one} {self.pick('<', '<>', 'IS NOT DISTINCT FROM')} {other}"
        texts = [name for item in left for name in item.texts]
        if texts and right.texts and self.chance(25):
            return f"{self.pick(*texts)} = {self.pick(*right.texts)}"
        return f"{one} = {other}"

    def value(self, items) -> str:
        name = self.pick(*(name for item in items for name in item.numbers))
        return f"({name} + 1)" if self.chance(10) else name

    def where(self, items, percent: int = 65) -> str:
        if not self.chance(percent):
            return ""
        parts = [self.condition(items) for _ in range(self.pick(1, 1, 2))]
        return f" WHERE {' AND '.join(parts)}"

    def comparison(self, items) -> str:
        value = self.value(items)
        return self.pick(
            f"{value} {self.pick('=', '<', '>=', '<>')} {self.pick('0', '1', '2', '3')}",
            f"{value} IS {self.pick('', 'NOT ')}NULL",
            f"{value} {self.pick('', 'NOT ')}IN (1, 2, NULL)",
            f"{value} {self.pick('', 'NOT ')}IN (1, 3)",
            f"COALESCE({value}, 2) > 1",
        )

    def condition(self, items) -> str:
        kind = self.pick("plain", "plain", "pair", "or", "in", "exists", "scalar", "not in", "any")
        if self.depth <= 0 or kind == "plain":
            return self.comparison(items)
        if kind == "pair":
            return f"{self.value(items)} {self.pick('=', '=', '<')} {self.value(items)}"
        if kind == "or":
            return f"({self.condition(items)} OR {self.condition(items)})"
        self.depth -= 1
        value = self.value(items)
        if kind == "exists":
            return f"{self.pick('', 'NOT ')}EXISTS ({self.correlated('1', items)})"
        if kind == "scalar":
            return f"{value} {self.pick('>', '=')} ({self.correlated(None, items)})"
        if kind == "any":
            inner, _ = self.query_of_numbers(1)
            return f"{value} {self.pick('= ANY', '> ALL', '<= ANY')} ({inner})"
        word = "IN" if kind == "in" else "NOT IN"
        inner = self.query_of_numbers(1)[0] if self.chance(70) else self.correlated("n", items)
        return f"{value} {word} ({inner})"

    def correlated(self, output: str | None, outer) -> str:
        """A subquery that may read the rows around it."""
        items, source = self.source()
        tests = []
        if self.chance(85):
            tests.append(f"{self.value(items)} {self.pick('=', '=', '=', '<')} {self.value(outer)}")
        if self.chance(40):
            tests.append(self.comparison(items))
        if self.chance(20):
            tests.append(self.condition((*items, *outer)))
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        if output is None:
            output = self.aggregate(items)
        elif output == "n":
            output = self.value(items)
        return f"SELECT {output} FROM {source}{where}"

    def aggregate(self, items) -> str:
        value = self.value(items)
        return self.pick(
            "COUNT(*)",
            f"COUNT({value})",
            f"SUM({value})",
            f"MIN({value})",
            f"MAX({value})",
            f"COUNT(DISTINCT {value})",
            f"SUM(DISTINCT {value})",
            f"SUM({value}) FILTER (WHERE {self.comparison(items)})",
        )

    def any_aggregate(self, items) -> str:
        value = self.value(items)
        return self.pick(
            self.aggregate(items),
            f"AVG({value})",
            f"AVG(DISTINCT {value})",
            f"STDDEV_SAMP({value})",
            f"VAR_POP({value})",
            f"MEDIAN({value})",
            f"STRING_AGG({value}, ',' ORDER BY {value})",
            f"BOOL_OR({value} > 1)",
            f"APPROX_COUNT_DISTINCT({value})",
            f"ANY_VALUE({value}) IS NULL",
            f"COUNT(*) FILTER (WHERE {self.comparison(items)})",
        )

    def window(self, items) -> str:
        value, part, order = self.value(items), self.value(items), self.value(items)
        by = f"PARTITION BY {part} " if self.chance(75) else ""
        return self.pick(
            f"COUNT(*) OVER ({by})",
            f"SUM({value}) OVER ({by}ORDER BY {order})",
            f"RANK() OVER ({by}ORDER BY {order} DESC NULLS LAST)",
            f"MAX({value}) OVER ({by})",
        )

    def statement(self) -> str:
        """A whole query; ordered ones are cut only where the order is total."""
        kind = self.pick(
            "numbers", "groups", "total", "windows", "cte", "values", "sets", "lateral", "having"
        )
        if kind == "numbers":
            return self.query_of_numbers()[0]
        if kind == "cte":
            inner, width = self.query_of_numbers(2)
            self.depth += 1
            first, second = self.alias(), self.alias()
            joined = f"c AS {first} {self.pick('JOIN', 'LEFT JOIN')} c AS {second} ON {first}.n1 = {second}.n{width}"
            return f"WITH c AS ({inner}) SELECT {first}.n1, {second}.n2 FROM {joined}"
        items, source = self.source()
        where = self.where(items)
        if kind == "values":
            self.depth += 1
            asked = [f"({self.correlated(None, items)})" for _ in range(self.pick(1, 2))]
            return f"SELECT {numbered([self.value(items), *asked])} FROM {source}{where}"
        if kind == "lateral":
            self.depth += 1
            alias = self.alias()
            word = self.pick("CROSS JOIN LATERAL", "LEFT JOIN LATERAL")
            test = " ON TRUE" if word.startswith("LEFT") else ""
            inner = self.correlated("n", items).replace("SELECT ", "SELECT ", 1)
            head, tail = inner.split(" FROM ", 1)
            return f"SELECT {self.value(items)}, {alias}.m FROM {source} {word} ({head} AS m FROM {tail}) AS {alias}{test}{where}"
        if kind == "windows":
            extra = f" QUALIFY {self.window(items)} > 1" if self.chance(30) else ""
            return f"SELECT {numbered([self.value(items), self.window(items), self.window(items)])} FROM {source}{where}{extra}"
        if kind == "total":
            return f"SELECT {numbered([self.any_aggregate(items), self.any_aggregate(items)])} FROM {source}{where}"
        keys = [self.value(items) for _ in range(self.pick(1, 2))]
        texts = [name for item in items for name in item.texts]
        if texts and self.chance(40):
            keys.append(self.pick(*texts))
        outputs = [*keys, self.any_aggregate(items), self.any_aggregate(items)]
        by = self.pick(
            ", ".join(keys), ", ".join(keys), f"ROLLUP ({', '.join(keys)})", f"CUBE ({', '.join(keys)})"
        )
        if kind == "sets":
            by = f"GROUPING SETS (({', '.join(keys)}), ({keys[0]}), ())"
        having = ""
        if kind == "having":
            having = f" HAVING {self.aggregate(items)} >= {self.pick('1', '(SELECT MIN(v.k) FROM v)')}"
        if kind == "groups" and self.chance(30):
            outputs.append(f"RANK() OVER (ORDER BY {self.aggregate(items)})")
        text = f"SELECT {numbered(outputs)} FROM {source}{where} GROUP BY {by}{having}"
        if self.chance(20):
            every = ", ".join(f"{at} {self.pick('', 'DESC')}" for at in range(1, len(outputs) + 1))
            text += f" ORDER BY {every} LIMIT {self.pick(2, 5)}"
        return text


def numbered(outputs) -> str:
    return ", ".join(f"{text} AS n{at}" for at, text in enumerate(outputs, 1))


@st.composite
def queries(draw) -> str:
    return Maker(draw).statement()


def _cell(kind: str) -> st.SearchStrategy:
    if kind == "VARCHAR":
        return st.none() | st.sampled_from(WORDS)
    if kind == "DOUBLE":
        return st.none() | st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.25])
    if kind.startswith("DECIMAL"):
        return st.none() | st.sampled_from([0, 1, 2.5, 3])
    return st.none() | st.integers(0, 4)


@st.composite
def table_rows(draw, name: str) -> list[tuple]:
    row = st.tuples(*(_cell(kind) for kind in COLUMNS[name].values()))
    return draw(st.lists(row, max_size=14))
