"""Rowset functions: OPENROWSET, PREDICT and OPENJSON, each with its WITH clause."""

from __future__ import annotations

from sqlglot import exp

from engine.sql.syntax.nodes import BULK_OPTIONS, OpenRowset, Predict, RowsetColumn
from engine.sql.syntax.query.grammar import Grammar
from engine.sql.syntax.tokens import Kind, Token

_TEXT = (Kind.STRING, Kind.NATIONAL)
# Options whose value may be something else than a string.
_NUMBERS = ("CODEPAGE", "FIRSTROW", "MAXERRORS")
_NAMES = ("DATA_SOURCE", "ERRORFILE_DATA_SOURCE")
_WHOLE_FILES = ("SINGLE_BLOB", "SINGLE_CLOB", "SINGLE_NCLOB")


class Rowsets(Grammar):
    """Rules for functions that a FROM clause alone may hold."""

    def rowset(self, name: Token) -> exp.Expr:
        """The function whose name has been taken, with its WITH clause."""
        rules = {"OPENROWSET": self._openrowset, "PREDICT": self._predict, "OPENJSON": self._openjson}
        node = rules[name.value]()
        self.positioned(node, name)
        return node

    def _openrowset(self) -> exp.Expr:
        self.expect("(")
        if not self.take("BULK"):
            self.refuse(
                "OPENROWSET over a provider",
                "there are no linked servers",
                "use OPENROWSET(BULK 'path', ...)",
            )
        paths = self.wrapped_list(self._string) if self.at("(") else [self._string()]
        options: dict[str, exp.Expr] = {}
        while self.take(","):
            self._bulk_option(options)
        if "format" not in options:
            self.fail("say what the files are: FORMAT = 'PARQUET', 'CSV' or 'DELTA'")
        self.expect(")")
        columns = self.wrapped_list(self._bulk_column) if self.take("WITH") else []
        return OpenRowset(paths=paths, columns=columns, **options)

    def _bulk_option(self, options: dict[str, exp.Expr]) -> None:
        if self.at_any(_WHOLE_FILES):
            self.refuse(
                self.token.text, "a file is read as rows", "use FORMAT = 'CSV' with FIELDTERMINATOR = '0x0b'"
            )
        token = self.token
        name = self.expect_any(BULK_OPTIONS)
        if name.lower() in options:
            self.fail(f"{name} is given twice", token=token)
        self.expect("=")
        options[name.lower()] = self._bulk_value(name)

    def _bulk_value(self, name: str) -> exp.Expr:
        if name == "HEADER_ROW":
            return exp.Boolean(this=self.expect_any(("TRUE", "FALSE")) == "TRUE")
        if name in _NAMES and not self.at_kind(*_TEXT):
            return exp.Literal.string(self.identifier().name)
        if name in _NUMBERS and self.at_kind(Kind.NUMBER):
            return self.constant()
        return self._string()

    def _bulk_column(self) -> exp.Expr:
        column = self._rowset_column()
        if self.at_kind(Kind.NUMBER):
            column.set("ordinal", self.constant())
        elif self.at_kind(*_TEXT):
            column.set("path", self._string())
        return column

    def _rowset_column(self) -> RowsetColumn:
        name = self.identifier()
        kind = self.data_type()
        return RowsetColumn(this=name, kind=kind, collate=self.collation() if self.take("COLLATE") else None)

    def _string(self) -> exp.Expr:
        return exp.Literal.string(self.text())

    def _predict(self) -> exp.Expr:
        arguments = self.wrapped(self._predict_arguments)
        self.expect("WITH")
        return Predict(**arguments, columns=self.wrapped_list(self._output_column))

    def _predict_arguments(self) -> dict[str, exp.Expr]:
        rules = {"MODEL": self._model, "DATA": self.table_source, "RUNTIME": self._runtime}
        arguments: dict[str, exp.Expr] = {}
        while True:
            token = self.token
            name = self.expect_any(tuple(rules))
            if name.lower() in arguments:
                self.fail(f"{name} is given twice", token=token)
            self.expect("=")
            arguments[name.lower()] = rules[name]()
            if not self.take(","):
                break
        if missing := [name for name in rules if name.lower() not in arguments]:
            self.fail(f"PREDICT needs MODEL, DATA and RUNTIME = ONNX; {missing[0]} is missing")
        return arguments

    def _model(self) -> exp.Expr:
        if self.at_query():
            return exp.Subquery(this=self.wrapped(self.query))
        if self.at_kind(*_TEXT):
            return self._string()
        if self.at_kind(Kind.BINARY, Kind.VARIABLE):
            return self.constant()
        return self.fail(
            "a model is a variable, a binary literal, a (subquery) or the name of a registered model"
        )

    def _runtime(self) -> exp.Expr:
        if not self.at("ONNX"):
            self.refuse(f"RUNTIME = {self.token.text}", "models are ONNX graphs", "write RUNTIME = ONNX")
        return exp.Var(this=self.advance().value)

    def _output_column(self) -> exp.Expr:
        column = self._rowset_column()
        if self.take("NOT", "NULL"):
            column.set("nullable", False)
        elif self.take("NULL"):
            column.set("nullable", True)
        return column

    def _openjson(self) -> exp.Expr:
        self.expect("(")
        this = self.expression()
        path = self.expression() if self.take(",") else None
        self.expect(")")
        columns = self.wrapped_list(self._json_column) if self.take("WITH") else []
        return exp.OpenJSON(this=this, path=path, expressions=columns)

    def _json_column(self) -> exp.Expr:
        name = self.identifier()
        kind = self.data_type()
        path = self._string() if self.at_kind(*_TEXT) else None
        return exp.OpenJSONColumnDef(this=name, kind=kind, path=path, as_json=self.take("AS", "JSON"))
