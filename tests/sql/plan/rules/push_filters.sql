-- title: into a plain query
SELECT d.x AS x FROM (SELECT t.a + 1 AS x FROM t AS t) AS d WHERE d.x * 2 > 4;
SELECT d.x AS x FROM (SELECT t.a + 1 AS x FROM t AS t WHERE (t.a + 1) * 2 > 4) AS d;

-- title: on a key before grouping, on an aggregate after it
SELECT d.k AS k FROM (SELECT t.a AS k, COUNT(*) AS n FROM t AS t GROUP BY t.a) AS d WHERE d.k = 1 AND d.n > 0;
SELECT d.k AS k FROM (SELECT t.a AS k, COUNT(*) AS n FROM t AS t WHERE t.a = 1 GROUP BY t.a HAVING COUNT(*) > 0) AS d;

-- title: not into an aggregate without groups
SELECT d.n AS n FROM (SELECT COUNT(*) AS n FROM t AS t) AS d WHERE d.n > 100;
SELECT d.n AS n FROM (SELECT COUNT(*) AS n FROM t AS t) AS d WHERE d.n > 100;

-- title: not past a LIMIT
SELECT d.a AS a FROM (SELECT t.a AS a FROM t AS t ORDER BY t.a LIMIT 2) AS d WHERE d.a > 1;
SELECT d.a AS a FROM (SELECT t.a AS a FROM t AS t ORDER BY t.a LIMIT 2) AS d WHERE d.a > 1;

-- title: into both sides of a union
SELECT d.x AS x FROM (SELECT t.a AS x FROM t AS t UNION ALL SELECT u.c AS c FROM u AS u) AS d WHERE d.x = 1;
SELECT d.x AS x FROM (SELECT t.a AS x FROM t AS t WHERE t.a = 1 UNION ALL SELECT u.c AS c FROM u AS u WHERE u.c = 1) AS d;

-- title: past a window only by what it is partitioned by
SELECT d.a AS a FROM (SELECT t.a AS a, t.b AS b, SUM(t.b) OVER (PARTITION BY t.a) AS s FROM t AS t) AS d WHERE d.a = 1 AND d.b = 2;
SELECT d.a AS a FROM (SELECT t.a AS a, t.b AS b, SUM(t.b) OVER (PARTITION BY t.a) AS s FROM t AS t WHERE t.a = 1) AS d WHERE d.b = 2;

-- title: not to the side that an outer join pads
SELECT t.a AS a FROM t AS t LEFT JOIN (SELECT u.a AS a, u.c AS c FROM u AS u) AS d ON d.a = t.a AND d.c > 1 WHERE d.c IS NULL;
SELECT t.a AS a FROM t AS t LEFT JOIN (SELECT u.a AS a, u.c AS c FROM u AS u WHERE u.c > 1) AS d ON d.a = t.a WHERE d.c IS NULL;

-- title: not into rollups
SELECT d.k AS k FROM (SELECT t.a AS k, COUNT(*) AS n FROM t AS t GROUP BY ROLLUP (t.a)) AS d WHERE d.k = 1;
SELECT d.k AS k FROM (SELECT t.a AS k, COUNT(*) AS n FROM t AS t GROUP BY ROLLUP (t.a)) AS d WHERE d.k = 1;
