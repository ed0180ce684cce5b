"""The README's Python runs as it stands there, and its figures' commands exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def python_of(name: str) -> str:
    [block] = re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    return block


def test_the_loop_in_the_readme_runs_as_a_plain_script(tmp_path: Path) -> None:
    script = tmp_path / "loop.py"
    script.write_text(python_of("README.md"))
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "ScoringJob(" in done.stdout
    assert "Traceback" not in done.stderr


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"make ([a-z-]+)", (ROOT / "README.md").read_text()))
    assert asked <= targets, asked - targets
