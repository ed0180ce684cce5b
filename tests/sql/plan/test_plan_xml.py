"""The XML of EXPLAIN says what the plan does, in a dedicated pool's words."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from golden import NODES, TABLES
from tpch_tables import QUERIES, qualified

from engine.sql.plan import Shuffle, Trim, explain_xml, plan_query
from engine.sql.plan.explain import moved_bytes, operation_of


@pytest.mark.parametrize("name", ["q01", "q03", "q05", "q18"])
def test_every_step_is_an_operation_with_its_cost(name: str) -> None:
    plan = plan_query(qualified(QUERIES[name]), TABLES, nodes=NODES)
    root = ElementTree.fromstring(explain_xml(plan, QUERIES[name]))
    operations = list(root.iter("dsql_operation"))
    assert [one.attrib["operation_type"] for one in operations] == [operation_of(step) for step in plan.steps]
    costs = [float(one.find("operation_cost").attrib["cost"]) for one in operations]  # type: ignore[union-attr]
    assert costs == pytest.approx([moved_bytes(step, NODES) / 1e6 for step in plan.steps], rel=1e-4)
    total = root.find("dsql_operations").attrib["total_cost"]  # type: ignore[union-attr]
    assert float(total) == pytest.approx(sum(costs), rel=1e-4)
    for step, one in zip(plan.steps, operations, strict=True):
        assert bool(one.findtext("shuffle_columns")) == isinstance(step.move, Shuffle | Trim)
