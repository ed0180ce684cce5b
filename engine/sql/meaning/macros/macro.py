"""What a macro is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Macro:
    """A scalar macro of DuckDB: an expression with a name, put in its place by DuckDB's binder.

    Attributes:
        name: In lower case.
        parameters: Names of the parameters.
        body: The expression, as DuckDB text.
    """

    name: str
    parameters: tuple[str, ...]
    body: str

    @property
    def create(self) -> str:
        """The statement that makes it."""
        return f"CREATE OR REPLACE MACRO {self.name}({', '.join(self.parameters)}) AS {self.body}"


def macro(signature: str, body: str) -> Macro:
    """Make a macro from `name(a, b)` and its body."""
    name, _, parameters = signature.removesuffix(")").partition("(")
    return Macro(name, tuple(parameters.split(", ")), " ".join(body.split()))
