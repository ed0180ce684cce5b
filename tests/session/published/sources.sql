--- setup
CREATE TABLE t (k INT, a INT, b INT); INSERT INTO t VALUES (1, 10, 20), (2, 30, NULL), (3, 5, 5), (4, NULL, 1);
CREATE TABLE u (k INT, s VARCHAR(20)) WITH (DISTRIBUTION = ROUND_ROBIN); INSERT INTO u VALUES (1, 'a,b'), (2, 'c'), (3, ''), (5, NULL);
--- a subquery in VALUES
SELECT v.x, v.y FROM (VALUES ((SELECT MAX(k) FROM t), 1), ((SELECT COUNT(*) FROM u), 2)) v(x, y) ORDER BY v.y
--= x, y
--> 4 | 1
--> 4 | 2
--- a subquery as argument of a series
SELECT g.value FROM GENERATE_SERIES(1, (SELECT MAX(k) FROM t)) g ORDER BY g.value
--= value
--> 1
--> 2
--> 3
--> 4
--- a subquery as argument of STRING_SPLIT
SELECT value FROM STRING_SPLIT((SELECT MAX(s) FROM u WHERE k = 1), ',') ORDER BY value
--= value
--> 'a'
--> 'b'
--- VALUES with a subquery joined
SELECT t.k, v.x FROM t JOIN (VALUES ((SELECT MAX(k) FROM t))) v(x) ON t.k < v.x ORDER BY t.k
--= k, x
--> 1 | 4
--> 2 | 4
--> 3 | 4
--- APPLY of VALUES with a subquery on the row
SELECT t.k, v.x FROM t CROSS APPLY (VALUES ((SELECT MAX(u.s) FROM u WHERE u.k = t.k)), ('-')) v(x) ORDER BY t.k, v.x
--= k, x
--> 1 | '-'
--> 1 | 'a,b'
--> 2 | '-'
--> 2 | 'c'
--> 3 | ''
--> 3 | '-'
--> 4 | NULL
--> 4 | '-'
--- APPLY within APPLY
SELECT u.k, x.value, y.n FROM u CROSS APPLY STRING_SPLIT(u.s, ',') x CROSS APPLY (SELECT COUNT(*) AS n FROM t WHERE t.k >= u.k) y ORDER BY u.k, x.value
--= k, value, n
--> 1 | 'a' | 4
--> 1 | 'b' | 4
--> 2 | 'c' | 3
--> 3 | '' | 2
--- OPENJSON of an aggregate
SELECT j.k, j.a FROM OPENJSON((SELECT k, a FROM t FOR JSON PATH)) WITH (k INT, a INT) j ORDER BY j.k
--= k, a
--> 1 | 10
--> 2 | 30
--> 3 | 5
--> 4 | NULL
--- an APPLY of a union
SELECT t.k, x.v FROM t CROSS APPLY (SELECT t.a AS v UNION ALL SELECT t.b UNION ALL SELECT u.k FROM u WHERE u.k = t.k) x ORDER BY t.k, x.v
--= k, v
--> 1 | 1
--> 1 | 10
--> 1 | 20
--> 2 | NULL
--> 2 | 2
--> 2 | 30
--> 3 | 3
--> 3 | 5
--> 3 | 5
--> 4 | NULL
--> 4 | 1
--- a correlated EXISTS over joins in parentheses
SELECT t.k FROM t WHERE EXISTS (SELECT 1 FROM (u JOIN t y ON y.k = u.k) WHERE u.k = t.k AND y.a > 5) ORDER BY t.k
--= k
--> 1
--> 2
--- recursive CTE over tables, joined
WITH r AS (SELECT k, 0 AS lv FROM t WHERE k = 1 UNION ALL SELECT t.k, r.lv + 1 FROM t JOIN r ON t.k = r.k + 1) SELECT r.k, r.lv, u.s FROM r LEFT JOIN u ON u.k = r.k ORDER BY r.k
--= k, lv, s
--> 1 | 0 | 'a,b'
--> 2 | 1 | 'c'
--> 3 | 2 | ''
--> 4 | 3 | NULL
--- a CTE with a series read twice
WITH n AS (SELECT value AS v FROM GENERATE_SERIES(1, 3)), m AS (SELECT n.v, COUNT(t.k) AS c FROM n LEFT JOIN t ON t.k <= n.v GROUP BY n.v) SELECT a.v, a.c, b.c AS prev FROM m a LEFT JOIN m b ON b.v = a.v - 1 ORDER BY a.v
--= v, c, prev
--> 1 | 1 | NULL
--> 2 | 2 | 1
--> 3 | 3 | 2
--- NOT IN of a union, ALL of a group
SELECT k FROM t WHERE k NOT IN (SELECT k FROM u WHERE k < 3 UNION SELECT 4) AND k >= ALL (SELECT MIN(k) FROM u GROUP BY s) ORDER BY k
--= k
--- a full join on an inequality
SELECT t.k, u.k AS uk FROM t FULL JOIN u ON t.k = u.k AND t.a > 5 ORDER BY t.k, u.k
--= k, uk
--> NULL | 3
--> NULL | 5
--> 1 | 1
--> 2 | 2
--> 3 | NULL
--> 4 | NULL
--- a left join to a constant and a cross join of one row
SELECT t.k, o.one FROM t LEFT JOIN (SELECT 1 AS one) o ON t.k = o.one CROSS JOIN (SELECT COUNT(*) AS n FROM u) c WHERE c.n = 4 ORDER BY t.k
--= k, one
--> 1 | 1
--> 2 | NULL
--> 3 | NULL
--> 4 | NULL
--- union of a table and constants inside a join
SELECT x.k, x.src FROM (SELECT k, 't' AS src FROM t UNION ALL SELECT 9, 'c' UNION ALL SELECT k, 'u' FROM u) x LEFT JOIN u ON u.k = x.k WHERE u.k IS NULL ORDER BY x.k, x.src
--= k, src
--> 4 | 't'
--> 9 | 'c'
--- top without order in a derived table counted
SELECT COUNT(*) AS n FROM (SELECT TOP 3 k FROM t) q; SELECT COUNT(*) AS n FROM (SELECT DISTINCT TOP 2 a FROM t ORDER BY a DESC) q
--= n
--> 3
--= n
--> 2
--- random picks are stable within a row
SELECT COUNT(*) AS n FROM (SELECT NEWID() AS i FROM t) q WHERE q.i = q.i
--= n
--> 4
--- a scalar function over a table in WHERE and ON
CREATE FUNCTION dbo.cnt (@k INT) RETURNS INT AS BEGIN DECLARE @n INT = (SELECT COUNT(*) FROM dbo.u q WHERE q.k <= @k); IF @n IS NULL SET @n = 0; RETURN @n END
GO
SELECT t.k, x.k AS xk FROM t JOIN u x ON dbo.cnt(t.k) = x.k WHERE dbo.cnt(x.k) > 1 ORDER BY t.k
--= k, xk
--> 2 | 2
--> 3 | 3
--> 4 | 3
--- delete through a view of joins is by subquery
DELETE FROM t WHERE EXISTS (SELECT 1 FROM (VALUES (4), (7)) v(x) WHERE v.x = t.k); SELECT COUNT(*) AS n FROM t
--= n
--> 3
--- group by all, constants and expressions
SELECT 1 AS one, k % 2 AS p, COUNT(*) AS n FROM t GROUP BY k % 2, (k % 2) + 1 ORDER BY p
--= one, p, n
--> 1 | 0 | 1
--> 1 | 1 | 2
