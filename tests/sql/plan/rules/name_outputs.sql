-- title: ordinals and output names are said in full
SELECT t.a AS k, SUM(t.b) AS n FROM t AS t GROUP BY 1 ORDER BY n DESC, 1;
SELECT t.a AS k, SUM(t.b) AS n FROM t AS t GROUP BY t.a ORDER BY SUM(t.b) DESC, t.a;

-- title: what stands for a sum is kept together
SELECT t.a - 1 AS x FROM t AS t ORDER BY 10 - x;
SELECT t.a - 1 AS x FROM t AS t ORDER BY 10 - (t.a - 1);

-- title: names of a derived table's columns go to where they are computed
SELECT d.p FROM (SELECT t.a, t.b FROM t AS t) AS d(p, q);
SELECT d.p AS p FROM (SELECT t.a AS p, t.b AS q FROM t AS t) AS d;

-- title: two outputs of one name
SELECT t.a, t.a FROM t AS t;
SELECT t.a AS a, t.a AS a_2 FROM t AS t;

-- title: EXISTS does not ask for columns
SELECT t.a AS a FROM t AS t WHERE EXISTS(SELECT * FROM u AS u WHERE u.a = t.a);
SELECT t.a AS a FROM t AS t WHERE EXISTS(SELECT 1 AS one FROM u AS u WHERE u.a = t.a);

-- title: EXISTS asks for no columns
SELECT t.a FROM t WHERE EXISTS(SELECT u.a, u.c FROM u WHERE u.a = t.a);
SELECT t.a AS a FROM t WHERE EXISTS(SELECT 1 AS one FROM u WHERE u.a = t.a);

-- title: an aggregate says how many rows EXISTS finds
SELECT t.a FROM t WHERE EXISTS(SELECT COUNT(*) AS n FROM u WHERE u.a = t.a);
SELECT t.a AS a FROM t WHERE EXISTS(SELECT COUNT(*) AS n FROM u WHERE u.a = t.a);
