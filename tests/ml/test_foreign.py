"""ONNX files of others in the registry: what is taken, what is refused, and how columns feed them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper

from engine import Workspace
from engine.errors import (
    DataError,
    FormatError,
    OptionError,
    PathRefusedError,
    SignatureError,
    UnsupportedError,
)
from engine.inference import graphs
from engine.ml.foreign import checked_foreign
from engine.ml.model import Model
from engine.ml.scoring import scorer_for

WEIGHTS = np.array([[1.0], [10.0], [100.0]], dtype=np.float32)


def linear(
    kind: int = TensorProto.FLOAT, *, width: int | None = 3, rows: int | None = None
) -> onnx.ModelProto:
    """`y = x @ [1, 10, 100]`, fed as one matrix."""
    nodes = [
        helper.make_node("Cast", ["x"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["numbers", "w"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", kind, [None, width])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(WEIGHTS, "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    made.ir_version = 10
    return made


def scored(model: Model, table: pa.Table) -> list[Any]:
    scores: list[Any] = scorer_for(model, (), table.schema)(table).column("y").to_pylist()
    return scores


def test_a_file_is_registered_as_it_is_and_scores(tmp_path: Path) -> None:
    made = linear().SerializeToString()
    (tmp_path / "linear.onnx").write_bytes(made)
    models = Workspace(tmp_path / "home").models
    first = models.register("linear", tmp_path / "linear.onnx", columns=["a", "b", "c"])
    second = models.register("linear", made, alias=())
    assert (first.version, second.version) == (1, 2)
    assert models.current("linear").version == 1
    assert second.onnx == made
    rows = pa.table({"c": [3.0], "B": [2.0], "a": [1.0], "other": ["x"]})
    assert scored(models.get("linear", 1), rows.cast(pa.schema([
        ("c", pa.float32()), ("B", pa.float32()), ("a", pa.float32()), ("other", pa.string())
    ]))) == [321.0]  # fmt: skip


def test_columns_in_order_where_nobody_has_named_them() -> None:
    model = Model("m", 1, linear(width=None).SerializeToString())
    rows = pa.table(
        {"q": [1, 2], "r": [0, 1], "s": [0, 1]}, schema=pa.schema([(n, pa.int16()) for n in "qrs"])
    )
    assert scored(model, rows) == [1.0, 112.0]


def test_weights_in_the_files_folder_come_along_and_others_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "model"
    inside.mkdir()
    onnx.save(
        linear(), str(inside / "m.onnx"), save_as_external_data=True, location="w.bin", size_threshold=0
    )
    table = pa.table(
        {"a": [1.0], "b": [1.0], "c": [1.0]}, schema=pa.schema([(n, pa.float32()) for n in "abc"])
    )
    graph = checked_foreign(inside / "m.onnx", None)
    (inside / "w.bin").rename(tmp_path / "w.bin")
    assert scored(Model("m", 1, graph), table) == [111.0]
    model = onnx.load(str(inside / "m.onnx"), load_external_data=False)
    for place in ("../w.bin", str(tmp_path / "w.bin")):
        model.graph.initializer[0].external_data[0].value = place
        (inside / "m.onnx").write_bytes(model.SerializeToString())
        with pytest.raises(PathRefusedError, match=r"w\.bin"):
            checked_foreign(inside / "m.onnx", None)
    with pytest.raises(PathRefusedError, match="another file"):
        checked_foreign(model.SerializeToString(), None)


def outside(tensor: onnx.TensorProto, **told: str) -> onnx.TensorProto:
    """A tensor whose values are said to be in a file."""
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in told.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def hostile(place: str, **told: str) -> dict[str, onnx.ModelProto]:
    """Models that want weights from a place, each from another corner of the format."""
    weights = numpy_helper.from_array(WEIGHTS[:, 0], "w")
    made = {name: linear() for name in ("initializer", "constant", "sparse", "branch", "function")}
    outside(made["initializer"].graph.initializer[0], location=place, **told)
    value = outside(numpy_helper.from_array(WEIGHTS, "v"), location=place, **told)
    made["constant"].graph.node.append(helper.make_node("Constant", [], ["v"], value=value))
    indices = numpy_helper.from_array(np.arange(3), "i")
    sparse = helper.make_sparse_tensor(weights, indices, [3])
    outside(sparse.values, location=place, **told)
    made["sparse"].graph.node.append(helper.make_node("Constant", [], ["s"], sparse_value=sparse))
    inner = helper.make_graph([helper.make_node("Identity", ["v"], ["z"])], "inner", [], [], [value])
    made["branch"].graph.node.append(
        helper.make_node("If", ["c"], ["z"], then_branch=inner, else_branch=inner)
    )
    constant = helper.make_node("Constant", [], ["v"], value=value)
    opsets = [helper.make_opsetid("", 18)]
    made["function"].functions.append(helper.make_function("own", "F", [], ["v"], [constant], opsets))
    return made


@pytest.mark.parametrize("corner", ["initializer", "constant", "sparse", "branch", "function"])
def test_no_corner_of_a_file_reaches_outside_its_folder(tmp_path: Path, corner: str) -> None:
    inside = tmp_path / "model"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(WEIGHTS.tobytes())
    (inside / "link").symlink_to(tmp_path / "secret")
    for place in ("../secret", "link", "/etc/hostname", "", ".", "gone.bin"):
        model = hostile(place)[corner].SerializeToString()
        (inside / "m.onnx").write_bytes(model)
        with pytest.raises(PathRefusedError, match="weights"):
            checked_foreign(inside / "m.onnx", None)
        with pytest.raises(PathRefusedError, match="another file"):
            checked_foreign(model, None)


@pytest.mark.parametrize(
    "told",
    [{"offset": "-4"}, {"length": "1000"}, {"offset": "8", "length": "8"}, {"length": "many"}],
    ids=str,
)
def test_weights_beyond_the_end_of_their_file_are_refused(tmp_path: Path, told: dict[str, str]) -> None:
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes())
    (tmp_path / "m.onnx").write_bytes(hostile("w.bin", **told)["initializer"].SerializeToString())
    with pytest.raises(FormatError, match="does not have"):
        checked_foreign(tmp_path / "m.onnx", None)


def test_size_counts_what_tensors_take_and_not_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many tensors share a file; many may name the same bytes of it, and take more memory than disk."""
    (tmp_path / "w.bin").write_bytes(WEIGHTS.tobytes() + bytes(5000))
    model = hostile("w.bin", offset="0", length="12")["initializer"]
    for number in range(20):
        more = outside(numpy_helper.from_array(WEIGHTS, f"w{number}"), location="w.bin", length="12")
        model.graph.initializer.append(more)
    monkeypatch.setattr(graphs, "LARGEST", 10_000)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert len(checked_foreign(tmp_path / "m.onnx", None)) < 10_000
    for tensor in model.graph.initializer[1:]:
        tensor.external_data[-1].value = "5000"
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(FormatError, match=r"bytes of weights; the limit is 10,000"):
        checked_foreign(tmp_path / "m.onnx", None)


