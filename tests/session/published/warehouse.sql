--- setup
CREATE TABLE dbo.o (ok INT, ck INT, d DATE, total DECIMAL(15,2), st CHAR(1)) WITH (DISTRIBUTION = HASH(ok)); INSERT INTO dbo.o SELECT value, value % 5, DATEADD(day, value % 90, '2024-01-01'), value * 3.5, CASE WHEN value % 3 = 0 THEN 'F' ELSE 'O' END FROM GENERATE_SERIES(1, 60);
CREATE TABLE dbo.l (ok INT, ln INT, qty INT, price DECIMAL(15,2), disc DECIMAL(5,2), ship DATE) WITH (DISTRIBUTION = HASH(ok)); INSERT INTO dbo.l SELECT value % 50, value, value % 9 + 1, value * 1.1, (value % 10) / 100.0, DATEADD(day, value, '2024-01-01') FROM GENERATE_SERIES(1, 200);
CREATE TABLE dbo.c (ck INT, nm VARCHAR(20), seg VARCHAR(10)) WITH (DISTRIBUTION = REPLICATE); INSERT INTO dbo.c SELECT value, CONCAT('cust', value), CHOOSE(value % 2 + 1, 'A', 'B') FROM GENERATE_SERIES(0, 6);
--- q13 shape
SELECT cnt, COUNT(*) AS n FROM (SELECT c.ck, COUNT(o.ok) AS cnt FROM dbo.c c LEFT JOIN dbo.o o ON o.ck = c.ck AND o.st NOT LIKE 'F%' GROUP BY c.ck) q GROUP BY cnt ORDER BY n DESC, cnt DESC
--= cnt, n
--> 8 | 5
--> 0 | 2
--- left join with sums and others
SELECT c.seg, COUNT(*) AS n, COUNT(o.ok) AS k, SUM(o.total) AS s, MIN(o.d) AS m, AVG(o.total) AS a FROM dbo.c c LEFT JOIN dbo.o o ON o.ck = c.ck GROUP BY c.seg ORDER BY c.seg
--= seg, n, k, s, m, a
--> 'A' | 37 | 36 | 3927.00 | 2024-01-03 | 109.083333
--> 'B' | 25 | 24 | 2478.00 | 2024-01-02 | 103.250000
--- two left joins and a count distinct
SELECT c.ck, COUNT(DISTINCT o.ok) AS os, COUNT(DISTINCT l.ln) AS ls, SUM(l.qty) AS q FROM dbo.c c LEFT JOIN dbo.o o ON o.ck = c.ck LEFT JOIN dbo.l l ON l.ok = o.ok GROUP BY c.ck ORDER BY c.ck
--= ck, os, ls, q
--> 0 | 12 | 36 | 180
--> 1 | 12 | 40 | 200
--> 2 | 12 | 40 | 204
--> 3 | 12 | 40 | 199
--> 4 | 12 | 40 | 194
--> 5 | 0 | 0 | NULL
--> 6 | 0 | 0 | NULL
--- having with subquery and in
SELECT o.ck, SUM(o.total) AS t FROM dbo.o o WHERE o.ok IN (SELECT l.ok FROM dbo.l l GROUP BY l.ok HAVING SUM(l.qty) > (SELECT AVG(q) FROM (SELECT SUM(qty) AS q FROM dbo.l GROUP BY ok) z)) GROUP BY o.ck ORDER BY o.ck
--= ck, t
--> 0 | 367.50
--> 1 | 371.00
--> 2 | 532.00
--> 3 | 525.00
--> 4 | 525.00
--- not exists and exists of two kinds
SELECT COUNT(*) AS n FROM dbo.o o WHERE EXISTS (SELECT 1 FROM dbo.l l WHERE l.ok = o.ok AND l.qty > 7) AND NOT EXISTS (SELECT 1 FROM dbo.l l WHERE l.ok = o.ok AND l.disc > 0.08)
--= n
--> 30
--- window over group over join
SELECT seg, m, s, SUM(s) OVER (PARTITION BY seg ORDER BY m) AS run, RANK() OVER (PARTITION BY seg ORDER BY s DESC) AS rk, s * 100.0 / SUM(s) OVER () AS pct FROM (SELECT c.seg, MONTH(o.d) AS m, SUM(o.total) AS s FROM dbo.o o JOIN dbo.c c ON c.ck = o.ck GROUP BY c.seg, MONTH(o.d)) q ORDER BY seg, m
--= seg, m, s, run, rk, pct
--> 'A' | 1 | 1018.50 | 1018.50 | 2 | 15.901639
--> 'A' | 2 | 2698.50 | 3717.00 | 1 | 42.131147
--> 'A' | 3 | 210.00 | 3927.00 | 3 | 3.278688
--> 'B' | 1 | 609.00 | 609.00 | 2 | 9.508196
--> 'B' | 2 | 1869.00 | 2478.00 | 1 | 29.180327
--- union of aggregates with rollup
SELECT 'o' AS src, st, SUM(total) AS s FROM dbo.o GROUP BY ROLLUP (st) UNION ALL SELECT 'l', NULL, SUM(price * (1 - disc)) FROM dbo.l ORDER BY src, st
--= src, st, s
--> 'l' | NULL | 21106.80
--> 'o' | NULL | 6405.00
--> 'o' | 'F' | 2205.00
--> 'o' | 'O' | 4200.00
--- year over year by lag with full join
WITH m AS (SELECT MONTH(ship) AS mo, YEAR(ship) AS y, SUM(qty) AS q FROM dbo.l GROUP BY YEAR(ship), MONTH(ship)) SELECT a.y, a.mo, a.q, b.q AS prev, a.q - b.q AS diff FROM m a LEFT JOIN m b ON a.mo = b.mo + 1 AND a.y = b.y ORDER BY a.y, a.mo
--= y, mo, q, prev, diff
--> 2024 | 1 | 144 | NULL | NULL
--> 2024 | 2 | 146 | 144 | 2
--> 2024 | 3 | 160 | 146 | 14
--> 2024 | 4 | 144 | 160 | -16
--> 2024 | 5 | 161 | 144 | 17
--> 2024 | 6 | 147 | 161 | -14
--> 2024 | 7 | 93 | 147 | -54
--- intersect except precedence
SELECT ck FROM dbo.o WHERE ck < 3 UNION SELECT ck FROM dbo.c WHERE ck > 4 INTERSECT SELECT ck FROM dbo.c WHERE ck > 5 EXCEPT SELECT 0 ORDER BY ck
--= ck
--> 1
--> 2
--> 6
--- scalar subqueries in case
SELECT CASE WHEN (SELECT COUNT(*) FROM dbo.l WHERE qty BETWEEN 1 AND 3) > 60 THEN (SELECT AVG(disc) FROM dbo.l WHERE qty BETWEEN 1 AND 3) ELSE (SELECT AVG(price) FROM dbo.l) END AS b
--= b
--> 0.044117
--- grouping in rank (tpcds 36 shape)
SELECT SUM(l.qty) AS q, o.st, o.ck, GROUPING(o.st) + GROUPING(o.ck) AS lv, RANK() OVER (PARTITION BY GROUPING(o.st) + GROUPING(o.ck), CASE WHEN GROUPING(o.ck) = 0 THEN o.st END ORDER BY SUM(l.qty) DESC) AS rk FROM dbo.o o, dbo.l l WHERE o.ok = l.ok GROUP BY ROLLUP (o.st, o.ck) ORDER BY lv DESC, CASE WHEN GROUPING(o.st) + GROUPING(o.ck) = 0 THEN o.st END, rk, o.ck
--= q, st, ck, lv, rk
--> 977 | NULL | NULL | 2 | 1
--> 673 | 'O' | NULL | 1 | 1
--> 304 | 'F' | NULL | 1 | 2
--> 76 | 'F' | 3 | 0 | 1
--> 57 | 'F' | 0 | 0 | 2
--> 57 | 'F' | 1 | 0 | 2
--> 57 | 'F' | 2 | 0 | 2
--> 57 | 'F' | 4 | 0 | 2
--> 147 | 'O' | 2 | 0 | 1
--> 143 | 'O' | 1 | 0 | 2
--> 137 | 'O' | 4 | 0 | 3
--> 123 | 'O' | 0 | 0 | 4
--> 123 | 'O' | 3 | 0 | 4
--- right join, cross join, self join inequality
SELECT COUNT(*) AS n, SUM(a.ok) AS s FROM dbo.o a RIGHT JOIN dbo.c c ON a.ck = c.ck AND a.total > 100 CROSS JOIN (VALUES (1), (2)) v(x); SELECT COUNT(*) AS n FROM dbo.o a JOIN dbo.o b ON a.ck = b.ck AND a.d < b.d AND ABS(DATEDIFF(day, a.d, b.d)) <= 5
--= n, s
--> 68 | 2848
--= n
--> 55
--- count over a left join of a grouped query
SELECT c.nm, ISNULL(x.n, 0) AS n, ISNULL(x.t, 0) AS t FROM dbo.c c LEFT JOIN (SELECT ck, COUNT(*) AS n, SUM(total) AS t FROM dbo.o WHERE d >= DATEADD(month, -1, '2024-03-15') GROUP BY ck) x ON x.ck = c.ck ORDER BY c.nm
--= nm, n, t
--> 'cust0' | 4 | 735.00
--> 'cust1' | 3 | 535.50
--> 'cust2' | 3 | 546.00
--> 'cust3' | 3 | 556.50
--> 'cust4' | 3 | 567.00
--> 'cust5' | 0 | 0.00
--> 'cust6' | 0 | 0.00
--- correlated top 1 with ties in apply and aggregates
SELECT c.ck, a.mx, b.cnt FROM dbo.c c CROSS APPLY (SELECT MAX(o.total) AS mx FROM dbo.o o WHERE o.ck = c.ck) a OUTER APPLY (SELECT COUNT(*) AS cnt FROM dbo.o o JOIN dbo.l l ON l.ok = o.ok WHERE o.ck = c.ck AND l.price > a.mx) b ORDER BY c.ck
--= ck, mx, cnt
--> 0 | 210.00 | 1
--> 1 | 196.00 | 4
--> 2 | 199.50 | 4
--> 3 | 203.00 | 3
--> 4 | 206.50 | 3
--> 5 | NULL | 0
--> 6 | NULL | 0
--- multi-column in through exists, null-safe
SELECT COUNT(*) AS n FROM dbo.l x WHERE EXISTS (SELECT x.ok, x.qty INTERSECT SELECT y.ok, y.qty FROM dbo.l y WHERE y.ln <> x.ln)
--= n
--> 0
--- string_agg over join per group
SELECT c.seg, STRING_AGG(CAST(o.ok AS VARCHAR(10)), ',') WITHIN GROUP (ORDER BY o.ok DESC) AS l FROM dbo.c c JOIN dbo.o o ON o.ck = c.ck WHERE o.ok < 12 GROUP BY c.seg ORDER BY c.seg
--= seg, l
--> 'A' | '10,9,7,5,4,2'
--> 'B' | '11,8,6,3,1'
--- distinct with window
SELECT DISTINCT ck, COUNT(*) OVER (PARTITION BY ck) AS n, MAX(total) OVER () AS m FROM dbo.o ORDER BY ck
--= ck, n, m
--> 0 | 12 | 210.00
--> 1 | 12 | 210.00
--> 2 | 12 | 210.00
--> 3 | 12 | 210.00
--> 4 | 12 | 210.00
--- first and last per group via max over concatenation
SELECT ck, FIRST_VALUE(ok) OVER (PARTITION BY ck ORDER BY d DESC, ok DESC ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS f FROM dbo.o WHERE ok IN (SELECT MAX(ok) FROM dbo.o GROUP BY ck) ORDER BY ck
--= ck, f
--> 0 | 60
--> 1 | 56
--> 2 | 57
--> 3 | 58
--> 4 | 59
--- approximate percentile and percentile within group
SELECT DISTINCT st, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY total) OVER (PARTITION BY st) AS p FROM dbo.o ORDER BY st
--= st, p
--> 'F' | 105.00
--> 'O' | 101.50
--- update with aggregate from cte join
WITH s AS (SELECT ok, SUM(qty * price) AS t FROM dbo.l GROUP BY ok) UPDATE o SET total = s.t FROM dbo.o o JOIN s ON s.ok = o.ok; SELECT SUM(total) AS t FROM dbo.o
--= t
--> 109786.60
--- delete with not in and null
DELETE FROM dbo.c WHERE ck NOT IN (SELECT ck FROM dbo.o WHERE ck IS NOT NULL); SELECT COUNT(*) AS n FROM dbo.c
--= n
--> 5
--- merge with duplicates error
MERGE INTO dbo.c AS t USING (SELECT ck FROM dbo.o) AS s ON t.ck = s.ck WHEN MATCHED THEN UPDATE SET nm = 'x';
--! SqlRuntimeError: The MERGE statement attempted to UPDATE or DELETE the same row more than once. This happens when a target row matches more than one source row. Hint: Make the source's rows unique in what ON compares.
--- top in subquery and in in-list with order
SELECT ok FROM dbo.o WHERE ok IN (SELECT TOP 3 ok FROM dbo.l GROUP BY ok ORDER BY SUM(qty) DESC, ok) ORDER BY ok
--= ok
--> 7
--> 16
--> 25
--- values join with update types
SELECT v.a, CAST(v.a AS VARCHAR(10)) + '|' + ISNULL(v.b, '-') AS s FROM (VALUES (1, 'x'), (2, NULL), (3.5, 'zz')) v(a, b) WHERE v.a > 1 ORDER BY v.a
--= a, s
--> 2.0 | '2.0|-'
--> 3.5 | '3.5|zz'
--- case expression types
SELECT CASE WHEN 1 = 1 THEN 1 ELSE 2.5 END AS a, CASE WHEN 1 = 0 THEN 'a' ELSE NULL END AS b, IIF(1 = 1, CAST('2024-01-01' AS DATE), GETDATE()) AS c
--= a, b, c
--> 1.0 | NULL | 2024-01-01 00:00:00
--- datetime arithmetic
SELECT CAST('2024-01-31' AS DATETIME) + 1 AS a, CAST('2024-03-01' AS DATETIME) - CAST('2024-02-01' AS DATETIME) AS b, DATEADD(ms, 3, CAST('2024-01-01' AS DATETIME)) AS c, CAST('10:30' AS TIME) AS t, CAST(CAST('2024-01-01 10:30' AS DATETIME2(0)) AS TIME(0)) AS tt, CONVERT(VARCHAR(8), CAST('2024-01-01 10:30:15' AS DATETIME), 108) AS h
--= a, b, c, t, tt, h
--> 2024-02-01 00:00:00 | 1900-01-30 00:00:00 | 2024-01-01 00:00:00.003000 | 10:30:00 | 10:30:00 | '10:30:15'
--- order by in a window with expression and offset
SELECT ok, ROW_NUMBER() OVER (ORDER BY total % 7, ok) AS r FROM dbo.o ORDER BY r OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY
--= ok, r
--> 52 | 3
--> 54 | 4
--> 56 | 5
--- big aggregates
SELECT SUM(CAST(ok AS BIGINT) * 1000000000) AS a, AVG(CAST(qtyx AS FLOAT)) AS b, COUNT_BIG(*) AS c, SUM(ok * 1.0) / NULLIF(COUNT(*), 0) AS d FROM (SELECT ok, ck AS qtyx FROM dbo.o) q
--= a, b, c, d
--> 1830000000000 | 2.0 | 60 | 30.500000
--- between symmetric, like in join, not between
SELECT COUNT(*) AS n FROM dbo.c a JOIN dbo.c b ON b.nm LIKE a.nm + '%' AND b.ck NOT BETWEEN 2 AND 3
--= n
--> 3
--- nested aggregates via window
SELECT seg, MAX(COUNT(*)) OVER () AS m, COUNT(*) AS n FROM dbo.c GROUP BY seg ORDER BY seg
--= seg, m, n
--> 'A' | 3 | 3
--> 'B' | 3 | 2
--- declare several then set by select top 1 with order
DECLARE @a INT, @b VARCHAR(20) = 'none'; SELECT TOP 1 @a = ok, @b = st FROM dbo.o ORDER BY ok DESC; SELECT @a AS a, @b AS b; SELECT @b = nm FROM dbo.c WHERE 1 = 0; SELECT @b AS b
--= a, b
--> 60 | 'F'
--= b
--> 'F'
--- try catch around dynamic sql with transaction
BEGIN TRY BEGIN TRAN; EXEC('INSERT INTO dbo.c VALUES (77, ''tt'', ''A'')'); EXEC('SELECT 1 / 0'); COMMIT; END TRY BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK TRAN; SELECT ERROR_NUMBER() AS n, (SELECT COUNT(*) FROM dbo.c WHERE ck = 77) AS left_; END CATCH
--= n, left_
--> 8134 | 0
