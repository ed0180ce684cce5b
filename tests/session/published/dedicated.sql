--- tables of the tutorial
CREATE TABLE dbo.DimDate (DateKey INT NOT NULL, FullDate DATE, CalendarYear SMALLINT, MonthName VARCHAR(10)) WITH (DISTRIBUTION = REPLICATE, CLUSTERED COLUMNSTORE INDEX);
CREATE TABLE dbo.DimSalesTerritory (SalesTerritoryKey INT NOT NULL, Region NVARCHAR(50), Country NVARCHAR(50)) WITH (CLUSTERED INDEX (SalesTerritoryKey), DISTRIBUTION = ROUND_ROBIN);
CREATE TABLE dbo.DimProduct (ProductKey INT NOT NULL PRIMARY KEY NONCLUSTERED NOT ENFORCED, Name NVARCHAR(50) NOT NULL, Color VARCHAR(10) NULL, ListPrice MONEY NULL) WITH (HEAP, DISTRIBUTION = REPLICATE);
CREATE TABLE [dbo].[FactInternetSales] ([ProductKey] int NOT NULL, [OrderDateKey] int NOT NULL, [CustomerKey] int NOT NULL, [SalesTerritoryKey] int NOT NULL, [SalesOrderNumber] nvarchar(20) NOT NULL, [OrderQuantity] smallint NOT NULL, [UnitPrice] money NOT NULL, [SalesAmount] money NOT NULL)
WITH (CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = HASH([ProductKey]), PARTITION ([OrderDateKey] RANGE RIGHT FOR VALUES (20120101, 20130101, 20140101)));
INSERT INTO dbo.DimDate SELECT d, CAST(CAST(d AS CHAR(8)) AS DATE), d / 10000, DATENAME(month, CAST(CAST(d AS CHAR(8)) AS DATE)) FROM (VALUES (20111231), (20120115), (20120620), (20130301), (20131111), (20140101)) v(d);
INSERT INTO dbo.DimSalesTerritory VALUES (1, N'Northwest', N'United States'), (2, N'Northeast', N'United States'), (3, N'France', N'France'), (4, N'Germany', N'Germany');
INSERT INTO dbo.DimProduct (ProductKey, Name, Color, ListPrice) VALUES (310, 'Road-150 Red', 'Red', 3578.27), (346, 'Mountain-100 Silver', 'Silver', 3399.99), (528, 'Tire Tube', NULL, 4.99), (214, 'Helmet', 'Black', 34.99);
INSERT INTO dbo.FactInternetSales VALUES (310, 20111231, 1, 1, N'SO1', 1, 3578.27, 3578.27), (310, 20120115, 2, 3, N'SO2', 1, 3578.27, 3578.27), (346, 20120115, 1, 1, N'SO3', 2, 3399.99, 6799.98), (528, 20120620, 3, 4, N'SO4', 3, 4.99, 14.97), (528, 20130301, 1, 2, N'SO5', 1, 4.99, 4.99), (214, 20130301, 2, 3, N'SO6', 1, 34.99, 34.99), (214, 20131111, 4, 3, N'SO7', 4, 34.99, 139.96), (346, 20140101, 3, 4, N'SO8', 1, 3399.99, 3399.99);
--- star join with an aggregate
SELECT d.CalendarYear, t.Country, SUM(f.SalesAmount) AS Sales, COUNT(*) AS Orders, AVG(f.UnitPrice) AS AvgPrice
FROM dbo.FactInternetSales f JOIN dbo.DimDate d ON f.OrderDateKey = d.DateKey JOIN dbo.DimSalesTerritory AS t ON f.SalesTerritoryKey = t.SalesTerritoryKey
GROUP BY d.CalendarYear, t.Country ORDER BY d.CalendarYear, t.Country;
--= CalendarYear, Country, Sales, Orders, AvgPrice
--> 2011 | 'United States' | 3578.2700 | 1 | 3578.2700
--> 2012 | 'France' | 3578.2700 | 1 | 3578.2700
--> 2012 | 'Germany' | 14.9700 | 1 | 4.9900
--> 2012 | 'United States' | 6799.9800 | 1 | 3399.9900
--> 2013 | 'France' | 174.9500 | 2 | 34.9900
--> 2013 | 'United States' | 4.9900 | 1 | 4.9900
--> 2014 | 'Germany' | 3399.9900 | 1 | 3399.9900
--- CTAS with casts and ISNULL
CREATE TABLE dbo.Sales2012 WITH (DISTRIBUTION = HASH(CustomerKey), CLUSTERED COLUMNSTORE INDEX ORDER (OrderDateKey)) AS
SELECT ISNULL(CAST(CustomerKey AS INT), 0) AS CustomerKey, OrderDateKey, CAST(SalesAmount * 1.1 AS DECIMAL(12, 2)) AS Gross FROM dbo.FactInternetSales WHERE OrderDateKey BETWEEN 20120101 AND 20121231 OPTION (LABEL = 'CTAS : 2012');
SELECT * FROM dbo.Sales2012 ORDER BY OrderDateKey, CustomerKey
--= CustomerKey, OrderDateKey, Gross
--> 1 | 20120115 | 7479.98
--> 2 | 20120115 | 3936.10
--> 3 | 20120620 | 16.47
--- CTAS in place of an ANSI join delete, RENAME OBJECT swap
CREATE TABLE dbo.DimProduct_upsert WITH (DISTRIBUTION = REPLICATE, HEAP) AS
SELECT p.ProductKey, p.Name, p.Color, p.ListPrice FROM dbo.DimProduct AS p RIGHT JOIN (SELECT 310 AS ProductKey UNION ALL SELECT 528) AS s ON p.ProductKey = s.ProductKey
UNION ALL SELECT ProductKey, Name, Color, ListPrice FROM dbo.DimProduct p WHERE NOT EXISTS (SELECT * FROM (SELECT 310 AS k) s WHERE s.k = p.ProductKey) AND p.ProductKey < 300;
RENAME OBJECT dbo.DimProduct TO DimProduct_old;
RENAME OBJECT dbo.DimProduct_upsert TO DimProduct;
SELECT ProductKey FROM dbo.DimProduct ORDER BY 1;
--= ProductKey
--> 214
--> 310
--> 528
--- and back
DROP TABLE dbo.DimProduct; RENAME OBJECT dbo.DimProduct_old TO DimProduct; SELECT COUNT(*) AS n FROM dbo.DimProduct
--= n
--> 4
--- MERGE with all branches
CREATE TABLE dbo.Target (id INT NOT NULL, v VARCHAR(10), n INT) WITH (DISTRIBUTION = HASH(id), HEAP); INSERT INTO dbo.Target VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
CREATE TABLE dbo.Source (id INT NOT NULL, v VARCHAR(10), n INT) WITH (DISTRIBUTION = HASH(id), HEAP); INSERT INTO dbo.Source VALUES (2, 'B', 20), (3, 'c', 3), (4, 'd', 4);
MERGE INTO dbo.Target AS t USING (SELECT id, v, n FROM dbo.Source) AS s ON t.id = s.id
WHEN MATCHED AND t.n <> s.n THEN UPDATE SET t.v = s.v, n = s.n
WHEN NOT MATCHED BY TARGET THEN INSERT (id, v, n) VALUES (s.id, s.v, s.n)
WHEN NOT MATCHED BY SOURCE THEN DELETE;
SELECT * FROM dbo.Target ORDER BY id
--= id, v, n
--> 2 | 'B' | 20
--> 3 | 'c' | 3
--> 4 | 'd' | 4
--- UPDATE with a join and an alias
UPDATE t SET t.n = t.n + s.n, v = UPPER(s.v) FROM dbo.Target AS t INNER JOIN dbo.Source AS s ON t.id = s.id WHERE s.n > 3;
SELECT *, @@ROWCOUNT AS rc FROM dbo.Target ORDER BY id
--= id, v, n, rc
--> 2 | 'B' | 40 | 2
--> 3 | 'c' | 3 | 2
--> 4 | 'D' | 8 | 2
--- UPDATE from a derived table of sums
UPDATE dbo.Target SET n = a.total FROM (SELECT id, SUM(n) * 10 AS total FROM dbo.Source GROUP BY id) AS a WHERE a.id = dbo.Target.id;
SELECT id, n FROM dbo.Target ORDER BY id
--= id, n
--> 2 | 200
--> 3 | 30
--> 4 | 40
--- DELETE with FROM and a join
DELETE FROM t FROM dbo.Target t JOIN dbo.Source s ON t.id = s.id WHERE s.v = 'd';
DELETE dbo.Target WHERE id IN (SELECT id FROM dbo.Source WHERE id = 3);
SELECT id FROM dbo.Target
--= id
--> 2
--- INSERT SELECT, TRUNCATE
INSERT INTO dbo.Target (id, v) SELECT TOP 2 id, v FROM dbo.Source ORDER BY id; SELECT COUNT(*) AS n FROM dbo.Target; TRUNCATE TABLE dbo.Target; SELECT COUNT(*) AS n FROM dbo.Target
--= n
--> 3
--= n
--> 0
--- COPY INTO with a header
CREATE TABLE dbo.Pop (code VARCHAR(5), name VARCHAR(50), [year] INT, people BIGINT) WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);
COPY INTO dbo.Pop (code 1, name 2, [year] 3, people 4) FROM 'csv/population-header/*.csv' WITH (FILE_TYPE = 'CSV', MAXERRORS = 0, FIRSTROW = 2, FIELDTERMINATOR = ',', ROWTERMINATOR = '0x0A', FIELDQUOTE = '"', ENCODING = 'UTF8', DATEFORMAT = 'ymd', IDENTITY_INSERT = 'OFF', CREDENTIAL = (IDENTITY = 'Managed Identity')) OPTION (LABEL = 'COPY : pop');
SELECT code, SUM(people) AS p FROM dbo.Pop GROUP BY code ORDER BY code
--= code, p
--> 'BE' | 11375158
--> 'FR' | 133708512
--> 'LU' | 1176130
--p CREDENTIAL is not used: the workspace's own storage options open the files.
--- COPY INTO from Parquet creates the table
COPY INTO dbo.Nested FROM 'parquet/taxi/year=2017/' WITH (FILE_TYPE = 'PARQUET', AUTO_CREATE_TABLE = 'ON');
SELECT COUNT(*) AS n, SUM(passengerCount) AS p FROM dbo.Nested
--= n, p
--> 8 | 16
--- COPY INTO with DEFAULT
CREATE TABLE dbo.Pop2 (code VARCHAR(5), name VARCHAR(50), people BIGINT, loaded VARCHAR(10) NULL);
COPY INTO dbo.Pop2 (code 1, name DEFAULT 'none' 2, people 4) FROM 'csv/population/population.csv' WITH (ROWTERMINATOR = '0X0A');
SELECT COUNT(*) AS n, COUNT(loaded) AS l FROM dbo.Pop2
--= n, l
--> 5 | 0
--- GROUP BY ROLLUP
SELECT d.CalendarYear AS y, t.Country AS c, SUM(OrderQuantity) AS q, GROUPING(d.CalendarYear) AS gy, GROUPING(t.Country) AS gc FROM FactInternetSales f JOIN DimDate d ON f.OrderDateKey = d.DateKey JOIN DimSalesTerritory t ON t.SalesTerritoryKey = f.SalesTerritoryKey GROUP BY ROLLUP (d.CalendarYear, t.Country) ORDER BY gy, y, gc, c
--= y, c, q, gy, gc
--> 2011 | 'United States' | 1 | 0 | 0
--> 2011 | NULL | 1 | 0 | 1
--> 2012 | 'France' | 1 | 0 | 0
--> 2012 | 'Germany' | 3 | 0 | 0
--> 2012 | 'United States' | 2 | 0 | 0
--> 2012 | NULL | 6 | 0 | 1
--> 2013 | 'France' | 5 | 0 | 0
--> 2013 | 'United States' | 1 | 0 | 0
--> 2013 | NULL | 6 | 0 | 1
--> 2014 | 'Germany' | 1 | 0 | 0
--> 2014 | NULL | 1 | 0 | 1
--> NULL | NULL | 14 | 1 | 1
--- GROUP BY CUBE with HAVING
SELECT ProductKey, CustomerKey, COUNT(*) AS n FROM FactInternetSales GROUP BY CUBE (ProductKey, CustomerKey) HAVING COUNT(*) > 1 ORDER BY ProductKey, CustomerKey
--= ProductKey, CustomerKey, n
--> NULL | NULL | 8
--> NULL | 1 | 3
--> NULL | 2 | 2
--> NULL | 3 | 2
--> 214 | NULL | 2
--> 310 | NULL | 2
--> 346 | NULL | 2
--> 528 | NULL | 2
--- GROUPING SETS
SELECT ProductKey, SalesTerritoryKey, SUM(SalesAmount) AS s FROM FactInternetSales WHERE OrderDateKey < 20130101 GROUP BY GROUPING SETS ((ProductKey), (SalesTerritoryKey), ()) ORDER BY ProductKey, SalesTerritoryKey
--= ProductKey, SalesTerritoryKey, s
--> NULL | NULL | 13971.4900
--> NULL | 1 | 10378.2500
--> NULL | 3 | 3578.2700
--> NULL | 4 | 14.9700
--> 310 | NULL | 7156.5400
--> 346 | NULL | 6799.9800
--> 528 | NULL | 14.9700
--- PIVOT
SELECT ProductKey, [2012], [2013] FROM (SELECT ProductKey, OrderDateKey / 10000 AS y, SalesAmount FROM FactInternetSales) AS s PIVOT (SUM(SalesAmount) FOR y IN ([2012], [2013])) AS p ORDER BY ProductKey
--= ProductKey, 2012, 2013
--> 214 | NULL | 174.9500
--> 310 | 3578.2700 | NULL
--> 346 | 6799.9800 | NULL
--> 528 | 14.9700 | 4.9900
--- UNPIVOT
SELECT id, attribute, amount FROM (SELECT 1 AS id, CAST(10 AS INT) AS a, CAST(20 AS INT) AS b, CAST(NULL AS INT) AS c) p UNPIVOT (amount FOR attribute IN (a, b, c)) AS u ORDER BY attribute
--= id, attribute, amount
--> 1 | 'a' | 10
--> 1 | 'b' | 20
--- STRING_AGG within group
SELECT SalesTerritoryKey, STRING_AGG(CAST(SalesOrderNumber AS VARCHAR(MAX)), ', ') WITHIN GROUP (ORDER BY SalesOrderNumber DESC) AS orders FROM FactInternetSales GROUP BY SalesTerritoryKey ORDER BY 1
--= SalesTerritoryKey, orders
--> 1 | 'SO3, SO1'
--> 2 | 'SO5'
--> 3 | 'SO7, SO6, SO2'
--> 4 | 'SO8, SO4'
--- STRING_SPLIT and CROSS APPLY
SELECT v.id, s.value FROM (VALUES (1, 'a,b'), (2, 'c'), (3, NULL)) v(id, list) CROSS APPLY STRING_SPLIT(v.list, ',') AS s ORDER BY v.id, s.value
--= id, value
--> 1 | 'a'
--> 1 | 'b'
--> 2 | 'c'
--- STRING_SPLIT with ordinal
SELECT value, ordinal FROM STRING_SPLIT('x y z', ' ', 1) ORDER BY ordinal DESC
--= value, ordinal
--> 'z' | 3
--> 'y' | 2
--> 'x' | 1
--- CROSS APPLY with TOP, OUTER APPLY
SELECT p.ProductKey, x.SalesOrderNumber, x.SalesAmount FROM DimProduct p OUTER APPLY (SELECT TOP 1 SalesOrderNumber, SalesAmount FROM FactInternetSales f WHERE f.ProductKey = p.ProductKey AND f.OrderDateKey < 20130101 ORDER BY SalesAmount DESC, SalesOrderNumber) x ORDER BY p.ProductKey
--= ProductKey, SalesOrderNumber, SalesAmount
--> 214 | NULL | NULL
--> 310 | 'SO1' | 3578.2700
--> 346 | 'SO3' | 6799.9800
--> 528 | 'SO4' | 14.9700
--- window ranking
SELECT ProductKey, SalesOrderNumber, ROW_NUMBER() OVER (PARTITION BY ProductKey ORDER BY OrderDateKey DESC) AS rn, RANK() OVER (ORDER BY UnitPrice DESC) AS rk, DENSE_RANK() OVER (ORDER BY UnitPrice DESC) AS dr, NTILE(3) OVER (ORDER BY SalesOrderNumber) AS nt FROM FactInternetSales ORDER BY SalesOrderNumber
--= ProductKey, SalesOrderNumber, rn, rk, dr, nt
--> 310 | 'SO1' | 2 | 1 | 1 | 1
--> 310 | 'SO2' | 1 | 1 | 1 | 1
--> 346 | 'SO3' | 2 | 3 | 2 | 1
--> 528 | 'SO4' | 2 | 7 | 4 | 2
--> 528 | 'SO5' | 1 | 7 | 4 | 2
--> 214 | 'SO6' | 2 | 5 | 3 | 2
--> 214 | 'SO7' | 1 | 5 | 3 | 3
--> 346 | 'SO8' | 1 | 3 | 2 | 3
--- LAG LEAD FIRST LAST and frames
SELECT SalesOrderNumber AS o, LAG(SalesAmount, 1, 0) OVER (PARTITION BY CustomerKey ORDER BY OrderDateKey) AS prev, LEAD(SalesOrderNumber) OVER (PARTITION BY CustomerKey ORDER BY OrderDateKey) AS nxt, FIRST_VALUE(SalesOrderNumber) OVER (PARTITION BY CustomerKey ORDER BY OrderDateKey ROWS UNBOUNDED PRECEDING) AS first_o, LAST_VALUE(SalesOrderNumber) OVER (PARTITION BY CustomerKey ORDER BY OrderDateKey ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_o, SUM(OrderQuantity) OVER (PARTITION BY CustomerKey ORDER BY OrderDateKey ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS run FROM FactInternetSales ORDER BY o
--= o, prev, nxt, first_o, last_o, run
--> 'SO1' | 0.0000 | 'SO3' | 'SO1' | 'SO5' | 1
--> 'SO2' | 0.0000 | 'SO6' | 'SO2' | 'SO6' | 1
--> 'SO3' | 3578.2700 | 'SO5' | 'SO1' | 'SO5' | 3
--> 'SO4' | 0.0000 | 'SO8' | 'SO4' | 'SO8' | 3
--> 'SO5' | 6799.9800 | NULL | 'SO1' | 'SO5' | 3
--> 'SO6' | 3578.2700 | NULL | 'SO2' | 'SO6' | 2
--> 'SO7' | 0.0000 | NULL | 'SO7' | 'SO7' | 4
--> 'SO8' | 14.9700 | NULL | 'SO4' | 'SO8' | 4
--- ratio to report and PERCENT_RANK
SELECT ProductKey, SUM(SalesAmount) AS s, ROUND(100.0 * SUM(SalesAmount) / SUM(SUM(SalesAmount)) OVER (), 2) AS pct, PERCENT_RANK() OVER (ORDER BY SUM(SalesAmount)) AS pr, CUME_DIST() OVER (ORDER BY SUM(SalesAmount)) AS cd FROM FactInternetSales GROUP BY ProductKey ORDER BY ProductKey
--= ProductKey, s, pct, pr, cd
--> 214 | 174.9500 | 1.000000000000000 | 0.3333333333333333 | 0.5
--> 310 | 7156.5400 | 40.770000000000000 | 0.6666666666666666 | 0.75
--> 346 | 10199.9700 | 58.110000000000000 | 1.0 | 1.0
--> 528 | 19.9600 | 0.110000000000000 | 0.0 | 0.25
--- PERCENTILE_CONT and DISC
SELECT DISTINCT CustomerKey, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY SalesAmount) OVER (PARTITION BY CustomerKey) AS med, PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY SalesAmount) OVER (PARTITION BY CustomerKey) AS dis FROM FactInternetSales ORDER BY CustomerKey
--= CustomerKey, med, dis
--> 1 | 3578.27 | 3578.2700
--> 2 | 1806.6299999999999 | 34.9900
--> 3 | 1707.4799999999998 | 14.9700
--> 4 | 139.96 | 139.9600
--- APPROX_COUNT_DISTINCT
SELECT APPROX_COUNT_DISTINCT(CustomerKey) AS c FROM FactInternetSales
--= c
--> 4
--- EXCEPT and INTERSECT
SELECT ProductKey FROM DimProduct EXCEPT SELECT ProductKey FROM FactInternetSales WHERE OrderDateKey > 20130000 INTERSECT SELECT 214 ORDER BY ProductKey
--= ProductKey
--> 310
--> 346
--> 528
--- TOP PERCENT and WITH TIES
SELECT TOP (25) PERCENT SalesOrderNumber FROM FactInternetSales ORDER BY SalesAmount DESC, SalesOrderNumber; SELECT COUNT(*) AS n FROM (SELECT TOP 1 WITH TIES SalesOrderNumber FROM FactInternetSales ORDER BY OrderQuantity) t
--= SalesOrderNumber
--> 'SO3'
--> 'SO1'
--= n
--> 5
--- OFFSET FETCH with variables
DECLARE @page INT = 2, @size INT = 3; SELECT SalesOrderNumber FROM FactInternetSales ORDER BY SalesOrderNumber OFFSET (@page - 1) * @size ROWS FETCH NEXT @size ROWS ONLY
--= SalesOrderNumber
--> 'SO4'
--> 'SO5'
--> 'SO6'
--- CTEs
WITH s (ck, total) AS (SELECT CustomerKey, SUM(SalesAmount) FROM FactInternetSales GROUP BY CustomerKey), m AS (SELECT MAX(total) AS t FROM s) SELECT s.ck, s.total FROM s JOIN m ON s.total = m.t
--= ck, total
--> 1 | 10383.2400
--- CTE deduplication with DELETE is refused or done
CREATE TABLE dbo.dup (a INT, b INT); INSERT INTO dbo.dup VALUES (1, 1), (1, 2), (2, 1);
WITH c AS (SELECT a, b, ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) AS rn FROM dbo.dup) DELETE FROM c WHERE rn > 1;
SELECT * FROM dbo.dup ORDER BY a
--! UnsupportedSqlError: UPDATE and DELETE of the common table expression 'c' are not supported. Hint: It holds no rows: change the table WHERE EXISTS (SELECT ...), or CTAS the rows to keep.
--- IIF CHOOSE CASE COALESCE NULLIF
SELECT Name, IIF(ListPrice > 100, 'high', 'low') AS band, COALESCE(Color, 'N/A') AS c, CHOOSE(LEN(Name) % 3 + 1, 'x', 'y', 'z') AS ch, NULLIF(Color, 'Red') AS nr, CASE Color WHEN 'Red' THEN 1 WHEN 'Black' THEN 2 ELSE 0 END AS cc FROM DimProduct ORDER BY ProductKey
--= Name, band, c, ch, nr, cc
--> 'Helmet' | 'low' | 'Black' | 'x' | 'Black' | 2
--> 'Road-150 Red' | 'high' | 'Red' | 'x' | NULL | 1
--> 'Mountain-100 Silver' | 'high' | 'Silver' | 'y' | 'Silver' | 0
--> 'Tire Tube' | 'low' | 'N/A' | 'x' | NULL | 0
--- temp table by SELECT INTO and by CTAS
SELECT ProductKey, SUM(SalesAmount) AS s INTO #sums FROM FactInternetSales GROUP BY ProductKey; SELECT COUNT(*) AS n FROM #sums; CREATE TABLE #big WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT * FROM #sums WHERE s > 100; SELECT ProductKey FROM #big ORDER BY 1; DROP TABLE #sums; DROP TABLE #big
--= n
--> 4
--= ProductKey
--> 214
--> 310
--> 346
--- variables, WHILE, PRINT
DECLARE @i INT = 1, @sum INT; SET @sum = 0; WHILE @i <= 5 BEGIN SET @sum = @sum + @i; SET @i += 1; IF @i = 5 BREAK; END PRINT 'sum is ' + CAST(@sum AS VARCHAR(10)); SELECT @sum AS s
--= s
--> 10
--p sum is 10
--- SELECT into a variable
DECLARE @n INT, @m MONEY; SELECT @n = COUNT(*), @m = MAX(SalesAmount) FROM FactInternetSales; SELECT @n AS n, @m AS m
--= n, m
--> 8 | 6799.9800
--- TRY CATCH with the error functions
BEGIN TRY SELECT 1 / 0 AS x END TRY BEGIN CATCH SELECT ERROR_NUMBER() AS n, ERROR_SEVERITY() AS s, ERROR_STATE() AS st, ERROR_MESSAGE() AS m END CATCH
--= n, s, st, m
--> 8134 | 16 | 1 | 'Divide by zero error encountered.'
--- RAISERROR and THROW
BEGIN TRY RAISERROR('Custom %s %d', 16, 1, 'text', 7) END TRY BEGIN CATCH PRINT ERROR_MESSAGE(); END CATCH; BEGIN TRY THROW 51000, 'The record does not exist.', 1; END TRY BEGIN CATCH SELECT ERROR_NUMBER() AS n, ERROR_MESSAGE() AS m END CATCH
--= n, m
--> 51000 | 'The record does not exist.'
--p Custom text 7
--- dynamic SQL
DECLARE @t SYSNAME = 'DimProduct', @sql NVARCHAR(4000), @c INT; SET @sql = N'SELECT @c = COUNT(*) FROM dbo.' + QUOTENAME(@t) + ' WHERE ListPrice > @p'; EXEC sp_executesql @sql, N'@p MONEY, @c INT OUTPUT', @p = 100, @c = @c OUTPUT; SELECT @c AS c; EXEC ('SELECT ' + '1 AS one'); EXECUTE ('SELECT COUNT(*) AS n FROM dbo.DimDate')
--= c
--> 2
--= one
--> 1
--= n
--> 6
--- statements to run over all tables
CREATE TABLE #t WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT ROW_NUMBER() OVER (ORDER BY (SELECT NULL)) AS seq_nmbr, 'UPDATE STATISTICS [' + s.name + '].[' + t.name + ']' AS cmd FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id WHERE t.name LIKE 'Dim%';
DECLARE @i INT = 1, @t INT = (SELECT COUNT(*) FROM #t), @s NVARCHAR(4000) = N''; WHILE @i <= @t BEGIN SET @s = (SELECT cmd FROM #t WHERE seq_nmbr = @i); PRINT @s; EXEC sp_executesql @s; SET @i += 1; END; DROP TABLE #t
--p UPDATE STATISTICS [dbo].[DimSalesTerritory]
--p UPDATE STATISTICS [dbo].[DimProduct]
--p UPDATE STATISTICS [dbo].[DimDate]
--- statistics
CREATE STATISTICS stat_cust ON dbo.FactInternetSales (CustomerKey) WITH FULLSCAN; UPDATE STATISTICS dbo.FactInternetSales (stat_cust); SELECT name FROM sys.stats WHERE object_id = OBJECT_ID('dbo.FactInternetSales') AND name LIKE 'stat%'; DROP STATISTICS dbo.FactInternetSales.stat_cust
--= name
--> 'stat_cust'
--- distribution policies
SELECT t.name, dp.distribution_policy_desc, c.name AS col FROM sys.tables t JOIN sys.pdw_table_distribution_properties dp ON t.object_id = dp.object_id LEFT JOIN (SELECT * FROM sys.pdw_column_distribution_properties WHERE distribution_ordinal = 1) cdp ON t.object_id = cdp.object_id LEFT JOIN sys.columns c ON cdp.object_id = c.object_id AND cdp.column_id = c.column_id WHERE t.name IN ('DimDate', 'FactInternetSales', 'DimSalesTerritory') ORDER BY t.name
--= name, distribution_policy_desc, col
--> 'DimDate' | 'REPLICATE' | NULL
--> 'DimSalesTerritory' | 'ROUND_ROBIN' | NULL
--> 'FactInternetSales' | 'HASH' | 'ProductKey'
--- information schema
SELECT COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 'DimProduct' ORDER BY ORDINAL_POSITION
--= COLUMN_NAME, DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE
--> 'ProductKey' | 'int' | NULL | 'NO'
--> 'Name' | 'nvarchar' | 50 | 'NO'
--> 'Color' | 'varchar' | 10 | 'YES'
--> 'ListPrice' | 'money' | NULL | 'YES'
--- a transaction
BEGIN TRANSACTION; DELETE FROM dbo.dup; ROLLBACK TRANSACTION; SELECT COUNT(*) AS n FROM dbo.dup; BEGIN TRAN; UPDATE dbo.dup SET b = 9; COMMIT; SELECT MIN(b) AS m, @@TRANCOUNT AS tc FROM dbo.dup
--= n
--> 3
--= m, tc
--> 9 | 0
--- XACT_STATE after a failure
SET NOCOUNT ON; DECLARE @xact SMALLINT = 0; BEGIN TRAN BEGIN TRY DECLARE @i INT; SET @i = CONVERT(INT, 'ABC'); END TRY BEGIN CATCH SET @xact = XACT_STATE(); IF @@TRANCOUNT > 0 BEGIN ROLLBACK TRAN; PRINT 'ROLLBACK'; END END CATCH; SELECT @xact AS TransactionState
--= TransactionState
--> -2
--p ROLLBACK
--- view with a join, drop
CREATE VIEW dbo.v_sales AS SELECT f.SalesOrderNumber, p.Name FROM dbo.FactInternetSales f JOIN dbo.DimProduct p ON p.ProductKey = f.ProductKey
GO
SELECT Name, COUNT(*) AS n FROM dbo.v_sales GROUP BY Name HAVING COUNT(*) >= 2 ORDER BY Name
--= Name, n
--> 'Helmet' | 2
--> 'Mountain-100 Silver' | 2
--> 'Road-150 Red' | 2
--> 'Tire Tube' | 2
--- identity
CREATE TABLE dbo.T1 (C1 INT IDENTITY(1,1) NOT NULL, C2 VARCHAR(30) NULL DEFAULT 'd') WITH (DISTRIBUTION = ROUND_ROBIN, CLUSTERED COLUMNSTORE INDEX); INSERT INTO dbo.T1 (C2) VALUES ('a'); INSERT INTO dbo.T1 VALUES ('b'); INSERT INTO dbo.T1 DEFAULT VALUES; SELECT C2, COUNT(DISTINCT C1) AS c FROM dbo.T1 GROUP BY C2 ORDER BY C2
--= C2, c
--> 'a' | 1
--> 'b' | 1
--> 'd' | 1
--- SET IDENTITY_INSERT
SET IDENTITY_INSERT dbo.T1 ON; INSERT INTO dbo.T1 (C1, C2) VALUES (100, 'z'); SET IDENTITY_INSERT dbo.T1 OFF; SELECT C1 FROM dbo.T1 WHERE C2 = 'z'
--= C1
--> 100
--- hints and labels
SELECT COUNT(*) AS n FROM dbo.FactInternetSales WITH (NOLOCK) JOIN dbo.DimDate ON OrderDateKey = DateKey OPTION (HASH JOIN, LABEL = 'q1', FORCE ORDER)
--= n
--> 8
--- correlated subqueries
SELECT p.Name, (SELECT SUM(f.SalesAmount) FROM FactInternetSales f WHERE f.ProductKey = p.ProductKey) AS s FROM DimProduct p WHERE EXISTS (SELECT 1 FROM FactInternetSales f WHERE f.ProductKey = p.ProductKey AND f.OrderQuantity > 1) AND p.ListPrice < ALL (SELECT 10000) ORDER BY p.Name
--= Name, s
--> 'Helmet' | 174.9500
--> 'Mountain-100 Silver' | 10199.9700
--> 'Tire Tube' | 19.9600
--- greater than the average of its group
SELECT f.SalesOrderNumber FROM FactInternetSales f WHERE f.SalesAmount > (SELECT AVG(g.SalesAmount) FROM FactInternetSales g WHERE g.CustomerKey = f.CustomerKey) ORDER BY 1
--= SalesOrderNumber
--> 'SO1'
--> 'SO2'
--> 'SO3'
--> 'SO8'
--- COUNT DISTINCT with others
SELECT COUNT(DISTINCT CustomerKey) AS c, COUNT(DISTINCT ProductKey) AS p, SUM(DISTINCT OrderQuantity) AS q, COUNT_BIG(*) AS n FROM FactInternetSales
--= c, p, q, n
--> 4 | 4 | 10 | 8
--- FORMAT, EOMONTH, DATEPART
SELECT FORMAT(FullDate, 'yyyy-MM') AS ym, EOMONTH(FullDate) AS e, DATEPART(qq, FullDate) AS q, DATENAME(weekday, FullDate) AS wd, FORMAT(DateKey, '#,0') AS f, DATEADD(mm, DATEDIFF(mm, 0, FullDate), 0) AS first FROM DimDate WHERE DateKey < 20120701 ORDER BY DateKey
--= ym, e, q, wd, f, first
--> '2011-12' | 2011-12-31 | 4 | 'Saturday' | '20,111,231' | 2011-12-01 00:00:00
--> '2012-01' | 2012-01-31 | 1 | 'Sunday' | '20,120,115' | 2012-01-01 00:00:00
--> '2012-06' | 2012-06-30 | 2 | 'Wednesday' | '20,120,620' | 2012-06-01 00:00:00
--- CONVERT styles, TRY_CAST, TRY_CONVERT
SELECT CONVERT(VARCHAR(10), FullDate, 101) AS a, CONVERT(CHAR(8), FullDate, 112) AS b, TRY_CAST(MonthName AS INT) AS c, TRY_CONVERT(DATE, '2012-13-01') AS d, CONVERT(DATE, '15/01/2012', 103) AS e FROM DimDate WHERE DateKey = 20120115
--= a, b, c, d, e
--> '01/15/2012' | '20120115' | NULL | NULL | 2012-01-15
--- table value constructor joined
SELECT d.DateKey, v.label FROM DimDate d JOIN (VALUES (2012, 'twelve'), (2013, 'thirteen')) AS v (y, label) ON v.y = d.CalendarYear ORDER BY d.DateKey
--= DateKey, label
--> 20120115 | 'twelve'
--> 20120620 | 'twelve'
--> 20130301 | 'thirteen'
--> 20131111 | 'thirteen'
--- result set cache
SET RESULT_SET_CACHING ON; SELECT COUNT(*) AS n FROM DimDate; SET RESULT_SET_CACHING OFF
--= n
--> 6
--p Result set caching is OFF at the database level, so no result is kept: ALTER DATABASE tarn SET RESULT_SET_CACHING ON.
--- a numbers table by cross joins
WITH E1(N) AS (SELECT 1 FROM (VALUES (1),(1),(1),(1),(1),(1),(1),(1),(1),(1)) t(N)), E2(N) AS (SELECT 1 FROM E1 a CROSS JOIN E1 b), nums AS (SELECT ROW_NUMBER() OVER (ORDER BY (SELECT NULL)) AS n FROM E2) SELECT COUNT(*) AS c, SUM(n) AS s FROM nums WHERE n % 2 = 0
--= c, s
--> 50 | 2550
--- partition switching out and in
CREATE TABLE dbo.Fact_2012 WITH (CLUSTERED COLUMNSTORE INDEX, DISTRIBUTION = HASH(ProductKey), PARTITION (OrderDateKey RANGE RIGHT FOR VALUES (20120101, 20130101, 20140101))) AS SELECT * FROM FactInternetSales WHERE 1 = 2;
ALTER TABLE FactInternetSales SWITCH PARTITION 2 TO Fact_2012 PARTITION 2; SELECT (SELECT COUNT(*) FROM FactInternetSales) AS f, (SELECT COUNT(*) FROM Fact_2012) AS g; ALTER TABLE Fact_2012 SWITCH PARTITION 2 TO FactInternetSales PARTITION 2 WITH (TRUNCATE_TARGET = ON); SELECT COUNT(*) AS n FROM FactInternetSales
--= f, g
--> 5 | 3
--= n
--> 8
--- ALTER TABLE
ALTER TABLE dbo.dup ADD c VARCHAR(5) NULL; INSERT INTO dbo.dup VALUES (7, 7, 'x'); ALTER TABLE dbo.dup DROP COLUMN b; SELECT * FROM dbo.dup ORDER BY a
--= a, c
--> 1 | NULL
--> 1 | NULL
--> 2 | NULL
--> 7 | 'x'
--- IF OBJECT_ID, DROP IF EXISTS
IF OBJECT_ID('dbo.dup', 'U') IS NOT NULL DROP TABLE dbo.dup; DROP TABLE IF EXISTS dbo.Target, dbo.Source; IF OBJECT_ID(N'dbo.dup') IS NULL SELECT 'gone' AS s ELSE SELECT 'here' AS s
--= s
--> 'gone'
--- version, db name and users
SELECT DB_NAME() AS d, SIGN(LEN(@@VERSION)) AS v, USER_NAME() AS u, @@DATEFIRST AS f
--= d, v, u, f
--> 'tarn' | 1 | 'dbo' | 7
--- the annual sales of the tutorial: UPDATE by a table that FROM names alone
CREATE TABLE dbo.Annual (Name VARCHAR(20) NOT NULL, CalendarYear SMALLINT NOT NULL, Total MONEY NOT NULL) WITH (DISTRIBUTION = ROUND_ROBIN); INSERT INTO dbo.Annual VALUES ('Helmet', 2013, 0), ('Helmet', 2012, 1);
CREATE TABLE CTAS_acs WITH (DISTRIBUTION = ROUND_ROBIN) AS SELECT ISNULL(CAST(p.Name AS VARCHAR(20)), 0) AS Name, ISNULL(CAST(OrderDateKey / 10000 AS SMALLINT), 0) AS CalendarYear, ISNULL(CAST(SUM(SalesAmount) AS MONEY), 0) AS Total FROM dbo.FactInternetSales f JOIN dbo.DimProduct p ON f.ProductKey = p.ProductKey GROUP BY p.Name, OrderDateKey / 10000;
UPDATE dbo.Annual SET Annual.Total = CTAS_acs.Total FROM CTAS_acs WHERE CTAS_acs.Name = dbo.Annual.Name AND CTAS_acs.CalendarYear = Annual.CalendarYear; DROP TABLE CTAS_acs;
SELECT * FROM dbo.Annual ORDER BY CalendarYear
--= Name, CalendarYear, Total
--> 'Helmet' | 2012 | 1.0000
--> 'Helmet' | 2013 | 174.9500
--- scalar function
CREATE FUNCTION dbo.ConvertInput (@MyValueIn INT) RETURNS DECIMAL(10,2) AS BEGIN DECLARE @MyValueOut INT; SET @MyValueOut = CAST(@MyValueIn AS DECIMAL(10,2)); RETURN (@MyValueOut); END
GO
SELECT dbo.ConvertInput(15) AS 'ConvertedValue';
DROP FUNCTION dbo.ConvertInput;
--= ConvertedValue
--> 15.00
