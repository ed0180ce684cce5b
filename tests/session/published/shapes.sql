--- tables
CREATE TABLE t (k INT, a INT, b INT); INSERT INTO t VALUES (1, 10, 20), (2, 30, NULL);
--- UNPIVOT between JOIN and ON
SELECT x.k, u.w, u.v FROM t x LEFT JOIN t UNPIVOT (v FOR w IN (a, b)) AS u ON u.k = x.k ORDER BY x.k, u.w
--= k, w, v
--> 1 | 'a' | 10
--> 1 | 'b' | 20
--> 2 | 'a' | 30
--- PIVOT between JOIN and ON
SELECT x.k, p.[10], p.[30] FROM t x JOIN (SELECT k, a, b FROM t) q PIVOT (SUM(b) FOR a IN ([10], [30])) AS p ON p.k = x.k JOIN t y ON y.k = x.k ORDER BY x.k
--= k, 10, 30
--> 1 | 20 | NULL
--> 2 | NULL | NULL
--- UNPIVOT within nested joins
SELECT x.k, u.v FROM t x JOIN t y JOIN t UNPIVOT (v FOR w IN (a, b)) AS u ON u.k = y.k ON x.k = y.k ORDER BY x.k, u.v
--= k, v
--> 1 | 10
--> 1 | 20
--> 2 | 30
--- one join within another, without parentheses
SELECT x.k, y.a, z.b FROM t x LEFT JOIN t y JOIN t z ON y.k = z.k AND z.b > 0 ON x.k = y.k ORDER BY x.k
--= k, a, b
--> 1 | 10 | 20
--> 2 | NULL | NULL
--- an outer join to joins in parentheses
SELECT x.k, y.a, z.b FROM t x LEFT JOIN (t y JOIN t z ON y.k = z.k AND z.b > 0) ON x.k = y.k LEFT JOIN t w INNER JOIN t v ON v.k = w.k ON w.k = x.k ORDER BY x.k
--= k, a, b
--> 1 | 10 | 20
--> 2 | NULL | NULL
--- joins in parentheses that begin with a derived table
SELECT x.k, q.a, z.b FROM t x LEFT JOIN ((SELECT k, a FROM t) q JOIN t z ON q.k = z.k) ON x.k = q.k WHERE x.k > 0 ORDER BY x.k
--= k, a, b
--> 1 | 10 | 20
--> 2 | 30 | NULL
--- a full join of joins in parentheses, one of them of VALUES
SELECT x.k, q.a, z.b FROM (t x JOIN (SELECT k, a FROM t) q ON q.k = x.k) FULL JOIN ((VALUES (1, 2), (7, 8)) z(k, b) LEFT JOIN t w ON w.k = z.k) ON z.k = x.k ORDER BY x.k, z.b
--= k, a, b
--> NULL | NULL | 8
--> 1 | 10 | 2
--> 2 | 30 | NULL
--- APPLY within joins in parentheses
SELECT x.k, c.v FROM t x LEFT JOIN (t y CROSS APPLY (VALUES (y.a), (y.b)) c(v)) ON x.k = y.k ORDER BY x.k, c.v
--= k, v
--> 1 | 10
--> 1 | 20
--> 2 | NULL
--> 2 | 30
--- joins in parentheses within a subquery
SELECT x.k, (SELECT COUNT(*) FROM t a JOIN (t b JOIN t c ON b.k = c.k) ON a.k = b.k WHERE b.k <= x.k) AS n FROM t x ORDER BY x.k
--= k, n
--> 1 | 1
--> 2 | 2
--- nested FOR JSON and JSON_QUERY are not quoted, FOR JSON without an array is
SELECT x.k, (SELECT y.a FROM t y WHERE y.k <= x.k ORDER BY y.k FOR JSON PATH) AS inner1, JSON_QUERY('{"q":[1]}', '$.q') AS q, (SELECT 1 AS one FOR JSON PATH, WITHOUT_ARRAY_WRAPPER) AS text1 FROM t x ORDER BY x.k FOR JSON PATH
--= _col_1
--> '[{"k":1,"inner1":[{"a":10}],"q":[1],"text1":"{\"one\":1}"},{"k":2,"inner1":[{"a":10},{"a":30}],"q":[1],"text1":"{\"one\":1}"}]'
--- a float variable keeps its digits, and PRINT writes values as T-SQL converts them
DECLARE @f FLOAT = 0.1, @r REAL = 0.1, @m MONEY = 1234.5, @dt DATETIME = '2024-02-03 04:05:06', @d DATE = '2024-02-03', @b BIT = 1; SELECT @f AS f, @f * 3 AS g; PRINT @f; PRINT @r; PRINT @m; PRINT @dt; PRINT @d; PRINT @b; PRINT 1.50
--= f, g
--> 0.1 | 0.30000000000000004
--p 0.1
--p 0.1
--p 1234.50
--p Feb  3 2024  4:05AM
--p 2024-02-03
--p 1
--p 1.50
--- error: an alias in quotes orders nothing
SELECT a AS 'the a' FROM t ORDER BY 'the a'
--! BindError: A constant expression was encountered in the ORDER BY list, position 1. Hint: Write an alias bare, in brackets or in double quotes.
