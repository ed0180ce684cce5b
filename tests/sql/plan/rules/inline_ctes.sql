-- title: read once, so put in place; not read, so dropped
WITH c AS (SELECT t.a AS a FROM t AS t), d AS (SELECT u.a AS a FROM u AS u) SELECT x.a AS a FROM c AS x;
SELECT x.a AS a FROM (SELECT t.a AS a FROM t AS t) AS x;

-- title: read twice, so kept
WITH c AS (SELECT t.a AS a FROM t AS t) SELECT x.a AS a FROM c AS x, c AS y;
WITH c AS (SELECT t.a AS a FROM t AS t) SELECT x.a AS a FROM c AS x, c AS y;

-- title: one inside another
WITH c AS (SELECT t.a AS a FROM t AS t), d AS (SELECT z.a AS b FROM c AS z) SELECT y.b AS b FROM d AS y;
SELECT y.b AS b FROM (SELECT z.a AS b FROM (SELECT t.a AS a FROM t AS t) AS z) AS y;
