-- title: the order of a union goes to a SELECT around it
SELECT t.a AS x FROM t AS t UNION SELECT u.a AS a FROM u AS u ORDER BY x DESC LIMIT 3 OFFSET 1;
SELECT u.x AS x FROM (SELECT t.a AS x FROM t AS t UNION SELECT u.a AS a FROM u AS u) AS u ORDER BY u.x DESC LIMIT 3 OFFSET 1;

-- title: an ordinal of a union
SELECT t.a AS x, t.b AS y FROM t AS t UNION ALL SELECT u.a AS a, u.c AS c FROM u AS u ORDER BY 2, 1;
SELECT u.x AS x, u.y AS y FROM (SELECT t.a AS x, t.b AS y FROM t AS t UNION ALL SELECT u.a AS a, u.c AS c FROM u AS u) AS u ORDER BY u.y, u.x;
