-- title: columns that nobody reads
SELECT d.a AS a FROM (SELECT t.a AS a, t.b AS b, SUM(t.d) OVER () AS s FROM t AS t) AS d;
SELECT d.a AS a FROM (SELECT t.a AS a FROM t AS t) AS d;

-- title: one column stays where only rows are counted
SELECT COUNT(*) AS n FROM (SELECT t.a AS a, t.b AS b FROM t AS t) AS d;
SELECT COUNT(*) AS n FROM (SELECT t.a AS a FROM t AS t) AS d;

-- title: DISTINCT needs all
SELECT d.a AS a FROM (SELECT DISTINCT t.a AS a, t.b AS b FROM t AS t) AS d;
SELECT d.a AS a FROM (SELECT DISTINCT t.a AS a, t.b AS b FROM t AS t) AS d;

-- title: through levels and unions
SELECT e.x AS x FROM (SELECT d.x AS x, d.y AS y FROM (SELECT t.a AS x, t.b AS y FROM t AS t UNION ALL SELECT u.a AS a, u.c AS c FROM u AS u) AS d) AS e;
SELECT e.x AS x FROM (SELECT d.x AS x FROM (SELECT t.a AS x FROM t AS t UNION ALL SELECT u.a AS a FROM u AS u) AS d) AS e;

-- title: a union without duplicates needs all
SELECT d.x AS x FROM (SELECT t.a AS x, t.b AS y FROM t AS t UNION SELECT u.a AS a, u.c AS c FROM u AS u) AS d;
SELECT d.x AS x FROM (SELECT t.a AS x, t.b AS y FROM t AS t UNION SELECT u.a AS a, u.c AS c FROM u AS u) AS d;
