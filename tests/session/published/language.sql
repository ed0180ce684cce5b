--- small tables
CREATE TABLE Emp (id INT, name VARCHAR(20), dept VARCHAR(10), salary DECIMAL(10, 2), hired DATE, boss INT);
INSERT INTO Emp VALUES (1, 'Ann', 'IT', 5000, '2019-03-01', NULL), (2, 'Bob', 'IT', 4000, '2020-02-29', 1), (3, 'Cid', 'HR', 3000, '2020-12-31', 1), (4, 'Dee', 'HR', 3000, '2021-06-15', 3), (5, 'Eve', NULL, NULL, '2018-01-01', 3);
CREATE TABLE Sale (id INT, emp INT, d DATETIME2, amount MONEY, note NVARCHAR(50));
INSERT INTO Sale VALUES (1, 1, '2021-01-01 10:00', 10.5, N'a,b'), (2, 1, '2021-01-15 23:59:59', 20, N'c'), (3, 2, '2021-02-01', 5.25, NULL), (4, 3, '2021-02-28 12:30', 7, N''), (5, 9, '2021-03-31', 1, N'x;y;z');
--- self join and outer join
SELECT e.name, b.name AS boss FROM Emp e LEFT JOIN Emp b ON e.boss = b.id ORDER BY e.id
--= name, boss
--> 'Ann' | NULL
--> 'Bob' | 'Ann'
--> 'Cid' | 'Ann'
--> 'Dee' | 'Cid'
--> 'Eve' | 'Cid'
--- NULLs first in ascending order
SELECT name, dept FROM Emp ORDER BY dept, name DESC
--= name, dept
--> 'Eve' | NULL
--> 'Dee' | 'HR'
--> 'Cid' | 'HR'
--> 'Bob' | 'IT'
--> 'Ann' | 'IT'
--- second highest salary
SELECT MAX(salary) AS s FROM Emp WHERE salary < (SELECT MAX(salary) FROM Emp)
--= s
--> 4000.00
--- top by department with ties
SELECT dept, name FROM (SELECT dept, name, RANK() OVER (PARTITION BY dept ORDER BY salary DESC) AS r FROM Emp WHERE dept IS NOT NULL) t WHERE r = 1 ORDER BY dept, name
--= dept, name
--> 'HR' | 'Cid'
--> 'HR' | 'Dee'
--> 'IT' | 'Ann'
--- running total by month
SELECT FORMAT(d, 'yyyy-MM') AS m, SUM(amount) AS a, SUM(SUM(amount)) OVER (ORDER BY FORMAT(d, 'yyyy-MM')) AS running FROM Sale GROUP BY FORMAT(d, 'yyyy-MM') ORDER BY m
--= m, a, running
--> '2021-01' | 30.5000 | 30.5000
--> '2021-02' | 12.2500 | 42.7500
--> '2021-03' | 1.0000 | 43.7500
--- months between, ages, last day
SELECT name, DATEDIFF(year, hired, '2021-01-01') AS y, DATEDIFF(month, hired, '2021-01-01') AS m, EOMONTH(hired, 1) AS e, DATEADD(year, 1, hired) AS n FROM Emp ORDER BY id
--= name, y, m, e, n
--> 'Ann' | 2 | 22 | 2019-04-30 | 2020-03-01
--> 'Bob' | 1 | 11 | 2020-03-31 | 2021-02-28
--> 'Cid' | 1 | 1 | 2021-01-31 | 2021-12-31
--> 'Dee' | 0 | -5 | 2021-07-31 | 2022-06-15
--> 'Eve' | 3 | 36 | 2018-02-28 | 2019-01-01
--- islands of dates
WITH s AS (SELECT emp, CAST(d AS DATE) AS day, ROW_NUMBER() OVER (PARTITION BY emp ORDER BY d) AS rn FROM Sale) SELECT emp, MIN(day) AS f, MAX(day) AS t FROM s GROUP BY emp, DATEADD(day, -rn, day) ORDER BY emp, f
--= emp, f, t
--> 1 | 2021-01-01 | 2021-01-01
--> 1 | 2021-01-15 | 2021-01-15
--> 2 | 2021-02-01 | 2021-02-01
--> 3 | 2021-02-28 | 2021-02-28
--> 9 | 2021-03-31 | 2021-03-31
--- NOT IN with NULL gives nothing
SELECT COUNT(*) AS n FROM Emp WHERE id NOT IN (SELECT boss FROM Emp)
--= n
--> 0
--- NOT EXISTS
SELECT name FROM Emp e WHERE NOT EXISTS (SELECT 1 FROM Sale s WHERE s.emp = e.id) ORDER BY name
--= name
--> 'Dee'
--> 'Eve'
--- UNION and UNION ALL with ORDER BY a position
SELECT dept FROM Emp UNION SELECT 'XX' UNION ALL SELECT 'IT' ORDER BY 1
--= dept
--> NULL
--> 'HR'
--> 'IT'
--> 'IT'
--> 'XX'
--- integer average, decimal average
SELECT AVG(id) AS i, AVG(id * 1.0) AS d, AVG(CAST(id AS FLOAT)) AS f FROM Emp
--= i, d, f
--> 3 | 3.000000 | 3.0
--- conditional aggregates
SELECT SUM(CASE WHEN dept = 'IT' THEN salary ELSE 0 END) AS it, COUNT(CASE WHEN dept = 'HR' THEN 1 END) AS hr, COUNT(DISTINCT dept) AS d FROM Emp
--= it, hr, d
--> 9000.00 | 2 | 2
--- concat with NULL
SELECT 'a' + NULL AS p, CONCAT('a', NULL, 1) AS c, CONCAT_WS('-', 'a', NULL, 'b') AS w
--= p, c, w
--> NULL | 'a1' | 'a-b'
--- string functions
SELECT UPPER(name) AS u, REVERSE(name) AS r, STUFF(name, 2, 1, '**') AS s, REPLICATE('x', 3) AS x, CHARINDEX('e', name) AS i, PATINDEX('%[ei]%', name) AS p, LEFT(name, 1) + RIGHT(name, 1) AS lr, TRIM('  t ') AS t, REPLACE(name, 'e', '3') AS rp FROM Emp WHERE id = 5
--= u, r, s, x, i, p, lr, t, rp
--> 'EVE' | 'evE' | 'E**e' | 'xxx' | 3 | 3 | 'Ee' | 't' | 'Ev3'
--- TRANSLATE, STRING_ESCAPE, QUOTENAME, SOUNDEX, DIFFERENCE
SELECT TRANSLATE('2*[3+4]', '[+]', '(-)') AS t, STRING_ESCAPE('a"b', 'json') AS e, QUOTENAME('a]b') AS q, SOUNDEX('Smith') AS s, DIFFERENCE('Smith', 'Smythe') AS d
--= t, e, q, s, d
--> '2*(3-4)' | 'a\"b' | '[a]]b]' | 'S530' | 4
--- LIKE with classes and escape
SELECT name FROM Emp WHERE name LIKE '[A-C]%' AND name NOT LIKE '_o_' OR name LIKE '%!%%' ESCAPE '!' ORDER BY name
--= name
--> 'Ann'
--> 'Cid'
--- dates from parts and names
SELECT DATEFROMPARTS(2021, 2, 28) AS a, DATENAME(month, '2021-02-28') AS b, DATEPART(iso_week, '2021-01-03') AS c, DATEPART(dw, '2021-01-03') AS d, DATEPART(dayofyear, '2020-12-31') AS e, DATETIMEFROMPARTS(2021, 1, 2, 3, 4, 5, 6) AS f, ISDATE('2021-02-30') AS g
--= a, b, c, d, e, f, g
--> 2021-02-28 | 'February' | 53 | 1 | 366 | 2021-01-02 03:04:05.007000 | 0
--- AT TIME ZONE, SWITCHOFFSET
SELECT CONVERT(VARCHAR(30), CAST('2021-07-01 12:00' AS DATETIME2(0)) AT TIME ZONE 'UTC' AT TIME ZONE 'Pacific Standard Time') AS p, CONVERT(VARCHAR(33), SWITCHOFFSET(CAST('2021-07-01 12:00 +00:00' AS DATETIMEOFFSET(0)), '+02:00')) AS s
--= p, s
--> '2021-07-01 05:00:00 -07:00' | '2021-07-01 14:00:00 +02:00'
--- numeric functions
SELECT ROUND(123.456, -1) AS a, ROUND(2.5, 0) AS b, CEILING(-1.5) AS c, FLOOR(-1.5) AS d, SIGN(-3) AS e, POWER(2, 10) AS f, SQRT(16) AS g, ABS(-2.5) AS h, 10 % 4 AS i, LOG(EXP(1)) AS j, PI() AS k, SQUARE(3) AS l
--= a, b, c, d, e, f, g, h, i, j, k, l
--> 120.000 | 3.0 | -1 | -2 | -1 | 1024 | 4.0 | 2.5 | 2 | 1.0 | 3.141592653589793 | 9.0
--- decimal arithmetic
SELECT CAST(1 AS DECIMAL(10, 2)) / 3 AS a, CAST(10 AS DECIMAL(38, 10)) * CAST(3 AS DECIMAL(38, 10)) AS b, 1.0 / 3 AS c, 7 / 2 AS d, CAST(2 AS MONEY) / 3 AS e
--= a, b, c, d, e
--> 0.333333 | 30.000000 | 0.333333 | 3 | 0.6666
--- bit operations and binary
SELECT 5 & 3 AS a, 5 | 3 AS b, 5 ^ 3 AS c, ~5 AS d, CONVERT(VARBINARY(4), 255) AS e, CONVERT(VARCHAR(10), 0x4142, 2) AS f, CAST(0x41 AS VARCHAR(1)) AS g
--= a, b, c, d, e, f, g
--> 1 | 7 | 6 | -6 | 0x000000FF | '4142' | 'A'
--- GREATEST LEAST ISNUMERIC
SELECT GREATEST(1, 3, 2) AS a, LEAST('b', 'a') AS b, ISNUMERIC('1.5') AS c, ISNUMERIC('x') AS d, TRY_PARSE('1,234' AS INT USING 'en-US') AS e
--= a, b, c, d, e
--> 3 | 'a' | 1 | 0 | 1234
--- CONVERT of dates
SELECT CONVERT(VARCHAR(30), CAST('2021-02-03 04:05:06.789' AS DATETIME), 120) AS a, CONVERT(VARCHAR(30), CAST('2021-02-03 04:05:06.789' AS DATETIME), 126) AS b, CONVERT(VARCHAR(30), CAST('2021-02-03' AS DATE), 103) AS c, CONVERT(VARCHAR(30), CAST('2021-02-03 14:05' AS DATETIME), 100) AS d, CONVERT(TIME(0), '2021-02-03 04:05:06') AS e, CAST(CAST('2021-02-03 04:05' AS DATETIME) AS VARCHAR(20)) AS f
--= a, b, c, d, e, f
--> '2021-02-03 04:05:06' | '2021-02-03T04:05:06.790' | '03/02/2021' | 'Feb  3 2021  2:05PM' | 04:05:06 | 'Feb  3 2021  4:05AM'
--- FORMAT
SELECT FORMAT(1234567.891, 'N2') AS a, FORMAT(0.256, 'P1') AS b, FORMAT(42, '00000') AS c, FORMAT(CAST('2021-02-03 14:05' AS DATETIME2), 'dd/MM/yyyy HH:mm') AS d, FORMAT(1234.5, 'C', 'en-US') AS e, FORMAT(CAST('2021-02-03' AS DATE), 'D', 'en-US') AS f
--= a, b, c, d, e, f
--> '1,234,567.89' | '25.6 %' | '00042' | '03/02/2021 14:05' | '$1,234.50' | 'Wednesday, February 3, 2021'
--- HASHBYTES
SELECT CONVERT(VARCHAR(64), HASHBYTES('SHA2_256', 'abc'), 2) AS s, CONVERT(VARCHAR(32), HASHBYTES('MD5', name), 2) AS m FROM Emp WHERE id = 1
--= s, m
--> 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD' | '82E335F7AC0E0E412B2AE15ABE662110'
--- row of literals by VALUES and EXCEPT
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) v(x, y) EXCEPT SELECT 1, 'a'
--= x, y
--> 2 | NULL
--- INTERSECT treats NULLs as equal
SELECT dept FROM Emp INTERSECT SELECT NULL
--= dept
--> NULL
--- subquery in the select list and in HAVING
SELECT dept, COUNT(*) AS n FROM Emp GROUP BY dept HAVING COUNT(*) >= (SELECT COUNT(*) FROM Sale) - 3 ORDER BY dept
--= dept, n
--> 'HR' | 2
--> 'IT' | 2
--- correlated with an aggregate outside
SELECT name, (SELECT COUNT(*) FROM Sale s WHERE s.emp = e.id AND s.amount > 6) AS n, (SELECT TOP 1 note FROM Sale s WHERE s.emp = e.id ORDER BY d DESC) AS last_note FROM Emp e ORDER BY id
--= name, n, last_note
--> 'Ann' | 2 | 'c'
--> 'Bob' | 0 | NULL
--> 'Cid' | 1 | ''
--> 'Dee' | 0 | NULL
--> 'Eve' | 0 | NULL
--- ALL, ANY, SOME
SELECT name FROM Emp WHERE salary >= ALL (SELECT salary FROM Emp WHERE salary IS NOT NULL) OR salary = ANY (SELECT 4000) ORDER BY name
--= name
--> 'Ann'
--> 'Bob'
--- full join
SELECT e.name, s.id FROM Emp e FULL OUTER JOIN Sale s ON s.emp = e.id WHERE e.id IS NULL OR s.id IS NULL ORDER BY e.name, s.id
--= name, id
--> NULL | 5
--> 'Dee' | NULL
--> 'Eve' | NULL
--- nested CTEs read twice
WITH a AS (SELECT dept, SUM(salary) AS s FROM Emp GROUP BY dept), b AS (SELECT AVG(s) AS m FROM a) SELECT a.dept FROM a CROSS JOIN b WHERE a.s > b.m
--= dept
--> 'IT'
--- recursive CTE
WITH h AS (SELECT id, name, 0 AS lvl FROM Emp WHERE boss IS NULL UNION ALL SELECT e.id, e.name, h.lvl + 1 FROM Emp e JOIN h ON e.boss = h.id) SELECT lvl, STRING_AGG(name, ',') WITHIN GROUP (ORDER BY name) AS n FROM h GROUP BY lvl ORDER BY lvl
--= lvl, n
--> 0 | 'Ann'
--> 1 | 'Bob,Cid'
--> 2 | 'Dee,Eve'
--- CROSS APPLY VALUES as unpivot
SELECT e.id, v.k, v.val FROM Emp e CROSS APPLY (VALUES ('s', CAST(e.salary AS INT)), ('b', e.boss)) v(k, val) WHERE e.id IN (2, 5) ORDER BY e.id, v.k
--= id, k, val
--> 2 | 'b' | 1
--> 2 | 's' | 4000
--> 5 | 'b' | 3
--> 5 | 's' | NULL
--- OUTER APPLY with an aggregate
SELECT e.name, t.n, t.total FROM Emp e OUTER APPLY (SELECT COUNT(*) AS n, SUM(amount) AS total FROM Sale s WHERE s.emp = e.id) t ORDER BY e.id
--= name, n, total
--> 'Ann' | 2 | 30.5000
--> 'Bob' | 1 | 5.2500
--> 'Cid' | 1 | 7.0000
--> 'Dee' | 0 | NULL
--> 'Eve' | 0 | NULL
--- STRING_SPLIT of a column with a count
SELECT s.id, COUNT(*) AS parts FROM Sale s CROSS APPLY STRING_SPLIT(s.note, ';') x GROUP BY s.id ORDER BY s.id
--= id, parts
--> 1 | 1
--> 2 | 1
--> 4 | 1
--> 5 | 3
--- OPENJSON of a literal
SELECT * FROM OPENJSON(N'{"a":1,"b":[1,2],"c":{"d":null},"e":"t","f":true}')
--= key, value, type
--> 'a' | '1' | 2
--> 'b' | '[1,2]' | 4
--> 'c' | '{"d":null}' | 5
--> 'e' | 't' | 1
--> 'f' | 'true' | 3
--- JSON functions
SELECT ISJSON('{"a":1}') AS a, JSON_VALUE('{"a":{"b":[1,2]}}', '$.a.b[1]') AS b, JSON_QUERY('{"a":{"b":[1,2]}}', '$.a') AS c, JSON_VALUE('{"a":1}', 'lax $.z') AS d
--= a, b, c, d
--> 1 | '2' | '{"b":[1,2]}' | NULL
--- FOR JSON AUTO and PATH with nesting
SELECT id AS [emp.id], name AS [emp.name] FROM Emp WHERE id < 3 ORDER BY id FOR JSON PATH, ROOT('rows')
--= _col_1
--> '{"rows":[{"emp":{"id":1,"name":"Ann"}},{"emp":{"id":2,"name":"Bob"}}]}'
--- OFFSET without FETCH
SELECT name FROM Emp ORDER BY id OFFSET 3 ROWS
--= name
--> 'Dee'
--> 'Eve'
--- SELECT without FROM and arithmetic on dates
SELECT DATEADD(day, 1, '2020-02-28') AS a, CAST('2021-01-01' AS DATETIME) + 1.5 AS b, DATEDIFF(second, '2021-01-01', '2021-01-02') AS c, DATEDIFF_BIG(millisecond, '2021-01-01', '2021-01-02') AS d
--= a, b, c, d
--> 2020-02-29 00:00:00 | 2021-01-02 12:00:00 | 86400 | 86400000
--- SET and SELECT of several variables, compound assignment
DECLARE @a INT = 2, @b VARCHAR(10) = 'x', @c DECIMAL(5, 2); SET @a *= 3; SELECT @b += 'y', @c = @a / 4; SELECT @a AS a, @b AS b, @c AS c
--= a, b, c
--> 6 | 'xy' | 1.00
--- IF ELSE IF with EXISTS
IF EXISTS (SELECT 1 FROM Emp WHERE salary > 9999) SELECT 'rich' AS r ELSE IF (SELECT COUNT(*) FROM Emp) = 5 BEGIN SELECT 'five' AS r END ELSE SELECT 'other' AS r
--= r
--> 'five'
--- WHILE with CONTINUE
DECLARE @i INT = 0, @s VARCHAR(20) = ''; WHILE @i < 6 BEGIN SET @i = @i + 1; IF @i % 2 = 0 CONTINUE; SET @s = CONCAT(@s, @i); END; SELECT @s AS s
--= s
--> '135'
--- nested TRY with THROW again
BEGIN TRY BEGIN TRY DECLARE @x INT = CAST('abc' AS INT); END TRY BEGIN CATCH THROW; END CATCH END TRY BEGIN CATCH SELECT ERROR_NUMBER() AS n, ERROR_MESSAGE() AS m END CATCH
--= n, m
--> 245 | 'Conversion failed when converting the varchar value 'abc' to data type int.'
--- procedure with defaults, output and return
CREATE PROCEDURE p_raise @dept VARCHAR(10) = 'IT', @pct INT = 10, @n INT OUTPUT AS BEGIN UPDATE Emp SET salary = salary * (100 + @pct) / 100.0 WHERE dept = @dept; SET @n = @@ROWCOUNT; RETURN 7; END
GO
DECLARE @k INT, @rc INT; EXEC @rc = p_raise @pct = 50, @n = @k OUTPUT; SELECT @rc AS rc, @k AS k, SUM(salary) AS s FROM Emp WHERE dept = 'IT'
--= rc, k, s
--> 7 | 2 | 13500.00
--- temp table in a procedure, INSERT EXEC
CREATE PROC p_list @least INT AS SELECT id, name FROM Emp WHERE id >= @least
GO
CREATE TABLE #r (id INT, name VARCHAR(20)); INSERT INTO #r EXEC p_list 4; SELECT * FROM #r ORDER BY id
--= id, name
--> 4 | 'Dee'
--> 5 | 'Eve'
--- UPDATE with CASE and TOP-less subquery
UPDATE Emp SET dept = CASE WHEN dept IS NULL THEN 'N/A' ELSE LOWER(dept) END, boss = (SELECT MIN(id) FROM Emp) WHERE id >= 4; SELECT id, dept, boss FROM Emp WHERE id >= 4 ORDER BY id
--= id, dept, boss
--> 4 | 'hr' | 1
--> 5 | 'N/A' | 1
--- DELETE with EXISTS, @@ROWCOUNT
DELETE FROM Sale WHERE NOT EXISTS (SELECT 1 FROM Emp WHERE Emp.id = Sale.emp); SELECT @@ROWCOUNT AS n
--= n
--> 1
--- three-part names and brackets
SELECT COUNT(*) AS n FROM [tarn].[dbo].[Emp]
--= n
--> 5
--- quoted identifiers, reserved words and odd names
SELECT 1 AS [order by], 2 AS "group", 3 AS [a]]b], 4 AS [é ü]
--= order by, group, a]b, é ü
--> 1 | 2 | 3 | 4
--- comments and a semicolon alone
/* block /* nested */ */ SELECT 1 AS a -- end
;; SELECT 2 AS b;
--= a
--> 1
--= b
--> 2
--- N strings, escaped quotes, unicode
SELECT N'it''s' AS a, LEN(N'žluťoučký') AS b, UNICODE(N'ž') AS c, NCHAR(382) AS d, DATALENGTH(N'ab') AS e
--= a, b, c, d, e
--> 'it's' | 9 | 382 | 'ž' | 4
--- empty table aggregates
SELECT COUNT(*) AS c, SUM(salary) AS s, MAX(name) AS m, STRING_AGG(name, ',') AS g FROM Emp WHERE 1 = 0
--= c, s, m, g
--> 0 | NULL | NULL | NULL
--- GROUP BY over an expression and alias in ORDER BY
SELECT YEAR(hired) AS y, COUNT(*) AS n FROM Emp GROUP BY YEAR(hired) ORDER BY n DESC, y
--= y, n
--> 2020 | 2
--> 2018 | 1
--> 2019 | 1
--> 2021 | 1
--- DISTINCT with ORDER BY
SELECT DISTINCT dept FROM Emp ORDER BY dept DESC
--= dept
--> 'hr'
--> 'N/A'
--> 'IT'
--> 'HR'
--- TOP with a variable and ORDER BY an expression
DECLARE @n INT = 2; SELECT TOP (@n) name FROM Emp ORDER BY LEN(name) + id DESC
--= name
--> 'Eve'
--> 'Dee'
--- SELECT star with an extra column and duplicates
SELECT e.*, s.amount FROM Emp e JOIN Sale s ON s.emp = e.id WHERE s.id = 3
--= id, name, dept, salary, hired, boss, amount
--> 2 | 'Bob' | 'IT' | 6000.00 | 2020-02-29 | 1 | 5.2500
--- windows: RANGE, running distinct, default frame with ties
SELECT id, SUM(salary) OVER (ORDER BY dept) AS by_range, SUM(salary) OVER (ORDER BY dept ROWS UNBOUNDED PRECEDING) - SUM(salary) OVER (ORDER BY dept ROWS UNBOUNDED PRECEDING) AS z, COUNT(*) OVER () AS n, MAX(id) OVER (PARTITION BY dept) AS m FROM Emp ORDER BY id
--= id, by_range, z, n, m
--> 1 | 16500.00 | 0.00 | 5 | 2
--> 2 | 16500.00 | 0.00 | 5 | 2
--> 3 | 3000.00 | 0.00 | 5 | 3
--> 4 | 19500.00 | 0.00 | 5 | 4
--> 5 | 16500.00 | 0.00 | 5 | 5
--- NULL comparisons and IS DISTINCT
SELECT COUNT(*) AS n FROM Emp WHERE dept <> 'IT' OR dept = NULL
--= n
--> 3
--- BETWEEN dates as text
SELECT COUNT(*) AS n FROM Sale WHERE d BETWEEN '20210101' AND '2021-01-31T23:59:59'
--= n
--> 2
--- CASE in ORDER BY
SELECT name FROM Emp ORDER BY CASE WHEN dept = 'hr' THEN 0 ELSE 1 END, name
--= name
--> 'Dee'
--> 'Ann'
--> 'Bob'
--> 'Cid'
--> 'Eve'
--- VAR, STDEV
SELECT ROUND(STDEV(id), 6) AS s, ROUND(STDEVP(id), 6) AS sp, ROUND(VAR(id), 6) AS v, ROUND(VARP(id), 6) AS vp FROM Emp
--= s, sp, v, vp
--> 1.581139 | 1.414214 | 2.5 | 2.0
--- CHECKSUM-free row hash by CONCAT_WS
SELECT LEN(CONCAT_WS('|', id, name, dept, salary, hired)) AS n FROM Emp WHERE id = 1
--= n
--> 27
--- SELECT INTO a permanent table
SELECT id, name INTO dbo.Copied FROM Emp WHERE id < 3; SELECT COUNT(*) AS n FROM dbo.Copied
--= n
--> 2
--- RENAME, sp_rename of a table
RENAME OBJECT dbo.Copied TO Copied2; SELECT COUNT(*) AS n FROM dbo.Copied2
--= n
--> 2
--- PREDICT-less model table with varbinary
CREATE TABLE dbo.Models (Id INT IDENTITY(1,1) NOT NULL, Model VARBINARY(MAX) NULL, Description VARCHAR(200) NULL) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP); INSERT INTO dbo.Models (Model, Description) VALUES (0x0801, 'm'); SELECT DATALENGTH(Model) AS n, Description FROM dbo.Models
--= n, Description
--> 2 | 'm'
--- error: double quotes for a text
SELECT * FROM Emp WHERE dept = "IT"
--! BindError: Invalid column name 'IT'. Hint: Text stands in single quotes: 'IT'. There are: boss, dept, hired, id, name, salary.
--- error: unknown function near another
SELECT LENGHT(name) FROM Emp
--! BindError: 'LENGHT' is not a recognized built-in function name. Hint: write LEN in place of LENGHT
--- error: unknown function
SELECT DATETRUN(month, hired) FROM Emp
--! BindError: 'DATETRUN' is not a recognized built-in function name. Hint: write DATETRUNC in place of DATETRUN
--- error: function of another dialect
SELECT NVL(dept, 'x') FROM Emp
--! BindError: 'NVL' is not a recognized built-in function name. Hint: write ISNULL in place of NVL
--- error: LIMIT
SELECT * FROM Emp LIMIT 5
--! SqlSyntaxError: Incorrect syntax near '5'. Hint: write SELECT TOP (n) ..., or ORDER BY ... OFFSET 0 ROWS FETCH NEXT n ROWS ONLY
--- error: column not in GROUP BY
SELECT dept, name FROM Emp GROUP BY dept
--! BindError: Column 'emp.name' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause. Hint: Group by it, or aggregate it.
--- error: aggregate in WHERE
SELECT dept FROM Emp WHERE COUNT(*) > 1
--! BindError: An aggregate may not appear here. Hint: Aggregates stand in a select list, in HAVING or in ORDER BY, and not within each other.
--- error: division by zero
SELECT id / (id - id) FROM Emp
--! SqlRuntimeError: Divide by zero error encountered. Hint: Divide by NULLIF(divisor, 0): it gives NULL instead.
--- error: alias in WHERE
SELECT salary * 2 AS dbl FROM Emp WHERE dbl > 1
--! BindError: Invalid column name 'dbl'. Hint: There are: boss, dept, hired, id, name, salary.
--- error: ORDER BY in a derived table
SELECT * FROM (SELECT id FROM Emp ORDER BY id) t
--! SqlSyntaxError: The ORDER BY clause is invalid in views, inline functions, derived tables, subqueries, and common table expressions, unless TOP, OFFSET or FOR XML is also specified. Hint: order the rows where the result is read
--- error: misspelt table
SELECT * FROM Empl
--! BindError: Invalid object name 'Empl'. Hint: There is: dbo.emp.
--- error: misspelt keyword
SELCT * FROM Emp
--! SqlSyntaxError: Incorrect syntax near '*'. Hint: did you mean SELECT in place of SELCT?
--- error: missing comma or paren
SELECT COUNT(* FROM Emp
--! SqlSyntaxError: Incorrect syntax near 'FROM'. Hint: expected ) here
--- error: number of values
INSERT INTO Emp VALUES (1, 2)
--! BindError: There are more columns in the INSERT statement than values specified in the VALUES clause. Hint: The number of values in the VALUES clause must match the number of columns.
--- error: ambiguous column
SELECT id FROM Emp e JOIN Sale s ON e.id = s.emp
--! BindError: Ambiguous column name 'id'. Hint: Qualify it with its table.
--- error: NOT NULL violated
CREATE TABLE nn (a INT NOT NULL); INSERT INTO nn VALUES (NULL)
--! SqlRuntimeError: Cannot insert the value NULL into column 'a', table 'dbo.nn'; column does not allow nulls. Hint: The data brings this about; look at the values.
--- error: truncated text
CREATE TABLE tr (a VARCHAR(2)); INSERT INTO tr VALUES ('abc')
--! SqlRuntimeError: String or binary data would be truncated. Truncated value: 'ab'. Hint: Declare the column longer, or take LEFT(text, n).
--- error: overflow
SELECT CAST(300 AS TINYINT)
--! SqlRuntimeError: Arithmetic overflow error converting the value 300 to data type tinyint. Hint: Cast to a wider type before computing; TRY_CAST gives NULL instead of an error.
--- error: conversion of a text
SELECT CAST('1x' AS INT)
--! SqlRuntimeError: Conversion failed when converting the varchar value '1x' to data type int. Hint: TRY_CAST gives NULL instead of an error.
--- error: COPY misspelt option
COPY INTO tr FROM 'csv/population/population.csv' WITH (FIELDTERMINTOR = ',')
--! SqlSyntaxError: Incorrect syntax near 'FIELDTERMINTOR'. Hint: did you mean FIELDTERMINATOR in place of FIELDTERMINTOR?
--- error: COPY of a header
CREATE TABLE pp (c VARCHAR(20), n VARCHAR(50), y INT, p BIGINT); COPY INTO pp FROM 'csv/population-header/population.csv' WITH (FILE_TYPE = 'CSV', ROWTERMINATOR = '0x0A')
--! SqlRuntimeError: Bulk load data conversion error (type mismatch or invalid character for the specified code page) for row 1, column 3 (y) in data file csv/population-header/population.csv. Hint: The value is 'year'; row 1 looks like a header, which FIRSTROW = 2 skips; MAXERRORS lets rows be rejected.
--- error: COPY of Parquet as CSV
COPY INTO pp FROM 'parquet/nested/nested.parquet' WITH (FILE_TYPE = 'CSV')
--! FormatError: parquet/nested/nested.parquet is a Parquet file, not text. Hint: Say FORMAT = 'PARQUET' (COPY INTO: FILE_TYPE).
--- error: COPY of CSV as Parquet
COPY INTO pp FROM 'csv/population/population.csv' WITH (FILE_TYPE = 'PARQUET')
--! FormatError: csv/population/population.csv is not a Parquet file. Hint: Say FORMAT = 'CSV' (COPY INTO: FILE_TYPE) if it is text.
--- error: subquery with two rows
SELECT (SELECT id FROM Emp) AS x
--! SqlRuntimeError: Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression. Hint: Take one: SELECT TOP 1, MAX(...) or IN.
--- error: UNION of other numbers of columns
SELECT 1, 2 UNION SELECT 3
--! BindError: All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.
--- error: DELETE of a CTE
WITH c AS (SELECT id FROM Emp) DELETE FROM c WHERE id = 1
--! UnsupportedSqlError: UPDATE and DELETE of the common table expression 'c' are not supported. Hint: It holds no rows: change the table WHERE EXISTS (SELECT ...), or CTAS the rows to keep.
--- error: window in WHERE
SELECT id FROM Emp WHERE ROW_NUMBER() OVER (ORDER BY id) = 1
--! BindError: Windowed functions can only appear in the SELECT or ORDER BY clauses.
--- error: unknown procedure
EXEC sp_describe_first_resultset N'SELECT 1'
--! BindError: Could not find stored procedure 'sp_describe_first_resultset'. Hint: There is: 
