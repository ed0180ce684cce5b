-- title: an alias inside hides one outside
SELECT t.a AS a FROM t AS t WHERE t.b IN (SELECT t.a AS a FROM u AS t WHERE t.c = 1) AND t.a = 2;
SELECT t.a AS a FROM t AS t WHERE t.b IN (SELECT t_2.a AS a FROM u AS t_2 WHERE t_2.c = 1) AND t.a = 2;

-- title: a correlated column keeps pointing outside
SELECT x.a AS a, (SELECT MAX(y.c) AS m FROM u AS y WHERE y.a = x.a) AS m FROM t AS x, u AS y;
SELECT x.a AS a, (SELECT MAX(y_2.c) AS m FROM u AS y_2 WHERE y_2.a = x.a) AS m FROM t AS x, u AS y;

-- title: a CTE that hides a table, and is read under its own name
WITH t AS (SELECT u.a AS a FROM u AS u) SELECT t.a AS a FROM t AS t UNION ALL SELECT u.c AS c FROM u AS u;
WITH t AS (SELECT u.a AS a FROM u AS u) SELECT t_2.a AS a FROM t AS t_2 UNION ALL SELECT u_2.c AS c FROM u AS u_2;

-- title: joins in parentheses
SELECT x.a AS a FROM t AS x JOIN (u AS x2 JOIN v AS w ON x2.a = w.k) ON x.a = x2.a;
SELECT x.a AS a FROM t AS x JOIN (u AS x2 JOIN v AS w ON x2.a = w.k) ON x.a = x2.a;
