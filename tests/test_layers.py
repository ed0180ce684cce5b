"""The architecture as a test: which layer may import which, and where each heavy library may appear."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("engine", "pools")

# Layer of each unit, low to high. A module imports its own unit or lower layers, never sideways or up.
LAYERS: dict[str, int] = {
    "pools": 0,
    "engine.errors": 1,
    "engine.events": 1,
    "engine.progress": 2,
    "engine.recorded": 2,
    "engine.dashboard": 2,
    "engine.inference": 2,
    "engine.lake": 2,
    "engine.prep": 3,
    "engine.sql": 3,
    "engine.runtime": 4,
    "engine.ml": 5,
    "engine.session": 6,
    "engine.preparing": 6,
    "engine.scoring": 6,
    "engine.training": 6,
    "engine.addresses": 3,
    "engine.pool": 7,
    "engine.workspace": 8,
    "engine.dbapi": 9,
    "engine": 10,
    "engine.demo": 11,
    "engine.cli": 12,
}

# Heavy library -> the places that may import it. What is not listed may be imported anywhere.
HEAVY: dict[str, tuple[str, ...]] = {
    "distributed": ("pools", "engine.ml"),
    "dask": (
        "pools",
        "engine.lake.frames",
        "engine.prep.decompose",
        "engine.ml",
        "engine.runtime.answer",
    ),
    "dask_ml": ("engine.prep",),
    "xgboost": ("engine.ml",),
    "optuna": ("engine.ml.tuning", "engine.demo"),
    "mlflow": ("engine.ml.tracking",),
    "sqlalchemy": ("engine.dbapi.dialect",),
    "deltalake": ("engine.lake",),
    "duckdb": ("engine.runtime",),
    "fsspec": ("engine.lake", "engine.events"),
    "sklearn": ("engine.prep", "engine.demo"),
    "skl2onnx": ("engine.prep",),
    "onnxmltools": ("engine.ml.export",),
    "onnx": ("engine.inference", "engine.prep", "engine.ml"),
    "onnxruntime": ("engine.inference", "engine.ml"),
    "numba": ("engine.inference",),
    "bokeh": ("engine.demo", "engine.dashboard"),
    "rich": ("engine.progress", "engine.demo", "engine.cli"),
    "psutil": ("pools",),
    "sqlglot": ("engine.sql", "engine.runtime", "engine.session"),
    "tornado": ("pools", "engine.dashboard"),
}
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def modules() -> list[tuple[str, Path]]:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append((name, path))
    return found


def imports_of(name: str, path: Path) -> set[str]:
    """Absolute names a module imports, inside functions too; TYPE_CHECKING blocks are left out."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} uses a relative import; the house writes absolute ones"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def unit_of(name: str) -> str | None:
    """The layered unit that a dotted name belongs to: its longest listed prefix."""
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        prefix = ".".join(parts[:size])
        if prefix in LAYERS and not (prefix == "engine" and size < len(parts) and is_submodule(name)):
            return prefix
    return None


def is_submodule(name: str) -> bool:
    parts = name.split(".")
    return (ROOT / parts[0] / parts[1]).is_dir() or (ROOT / parts[0] / f"{parts[1]}.py").is_file()


@pytest.mark.parametrize(
    ("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_imports_point_down_and_heavy_libraries_stay_in_their_places(name: str, path: Path) -> None:
    unit = unit_of(name)
    assert unit is not None, f"{name} stands in no layer: list it in LAYERS"
    for imported in imports_of(name, path):
        top = imported.split(".")[0]
        if top in PACKAGES:
            other = unit_of(imported)
            assert other is not None, f"{name} imports {imported}, which stands in no layer"
            assert other == unit or LAYERS[other] < LAYERS[unit], (
                f"{name} imports {imported}: that arrow points up"
            )
        elif top in HEAVY:
            places = HEAVY[top]
            assert any(name == p or name.startswith(f"{p}.") for p in places), (
                f"{name} imports {top}, which only {', '.join(places)} may"
            )


def test_no_cycle_between_modules() -> None:
    names = dict(modules())
    graph = {
        name: {
            target
            for imported in imports_of(name, path)
            if (target := imported if imported in names else imported.rsplit(".", 1)[0]) in names
            and target != name
        }
        for name, path in names.items()
    }
    done: set[str] = set()

    def visit(node: str, trail: tuple[str, ...]) -> None:
        assert node not in trail, " -> ".join([*trail[trail.index(node) :], node])
        if node not in done:
            for target in graph[node]:
                visit(target, (*trail, node))
            done.add(node)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize(
    ("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_files_and_functions_stay_small(name: str, path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES, f"{name} is too long"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False)
            lines = (node.end_lineno or 0) - node.lineno + 1 - (len(doc.splitlines()) if doc else 0)
            assert lines <= MAX_FUNCTION_LINES, f"{name}.{node.name} has {lines} lines"


def test_every_module_is_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    folders = {".".join(name.split(".")[:2]) for name, _ in modules()}
    missing = sorted(name for name in folders if name.replace(".", "/") not in text)
    assert not missing, f"ARCHITECTURE.md does not name {missing}"
