--- the tables of the snippets
CREATE TABLE t (id INT, name VARCHAR(20), qty INT, price DECIMAL(10, 2), d DATETIME2, grp VARCHAR(5), code VARCHAR(5));
INSERT INTO t VALUES (1, 'Alice', 3, 2.50, '2024-01-31 10:20:30', 'A', 'x'), (2, 'bob', 5, 1.25, '2024-02-29 23:59:59', 'A', 'y'), (3, NULL, 0, NULL, '2023-12-31', 'B', 'X ');
CREATE TABLE u (id INT, k VARCHAR(5), v INT); INSERT INTO u VALUES (1, 'a', 10), (1, 'b', 20), (2, 'a', 5)
--- int division
SELECT 7/2
--= _col_1
--> 3
--- int col division
SELECT qty/2 FROM t WHERE id=1
--= _col_1
--> 1
--- neg int div
SELECT -7/2
--= _col_1
--> -3
--- string concat +
SELECT 'a'+'b'
--= _col_1
--> 'ab'
--- col concat +
SELECT name+'!' FROM t WHERE id=1
--= _col_1
--> 'Alice!'
--- + col untyped both
SELECT name+grp FROM t WHERE id=1
--= _col_1
--> 'AliceA'
--- int + varchar literal
SELECT 1+'2'
--= _col_1
--> 3
--- CHOOSE
SELECT CHOOSE(2,'a','b','c')
--= _col_1
--> 'b'
--- LEN trailing blanks
SELECT LEN('ab  ')
--= _col_1
--> 2
--- DATALENGTH
SELECT DATALENGTH('abc')
--= _col_1
--> 3
--- PATINDEX
SELECT PATINDEX('%b%','abc')
--= _col_1
--> 2
--- LEFT/RIGHT
SELECT LEFT('abc',2)+RIGHT('abc',1)
--= _col_1
--> 'abc'
--- SPACE
SELECT 'a'+SPACE(2)+'b'
--= _col_1
--> 'a  b'
--- STR
SELECT STR(12.5,6,1)
--= _col_1
--> '  12.5'
--- QUOTENAME
SELECT QUOTENAME('a')
--= _col_1
--> '[a]'
--- UNICODE/NCHAR
SELECT NCHAR(945)
--= _col_1
--> 'α'
--- FORMAT number
SELECT FORMAT(1234.5,'N2')
--= _col_1
--> '1,234.50'
--- STRING_SPLIT
SELECT value FROM STRING_SPLIT('a,b,c',',')
--= value
--> 'a'
--> 'b'
--> 'c'
--- SOUNDEX
SELECT SOUNDEX('abc')
--= _col_1
--> 'A120'
--- DATEDIFF week
SELECT DATEDIFF(week,'2024-01-06','2024-01-07')
--= _col_1
--> 1
--- DATEDIFF int epoch 0
SELECT DATEADD(month,DATEDIFF(month,0,CAST('2024-02-15' AS DATE)),0)
--= _col_1
--> 2024-02-01 00:00:00
--- DATEPART year
SELECT DATEPART(year,'2024-02-29')
--= _col_1
--> 2024
--- DATEPART weekday
SELECT DATEPART(weekday,CAST('2024-01-07' AS DATE))
--= _col_1
--> 1
--- DATEPART dw
SELECT DATEPART(dw,CAST('2024-01-08' AS DATE))
--= _col_1
--> 2
--- DATEPART week
SELECT DATEPART(week,CAST('2024-01-07' AS DATE))
--= _col_1
--> 2
--- DATEPART ms
SELECT DATEPART(millisecond, CAST('2024-01-01 00:00:01.250' AS DATETIME2))
--= _col_1
--> 250
--- DATE_BUCKET
SELECT DATE_BUCKET(week,1,CAST('2024-02-29' AS DATE))
--= _col_1
--> 2024-02-26
--- GETDATE
SELECT DATEDIFF(hour, GETDATE(), CURRENT_TIMESTAMP)
--= _col_1
--> 0
--- SYSUTCDATETIME
SELECT DATEDIFF(hour, SYSUTCDATETIME(), GETUTCDATE())
--= _col_1
--> 0
--- SYSDATETIMEOFFSET
SELECT DATEDIFF(hour, SYSDATETIMEOFFSET(), SYSUTCDATETIME())
--= _col_1
--> 0
--- AT TIME ZONE
SELECT CONVERT(VARCHAR(30), CAST('2024-01-01' AS DATETIME2(0)) AT TIME ZONE 'UTC' AT TIME ZONE 'Pacific Standard Time')
--= _col_1
--> '2023-12-31 16:00:00 -08:00'
--- ISDATE
SELECT ISDATE('2024-01-01')
--= _col_1
--> 1
--- datetime + int
SELECT CAST('2024-01-01' AS DATETIME)+1
--= _col_1
--> 2024-01-02 00:00:00
--- CONVERT style 126
SELECT CONVERT(VARCHAR(30), CAST('2024-02-29 01:02:03' AS DATETIME), 126)
--= _col_1
--> '2024-02-29T01:02:03'
--- CONVERT DATE no style
SELECT CONVERT(DATE,'20240229')
--= _col_1
--> 2024-02-29
--- CAST varchar truncation
SELECT CAST('abcdef' AS VARCHAR(3))
--= _col_1
--> 'abc'
--- CAST varchar default 30
SELECT LEN(CAST(REPLICATE('x',50) AS VARCHAR))
--= _col_1
--> 30
--- CAST float->int trunc
SELECT CAST(2.7 AS INT)
--= _col_1
--> 2
--- CAST decimal->int neg
SELECT CAST(-2.5 AS INT)
--= _col_1
--> -2
--- CAST bit
SELECT CAST('true' AS BIT)
--= _col_1
--> True
--- PARSE
SELECT PARSE('12' AS INT)
--= _col_1
--> 12
--- CAST MONEY
SELECT CAST(1.23456 AS MONEY)
--= _col_1
--> 1.2346
--- CAST datetime string short
SELECT CAST('20240229' AS DATETIME)
--= _col_1
--> 2024-02-29 00:00:00
--- NVARCHAR(MAX)
SELECT CAST('a' AS NVARCHAR(MAX))
--= _col_1
--> 'a'
--- ROUND trunc flag
SELECT ROUND(2.79,1,1)
--= _col_1
--> 2.70
--- CHECKSUM
SELECT CHECKSUM('a')
--! UnsupportedSqlError: CHECKSUM is not supported: its value is a hash of SQL Server's own storage format. Hint: Use HASHBYTES.
--- ISNUMERIC
SELECT ISNUMERIC('12')
--= _col_1
--> 1
--- AVG int
SELECT AVG(qty) FROM t
--= _col_1
--> 2
--- VARP
SELECT VARP(qty) FROM t
--= _col_1
--> 4.222222222222222
--- = case-insens
SELECT COUNT(*) FROM t WHERE name='ALICE'
--= _col_1
--> 0
--- = trailing blank
SELECT COUNT(*) FROM t WHERE code='x'
--= _col_1
--> 1
--- LIKE ci
SELECT COUNT(*) FROM t WHERE name LIKE 'AL%'
--= _col_1
--> 0
--- LIKE [class]
SELECT COUNT(*) FROM t WHERE name LIKE '[AB]%'
--= _col_1
--> 1
--- GROUP BY ci
SELECT COUNT(*) FROM (SELECT code FROM t GROUP BY code) q
--= _col_1
--> 3
--- COLLATE
SELECT COUNT(*) FROM t WHERE name='ALICE' COLLATE Latin1_General_CI_AS
--= _col_1
--> 1
--- !< !>
SELECT COUNT(*) FROM t WHERE id !< 2
--= _col_1
--> 2
--- TOP WITH TIES
SELECT TOP 1 WITH TIES id,grp FROM t ORDER BY grp
--= id, grp
--> 1 | 'A'
--> 2 | 'A'
--- TOP var
DECLARE @n INT = 2; SELECT TOP (@n) id FROM t ORDER BY id
--= id
--> 1
--> 2
--- 3-part name
SELECT id FROM tarn.dbo.t ORDER BY id
--= id
--> 1
--> 2
--> 3
--- #temp
CREATE TABLE #tmp (id INT); INSERT INTO #tmp VALUES (7); SELECT id FROM #tmp
--= id
--> 7
--- CROSS APPLY
SELECT t.id, x.v FROM t CROSS APPLY (SELECT TOP 1 v FROM u WHERE u.id = t.id ORDER BY v DESC) x ORDER BY t.id
--= id, v
--> 1 | 20
--> 2 | 5
--- OUTER APPLY
SELECT t.id, x.v FROM t OUTER APPLY (SELECT TOP 1 v FROM u WHERE u.id = t.id ORDER BY v DESC) x ORDER BY t.id
--= id, v
--> 1 | 20
--> 2 | 5
--> 3 | NULL
--- CROSS APPLY VALUES
SELECT x.a FROM t CROSS APPLY (VALUES (t.id), (t.qty)) x(a) WHERE t.id = 1 ORDER BY x.a
--= a
--> 1
--> 3
--- ROLLUP old
SELECT grp,COUNT(*) FROM t GROUP BY grp WITH ROLLUP
--= grp, _col_2
--> 'A' | 2
--> 'B' | 1
--> NULL | 3
--- FOR XML PATH agg
SELECT STUFF((SELECT ','+k FROM u FOR XML PATH('')),1,1,'')
--! UnsupportedSqlError: FOR XML is not supported: a result is rows or JSON. Hint: use FOR JSON, or STRING_AGG to join strings
--- OPENJSON
SELECT * FROM OPENJSON('[1,2]')
--= key, value, type
--> '0' | '1' | 2
--> '1' | '2' | 2
--- OPENROWSET bulk
SELECT COUNT(*) FROM OPENROWSET(BULK 'parquet/nested/*.parquet', FORMAT = 'PARQUET') AS r
--= _col_1
--> 2
--- OPENROWSET WITH schema
SELECT SUM(p) FROM OPENROWSET(BULK 'csv/population/*.csv', FORMAT = 'CSV') WITH (p BIGINT 4) AS r
--= _col_1
--> 146259800
--- r.filepath(1)
SELECT DISTINCT r.filepath(1) FROM OPENROWSET(BULK 'parquet/taxi/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS r ORDER BY 1
--= filepath(1)
--> '2016'
--> '2017'
--- CTAS distribution
CREATE TABLE dbo.x WITH (DISTRIBUTION = HASH(id), CLUSTERED COLUMNSTORE INDEX) AS SELECT id FROM t; SELECT COUNT(*) FROM dbo.x
--= _col_1
--> 3
--- DECLARE/SET
DECLARE @x INT = 5; SELECT @x
--= _col_1
--> 5
--- SET var select
DECLARE @x INT; SET @x = 1; SELECT @x
--= _col_1
--> 1
--- EXEC
EXEC sp_who
--! BindError: Could not find stored procedure 'sp_who'. Hint: There is: 
--- IF ELSE
IF 1=1 SELECT 1 ELSE SELECT 2
--= _col_1
--> 1
--- GENERATE_SERIES
SELECT value FROM GENERATE_SERIES(1,3)
--= value
--> 1
--> 2
--> 3
--- @@ROWCOUNT
SELECT @@ROWCOUNT
--= _col_1
--> 0
--- BETWEEN dates literal
SELECT COUNT(*) FROM t WHERE d BETWEEN '20240101' AND '20240301'
--= _col_1
--> 2
