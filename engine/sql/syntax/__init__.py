"""T-SQL text to statements.

`parse_script` gives frozen values (`statements`) with sqlglot trees for queries and expressions. The grammar
is our own and strict: sqlglot's parser accepts much that is not T-SQL (`SELECT a, FROM t`, `a JOIN b` without
ON), gives some operators another precedence and forgets what it does not know, where this package promises
that nothing is dropped and that an error says where it stands. From sqlglot come the nodes, the builders of
the built-in functions and the printing.

Layers, upper ones import lower ones:

    script      texts to batches
    parser      the whole grammar in one class
    command     one function for each kind of statement
    query       names, types, expressions, queries: one class of rules for each
    cursor      tokens, and how errors are worded
    tokens, places, words, functions, nodes, statements
"""

from __future__ import annotations

from engine.sql.syntax.script import Batch, parse_query, parse_script
from engine.sql.syntax.statements.base import Name, Source, Statement

__all__ = ["Batch", "Name", "Source", "Statement", "parse_query", "parse_script"]
