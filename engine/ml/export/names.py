"""Names inside a graph: prefixing them, so that two graphs can become one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import onnx


def prefix_names(graph: onnx.GraphProto, prefix: str, *, keep: Collection[str]) -> onnx.GraphProto:
    """A copy of the graph whose nodes and values carry `prefix`, the values in `keep` excepted.

    Bodies of If, Loop and Scan are renamed with it; names are unique across a graph and its bodies, so one
    rule serves them all. (onnx.compose.add_prefix, 1.23, leaves a body's use of an outer constant behind.)
    """
    copy = onnx.GraphProto()
    copy.CopyFrom(graph)
    fresh = {name: prefix + name for name in _value_names(copy) if name and name not in keep}
    for part in _with_bodies(copy):
        _rename_values(part, fresh)
        for node in part.node:
            node.name = prefix + node.name if node.name else ""
    return copy


def _value_names(graph: onnx.GraphProto) -> Iterator[str]:
    for part in _with_bodies(graph):
        yield from (value.name for value in (*part.input, *part.output, *part.initializer))
        yield from (sparse.values.name for sparse in part.sparse_initializer)
        for node in part.node:
            yield from (*node.input, *node.output)


def _with_bodies(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
                yield from _with_bodies(body)


def _rename_values(graph: onnx.GraphProto, fresh: dict[str, str]) -> None:
    for value in (*graph.input, *graph.output, *graph.initializer, *graph.value_info):
        value.name = fresh.get(value.name, value.name)
    for sparse in graph.sparse_initializer:
        sparse.values.name = fresh.get(sparse.values.name, sparse.values.name)
    for node in graph.node:
        for names in (node.input, node.output):
            names[:] = [fresh.get(name, name) for name in names]