@pytest.mark.parametrize(
    ("model", "columns", "error", "says"),
    [
        (b"no graph", None, FormatError, "no ONNX graph"),
        ("nowhere.onnx", None, FormatError, r"nowhere\.onnx"),
        (linear().SerializeToString(), ["a", "b"], OptionError, "takes 3 columns"),
        (linear(TensorProto.COMPLEX64).SerializeToString(), None, FormatError, "cannot load"),
    ],
)
def test_what_cannot_serve_is_refused(model: Any, columns: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        checked_foreign(model, columns)


def test_an_output_that_is_no_answer_per_row_is_refused() -> None:
    model = linear()
    model.graph.node.append(helper.make_node("ReduceSum", ["y"], ["total"], keepdims=0))
    model.graph.output.append(helper.make_tensor_value_info("total", TensorProto.FLOAT, []))
    with pytest.raises(UnsupportedError, match="total"):
        checked_foreign(model.SerializeToString(), None)


@pytest.mark.parametrize(
    ("kind", "given", "values", "error"),
    [
        (TensorProto.FLOAT, pa.float64(), [1e300], DataError),
        (TensorProto.FLOAT, pa.string(), ["1"], SignatureError),
        (TensorProto.INT64, pa.decimal128(9, 2), [1], SignatureError),
        (TensorProto.FLOAT, pa.timestamp("us"), [1], SignatureError),
        (TensorProto.INT64, pa.float32(), [1.0], SignatureError),
        (TensorProto.FLOAT, pa.int64(), [2**24 + 1], DataError),
        (TensorProto.INT64, pa.int64(), [None], DataError),
        (TensorProto.INT32, pa.int64(), [2**40], DataError),
        (TensorProto.FLOAT, pa.int64(), [2**20], None),
        (TensorProto.FLOAT, pa.float64(), [1.1], None),
        (TensorProto.FLOAT, pa.float64(), [None], None),
        (TensorProto.FLOAT, pa.decimal128(9, 2), [3], None),
        (TensorProto.DOUBLE, pa.decimal128(9, 2), [3], None),
        (TensorProto.FLOAT, pa.bool_(), [True], None),
        (TensorProto.FLOAT, pa.decimal128(9, 0), [7], None),
        (TensorProto.FLOAT, pa.float32(), [None], None),
        (TensorProto.DOUBLE, pa.float32(), [1.5], None),
        (TensorProto.DOUBLE, pa.int32(), [2**30 + 1], None),
        (TensorProto.INT64, pa.int8(), [3], None),
    ],
)
def test_values_are_cast_where_nothing_is_lost(
    kind: int, given: pa.DataType, values: list[Any], error: type[Exception] | None
) -> None:
    model = Model("m", 1, linear(kind).SerializeToString())
    table = pa.table({name: pa.array(values, given) for name in ("a", "b", "c")})
    if error is None:
        value = np.nan if values[0] is None else float(values[0])
        assert scored(model, table) == pytest.approx([value * 111], nan_ok=True)
        return
    with pytest.raises(error, match=r"'[abc]'") as caught:
        scored(model, table)
    assert "CAST" in str(caught.value) or "ISNULL" in str(caught.value)


def test_all_missing_columns_are_listed() -> None:
    model = Model("m", 1, checked_foreign(linear().SerializeToString(), ["a", "b", "c"]))
    with pytest.raises(SignatureError, match="'a', 'c'"):
        scorer_for(model, (), pa.schema([("b", pa.float32()), ("z", pa.float32())]))
