"""Golden files: T-SQL and the statements that it must become.

A file holds cases: a line `# title`, the T-SQL, a line `---`, and what `show` prints for its statements.
After a change that is meant, `python tests/sql/syntax/syntax_golden.py` writes the printed halves anew;
review the diff.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.sql.syntax import Batch, parse_script
from engine.sql.syntax.show import show

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    title: str
    text: str
    printed: str


def cases(path: Path) -> list[Case]:
    found = []
    for block in f"\n{path.read_text()}".split("\n# ")[1:]:
        title, _, body = block.partition("\n")
        text, _, shown = body.partition("\n---\n")
        found.append(Case(title, text.strip("\n"), shown.strip("\n")))
    return found


def all_cases() -> list[Case]:
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in cases(path)]


def printed(text: str) -> str:
    """The statements of a script, a line of GO between its batches."""
    batches = []
    for batch in parse_script(text):
        lines = [show(statement) for statement in batch.statements]
        batches.append("\n".join([*lines, *([f"GO {batch.repeat}"] if batch.repeat > 1 else [])]))
    return "\nGO\n".join(batches)


# What may stand between statements: blanks, comments, semicolons and lines of GO.
_BETWEEN = re.compile(
    r"(?:^[ \t]*GO(?:[ \t]+\d+)?[ \t\r]*$|[\s;\ufeff]|--[^\r\n]*|/\*.*?\*/)*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)


def left_over(text: str, batches: tuple[Batch, ...]) -> str:
    """What of a script stands in no statement and is no blank, comment, semicolon or GO."""
    position, found = 0, ""
    sources = [statement.source for batch in batches for statement in batch.statements]
    for source in sources:
        assert text[source.start : source.end] == source.text
        assert source.start >= position, "statements overlap"
        found += _BETWEEN.sub("", text[position : source.start])
        position = source.end
    return found + _BETWEEN.sub("", text[position:])


def rewrite(path: Path) -> None:
    blocks = [f"# {case.title}\n{case.text}\n---\n{printed(case.text)}\n" for case in cases(path)]
    path.write_text("\n".join(blocks))


if __name__ == "__main__":
    for golden in sorted(FOLDER.glob("*.txt")):
        rewrite(golden)
