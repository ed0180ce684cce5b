--- trips of a lake as a view, weather and zones as tables
CREATE VIEW Trips AS SELECT r.*, r.filepath(1) AS y, CAST(r.filepath(2) AS INT) AS m FROM OPENROWSET(BULK 'parquet/taxi/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS r
GO
CREATE TABLE Vendor (VendorID INT NOT NULL, Name VARCHAR(20), Active BIT) WITH (DISTRIBUTION = REPLICATE);
INSERT INTO Vendor SELECT 1, 'Creative', 1 UNION ALL SELECT 2, 'Curb', 0 UNION ALL SELECT 3, 'None', NULL;
CREATE TABLE Orders (OrderId INT, Customer VARCHAR(10), Category VARCHAR(10), OrderDate DATETIME, Qty INT, Price DECIMAL(9, 2)) WITH (DISTRIBUTION = HASH(OrderId));
INSERT INTO Orders VALUES (1, 'a', 'Bikes', '20220105', 1, 100), (2, 'b', 'Bikes', '20220215', 2, 50.5), (3, 'a', 'Parts', '20220301', 10, 2.25), (4, 'c', NULL, '20221231 23:59', 1, 9.99), (5, 'a', 'Bikes', '20230101', 3, 75), (6, 'b', 'Parts', '20230115 08:00', NULL, 1);
--- tip rate by hour and payment
SELECT paymentType, DATEPART(HOUR, tpepPickupDateTime) AS h, COUNT(*) AS n, ROUND(AVG(tipAmount / NULLIF(fareAmount, 0)), 4) AS rate FROM Trips WHERE y = '2017' GROUP BY paymentType, DATEPART(HOUR, tpepPickupDateTime) HAVING AVG(tipAmount) > 1 ORDER BY paymentType, h
--= paymentType, h, n, rate
--> '1' | 16 | 1 | 0.1667
--> '1' | 18 | 1 | 0.1786
--> '2' | 13 | 1 | 0.1389
--> '2' | 15 | 1 | 0.1591
--> '2' | 19 | 1 | 0.1833
--- duration and a label per trip
SELECT m, DATEDIFF(MINUTE, tpepPickupDateTime, tpepDropoffDateTime) AS mins, CASE WHEN tipAmount > 0 THEN 1 ELSE 0 END AS tipped FROM Trips WHERE passengerCount = 2 ORDER BY mins
--= m, mins, tipped
--> 12 | 8 | 1
--> 12 | 11 | 1
--> 1 | 14 | 1
--> 2 | 17 | 1
--- join of a lake with a table
SELECT v.Name, COUNT(t.vendorID) AS trips, CAST(AVG(t.fareAmount) AS DECIMAL(10, 2)) AS fare FROM Vendor v LEFT JOIN Trips t ON t.vendorID = v.VendorID GROUP BY v.Name ORDER BY v.Name
--= Name, trips, fare
--> 'Creative' | 6 | 11.00
--> 'Curb' | 6 | 10.00
--> 'None' | 0 | NULL
--- bit compared with texts and numbers
SELECT Name FROM Vendor WHERE Active = 'true' UNION ALL SELECT Name FROM Vendor WHERE Active = 0
--= Name
--> 'Creative'
--> 'Curb'
--- year over year by LAG
SELECT y, s, s - LAG(s) OVER (ORDER BY y) AS diff, FORMAT((s - LAG(s) OVER (ORDER BY y)) / LAG(s) OVER (ORDER BY y), 'P1') AS pct FROM (SELECT YEAR(OrderDate) AS y, SUM(Qty * Price) AS s FROM Orders GROUP BY YEAR(OrderDate)) t ORDER BY y
--= y, s, diff, pct
--> 2022 | 233.49 | NULL | NULL
--> 2023 | 225.00 | -8.49 | '-3.6 %'
--- three-row moving average and last known value
SELECT OrderId, AVG(Price) OVER (ORDER BY OrderDate ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS ma, SUM(Price) OVER (PARTITION BY Customer ORDER BY OrderDate ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS rest FROM Orders ORDER BY OrderId
--= OrderId, ma, rest
--> 1 | 100.000000 | 177.25
--> 2 | 75.250000 | 51.50
--> 3 | 50.916666 | 77.25
--> 4 | 20.913333 | 9.99
--> 5 | 29.080000 | 75.00
--> 6 | 28.663333 | 1.00
--- the first order of each customer
SELECT Customer, OrderId FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY Customer ORDER BY OrderDate) AS rn FROM Orders) o WHERE rn = 1 ORDER BY Customer
--= Customer, OrderId
--> 'a' | 1
--> 'b' | 2
--> 'c' | 4
--- customers by recency, frequency and value
WITH rfm AS (SELECT Customer, DATEDIFF(DAY, MAX(OrderDate), '20230201') AS r, COUNT(*) AS f, SUM(ISNULL(Qty, 0) * Price) AS v FROM Orders GROUP BY Customer) SELECT *, NTILE(2) OVER (ORDER BY v DESC, Customer) AS tile FROM rfm ORDER BY Customer
--= Customer, r, f, v, tile
--> 'a' | 31 | 3 | 347.50 | 1
--> 'b' | 17 | 2 | 101.00 | 1
--> 'c' | 32 | 1 | 9.99 | 2
--- dynamic PIVOT
DECLARE @cols NVARCHAR(MAX), @sql NVARCHAR(MAX);
SELECT @cols = STRING_AGG(QUOTENAME(Category), ',') WITHIN GROUP (ORDER BY Category) FROM (SELECT DISTINCT Category FROM Orders WHERE Category IS NOT NULL) c;
SET @sql = N'SELECT Customer, ' + @cols + N' FROM (SELECT Customer, Category, Qty FROM Orders) s PIVOT (SUM(Qty) FOR Category IN (' + @cols + N')) p ORDER BY Customer';
EXEC sp_executesql @sql
--= Customer, Bikes, Parts
--> 'a' | 4 | 10
--> 'b' | 2 | NULL
--> 'c' | NULL | NULL
--- list of values in a parameter
DECLARE @list VARCHAR(20) = 'a,c'; SELECT OrderId FROM Orders WHERE Customer IN (SELECT value FROM STRING_SPLIT(@list, ',')) ORDER BY OrderId
--= OrderId
--> 1
--> 3
--> 4
--> 5
--- optional parameters
DECLARE @c VARCHAR(10) = NULL, @from DATE = '20220301'; SELECT COUNT(*) AS n FROM Orders WHERE (@c IS NULL OR Customer = @c) AND OrderDate >= @from
--= n
--> 4
--- a day by its range and by CAST
SELECT COUNT(*) AS n FROM Orders WHERE CAST(OrderDate AS DATE) = '2022-12-31' AND OrderDate >= '20221231' AND OrderDate < DATEADD(DAY, 1, '20221231')
--= n
--> 1
--- a calendar by GENERATE_SERIES and a left join
SELECT DATEADD(MONTH, g.value, '20220101') AS m, COUNT(o.OrderId) AS n FROM GENERATE_SERIES(0, 3) g LEFT JOIN Orders o ON o.OrderDate >= DATEADD(MONTH, g.value, '20220101') AND o.OrderDate < DATEADD(MONTH, g.value + 1, '20220101') GROUP BY g.value ORDER BY g.value
--= m, n
--> 2022-01-01 00:00:00 | 1
--> 2022-02-01 00:00:00 | 1
--> 2022-03-01 00:00:00 | 1
--> 2022-04-01 00:00:00 | 0
--- DATETRUNC and DATE_BUCKET
SELECT DATETRUNC(MONTH, OrderDate) AS m, DATE_BUCKET(WEEK, 2, OrderDate) AS b, COUNT(*) AS n FROM Orders WHERE OrderId < 4 GROUP BY DATETRUNC(MONTH, OrderDate), DATE_BUCKET(WEEK, 2, OrderDate) ORDER BY m
--= m, b, n
--> 2022-01-01 00:00:00 | 2022-01-03 00:00:00 | 1
--> 2022-02-01 00:00:00 | 2022-02-14 00:00:00 | 1
--> 2022-03-01 00:00:00 | 2022-02-28 00:00:00 | 1
--- NULL-safe comparison by INTERSECT
SELECT a.OrderId FROM Orders a JOIN Orders b ON a.OrderId = b.OrderId WHERE EXISTS (SELECT a.Category INTERSECT SELECT b.Category) AND a.Category IS NULL
--= OrderId
--> 4
--- HAVING without GROUP BY and GROUP BY nothing
SELECT COUNT(*) AS n FROM Orders HAVING COUNT(*) > 5; SELECT SUM(Qty) AS q FROM Orders GROUP BY ()
--= n
--> 6
--= q
--> 17
--- GROUPING_ID and ROLLUP in the old form
SELECT Customer, Category, SUM(Qty) AS q, GROUPING_ID(Customer, Category) AS g FROM Orders WHERE Category IS NOT NULL GROUP BY Customer, Category WITH ROLLUP ORDER BY g, Customer, Category
--= Customer, Category, q, g
--> 'a' | 'Bikes' | 4 | 0
--> 'a' | 'Parts' | 10 | 0
--> 'b' | 'Bikes' | 2 | 0
--> 'b' | 'Parts' | NULL | 0
--> 'a' | NULL | 14 | 1
--> 'b' | NULL | 2 | 1
--> NULL | NULL | 16 | 3
--- mixed ROLLUP and plain columns
SELECT YEAR(OrderDate) AS y, Customer, COUNT(*) AS n FROM Orders GROUP BY YEAR(OrderDate), ROLLUP (Customer) ORDER BY y, Customer
--= y, Customer, n
--> 2022 | NULL | 4
--> 2022 | 'a' | 2
--> 2022 | 'b' | 1
--> 2022 | 'c' | 1
--> 2023 | NULL | 2
--> 2023 | 'a' | 1
--> 2023 | 'b' | 1
--- two CTEs, an aggregate over a join and a share
WITH total AS (SELECT SUM(Qty * Price) AS t FROM Orders), per AS (SELECT Category, SUM(Qty * Price) AS s FROM Orders GROUP BY Category) SELECT ISNULL(Category, '(none)') AS c, s, CAST(100 * s / t AS DECIMAL(5, 1)) AS pct FROM per CROSS JOIN total ORDER BY s DESC
--= c, s, pct
--> 'Bikes' | 426.00 | 92.9
--> 'Parts' | 22.50 | 4.9
--> '(none)' | 9.99 | 2.2
--- INSERT with a CTE, MERGE from VALUES
CREATE TABLE Target (k INT NOT NULL, v VARCHAR(10)) WITH (DISTRIBUTION = HASH(k));
WITH c AS (SELECT 1 AS k, 'one' AS v UNION ALL SELECT 2, 'two') INSERT INTO Target (k, v) SELECT k, v FROM c;
MERGE Target AS t USING (VALUES (2, 'TWO'), (3, 'three')) AS s (k, v) ON t.k = s.k WHEN MATCHED AND s.v = 'TWO' THEN DELETE WHEN NOT MATCHED THEN INSERT (k, v) VALUES (s.k, s.v);
SELECT * FROM Target ORDER BY k
--= k, v
--> 1 | 'one'
--> 3 | 'three'
--- temp table changed in place
CREATE TABLE #w (id INT, n INT); INSERT INTO #w VALUES (1, 10), (2, 20), (3, 30); UPDATE #w SET n = n + 1 WHERE id > 1; DELETE FROM #w WHERE id = 3; SELECT SUM(n) AS s FROM #w; TRUNCATE TABLE #w; SELECT COUNT(*) AS c FROM #w; DROP TABLE #w
--= s
--> 31
--= c
--> 0
--- implicit conversions
SELECT '10' + 5 AS a, 1 + 1.5 AS b, 'x' + CAST(1 AS VARCHAR(5)) AS c, CASE WHEN '2022-01-05' = CAST('20220105' AS DATE) THEN 1 ELSE 0 END AS d, CASE WHEN 1 = 0 THEN 1 ELSE 2.5 END AS e
--= a, b, c, d, e
--> 15 | 2.5 | 'x1' | 1 | 2.5
--- LIKE with a variable and a join on a converted key
DECLARE @p VARCHAR(5) = 'B'; SELECT COUNT(*) AS n FROM Orders WHERE Category LIKE @p + '%'; SELECT COUNT(*) AS n FROM Orders o JOIN (VALUES ('1'), ('2')) v(id) ON o.OrderId = v.id
--= n
--> 3
--= n
--> 2
--- random sample by NEWID
SELECT COUNT(*) AS n FROM (SELECT TOP 3 OrderId FROM Orders ORDER BY NEWID()) t
--= n
--> 3
--- random numbers by CHECKSUM of NEWID
SELECT COUNT(*) AS n FROM Orders WHERE ABS(CHECKSUM(NEWID())) % 10 BETWEEN 0 AND 9
--= n
--> 6
--- a comma list by FOR XML PATH is refused with the way out
SELECT STUFF((SELECT ',' + Customer FROM Orders FOR XML PATH('')), 1, 1, '')
--! UnsupportedSqlError: FOR XML is not supported: a result is rows or JSON. Hint: use FOR JSON, or STRING_AGG to join strings
--- table variables are refused with the way out
DECLARE @t TABLE (id INT)
--! UnsupportedSqlError: The type table is not supported: no column or variable can hold it. Hint: use a temporary table: CREATE TABLE #t (...)
--- the catalog: objects, views, procedures, columns with types
SELECT o.name, o.type_desc FROM sys.objects o WHERE o.name IN ('Trips', 'Vendor') ORDER BY o.name; SELECT c.name, t.name AS type, c.max_length, c.is_nullable FROM sys.columns c JOIN sys.types t ON c.user_type_id = t.user_type_id WHERE c.object_id = OBJECT_ID('dbo.Vendor') ORDER BY c.column_id; SELECT TABLE_NAME FROM INFORMATION_SCHEMA.VIEWS
--= name, type_desc
--> 'Trips' | 'VIEW'
--> 'Vendor' | 'USER_TABLE'
--= name, type, max_length, is_nullable
--> 'VendorID' | 'int' | 4 | False
--> 'Name' | 'varchar' | 20 | True
--> 'Active' | 'bit' | 1 | True
--= TABLE_NAME
--> 'Trips'
--- the collation of the database
SELECT DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS c
--= c
--> 'Latin1_General_100_BIN2_UTF8'
--- the text of a view
SELECT LEFT(m.definition, 17) AS d FROM sys.sql_modules m WHERE m.object_id = OBJECT_ID('Trips')
--= d
--> 'CREATE VIEW Trips'
--- COLUMNS from sp_columns are not there, and the error says what is
EXEC sp_columns 'Vendor'
--! BindError: Could not find stored procedure 'sp_columns'. Hint: There is: 
--- ALTER VIEW and a view over a view
ALTER VIEW Trips AS SELECT r.vendorID, r.fareAmount, r.filepath(1) AS y FROM OPENROWSET(BULK 'parquet/taxi/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS r
GO
CREATE VIEW Fares AS SELECT y, SUM(fareAmount) AS f FROM Trips GROUP BY y
GO
SELECT * FROM Fares WHERE y > '2016'
--= y, f
--> '2017' | 100.0
--- GO with a number
INSERT INTO Target VALUES (9, 'nine')
GO 3
SELECT COUNT(*) AS n FROM Target WHERE k = 9
--= n
--> 3
--- window with GROUP BY and a frame over an aggregate
SELECT Category, COUNT(*) AS n, SUM(COUNT(*)) OVER (ORDER BY Category ROWS UNBOUNDED PRECEDING) AS running, RANK() OVER (ORDER BY COUNT(*) DESC) AS r FROM Orders GROUP BY Category ORDER BY Category
--= Category, n, running, r
--> NULL | 1 | 1 | 3
--> 'Bikes' | 3 | 4 | 1
--> 'Parts' | 2 | 6 | 2
--- DISTINCT TOP and TOP in a subquery
SELECT DISTINCT TOP 2 Customer FROM Orders ORDER BY Customer; SELECT SUM(Price) AS s FROM (SELECT TOP 2 Price FROM Orders ORDER BY Price DESC) t
--= Customer
--> 'a'
--> 'b'
--= s
--> 175.00
--- EXCEPT of two queries with joins
SELECT Customer FROM Orders EXCEPT SELECT Customer FROM Orders WHERE Category = 'Bikes'
--= Customer
--> 'c'
--- last value before NULLs
SELECT OrderId, LAST_VALUE(Qty) IGNORE NULLS OVER (ORDER BY OrderId ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS q FROM Orders ORDER BY OrderId
--= OrderId, q
--> 1 | 1
--> 2 | 2
--> 3 | 10
--> 4 | 1
--> 5 | 3
--> 6 | 3
--- a named window
SELECT OrderId, SUM(Qty) OVER w AS s, COUNT(*) OVER w AS n FROM Orders WINDOW w AS (PARTITION BY Customer ORDER BY OrderId) ORDER BY OrderId
--= OrderId, s, n
--> 1 | 1 | 1
--> 2 | 2 | 1
--> 3 | 11 | 2
--> 4 | 1 | 1
--> 5 | 14 | 3
--> 6 | 2 | 2
--- UNPIVOT joined back
WITH u AS (SELECT OrderId, metric, val FROM (SELECT OrderId, CAST(Qty AS DECIMAL(9, 2)) AS Qty, Price FROM Orders) s UNPIVOT (val FOR metric IN (Qty, Price)) p) SELECT o.OrderId, u.metric, u.val FROM Orders o JOIN u ON u.OrderId = o.OrderId WHERE o.OrderId IN (1, 6) ORDER BY o.OrderId, u.metric
--= OrderId, metric, val
--> 1 | 'Price' | 100.00
--> 1 | 'Qty' | 1.00
--> 6 | 'Price' | 1.00
--- CTAS with a window and a union
CREATE TABLE Ranked WITH (DISTRIBUTION = HASH(Customer), HEAP) AS SELECT Customer, OrderId, ROW_NUMBER() OVER (PARTITION BY Customer ORDER BY OrderDate DESC) AS rn FROM Orders UNION ALL SELECT 'z', 0, 1; SELECT Customer, OrderId FROM Ranked WHERE rn = 1 ORDER BY Customer
--= Customer, OrderId
--> 'a' | 5
--> 'b' | 6
--> 'c' | 4
--> 'z' | 0
--- a median by hand and by PERCENTILE_CONT
SELECT DISTINCT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY Price) OVER () AS m FROM Orders
--= m
--> 30.245
--- a histogram
SELECT FLOOR(Price / 50) * 50 AS bucket, COUNT(*) AS n FROM Orders GROUP BY FLOOR(Price / 50) * 50 ORDER BY bucket
--= bucket, n
--> 0 | 3
--> 50 | 2
--> 100 | 1
--- a cross join of distinct keys to find gaps
SELECT c.Customer, k.Category FROM (SELECT DISTINCT Customer FROM Orders) c CROSS JOIN (SELECT DISTINCT Category FROM Orders WHERE Category IS NOT NULL) k LEFT JOIN Orders o ON o.Customer = c.Customer AND o.Category = k.Category WHERE o.OrderId IS NULL ORDER BY c.Customer, k.Category
--= Customer, Category
--> 'c' | 'Bikes'
--> 'c' | 'Parts'
--- a transaction undone by an error
BEGIN TRY BEGIN TRAN; INSERT INTO Target VALUES (50, 'x'); SELECT 1 / 0 AS z; COMMIT; END TRY BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK; PRINT ERROR_MESSAGE(); END CATCH; SELECT COUNT(*) AS n FROM Target WHERE k = 50
--= n
--> 0
--p Divide by zero error encountered.
