--- quickstart: query a CSV file without a schema
SELECT TOP 10 * FROM OPENROWSET(BULK 'csv/population/*.csv', FORMAT = 'CSV', PARSER_VERSION = '2.0') AS [r] ORDER BY C1, C3
--= C1, C2, C3, C4
--> 'BE' | 'Belgium, Kingdom' | 2017 | 11375158
--> 'FR' | 'France' | 2016 | 66603000
--> 'FR' | 'France' | 2017 | 67105512
--> 'LU' | 'Luxembourg' | 2016 | 582000
--> 'LU' | 'Luxembourg' | 2017 | 594130
--- quickstart: CSV with a schema
SELECT * FROM OPENROWSET(BULK 'csv/population/population.csv', FORMAT = 'CSV', FIELDTERMINATOR = ',', ROWTERMINATOR = '\n')
WITH ([country_code] VARCHAR (5) COLLATE Latin1_General_BIN2, [country_name] VARCHAR (100) COLLATE Latin1_General_BIN2, [year] smallint, [population] bigint) AS [r]
WHERE country_name = 'Luxembourg' AND year = 2017
--= country_code, country_name, year, population
--> 'LU' | 'Luxembourg' | 2017 | 594130
--- CSV with a header row
SELECT country_code, SUM(population) AS p FROM OPENROWSET(BULK 'csv/population-header/population.csv', FORMAT = 'CSV', PARSER_VERSION = '2.0', HEADER_ROW = TRUE) AS r GROUP BY country_code ORDER BY p DESC
--= country_code, p
--> 'FR' | 133708512
--> 'BE' | 11375158
--> 'LU' | 1176130
--- CSV that skips the header by FIRSTROW
SELECT * FROM OPENROWSET(BULK 'csv/population-header/population.csv', FORMAT = 'CSV', FIELDTERMINATOR =',', FIRSTROW = 2) WITH (code VARCHAR(5), name VARCHAR(100), y smallint, p bigint) AS r WHERE y = 2016 ORDER BY p
--= code, name, y, p
--> 'LU' | 'Luxembourg' | 2016 | 582000
--> 'FR' | 'France' | 2016 | 66603000
--- tab separated
SELECT COUNT(*) FROM OPENROWSET(BULK 'csv/population-tsv/population.csv', FORMAT = 'CSV', FIELDTERMINATOR ='\t', ROWTERMINATOR = '0x0a') WITH (code VARCHAR(5), name VARCHAR(100), y smallint, p bigint) AS r WHERE y = 2017
--= _col_1
--> 3
--- own quote and a bar between fields
SELECT name FROM OPENROWSET(BULK 'csv/population-quoted/*.csv', FORMAT = 'CSV', FIELDTERMINATOR ='|', FIELDQUOTE = '''', ROWTERMINATOR = '\r\n') WITH (code VARCHAR(5), name VARCHAR(100), y smallint, p bigint) AS r WHERE code = 'BE'
--= name
--> 'Belgium, Kingdom'
--- columns by ordinal
SELECT country_name, population FROM OPENROWSET(BULK 'csv/population/*.csv', FORMAT = 'CSV') WITH (country_name VARCHAR(100) 2, population bigint 4) AS r WHERE population > 60000000 ORDER BY population
--= country_name, population
--> 'France' | 66603000
--> 'France' | 67105512
--- columns by name of the header
SELECT * FROM OPENROWSET(BULK 'csv/population-header/*.csv', FORMAT = 'CSV', PARSER_VERSION='2.0', HEADER_ROW = TRUE) WITH (population bigint, country_code varchar(2)) r WHERE country_code = 'BE'
--= population, country_code
--> 11375158 | 'BE'
--- gzip
SELECT COUNT(*) FROM OPENROWSET(BULK 'csv/population-gz/*.csv.gz', FORMAT = 'CSV', DATA_COMPRESSION = 'GZIP') WITH (code VARCHAR(5)) AS r
--= _col_1
--> 5
--- a data source
CREATE EXTERNAL DATA SOURCE lake WITH (LOCATION = 'csv');
SELECT COUNT(*) AS n FROM OPENROWSET(BULK 'population/*.csv', DATA_SOURCE = 'lake', FORMAT = 'CSV', PARSER_VERSION = '2.0') AS r
--= n
--> 5
--- several paths
SELECT COUNT(*) FROM OPENROWSET(BULK ('csv/population/*.csv', 'csv/population-header/*.csv'), FORMAT = 'CSV', PARSER_VERSION = '2.0') AS r
--= _col_1
--> 11
--- trips by year from the file's name
SELECT r.filepath(1) AS [year], r.filepath(2) AS [month], COUNT_BIG(*) AS [rows]
FROM OPENROWSET(BULK 'csv/taxi/yellow_tripdata_*-*.csv', FORMAT = 'CSV', PARSER_VERSION = '2.0', FIRSTROW = 2) WITH (vendor_id INT) AS [r]
WHERE r.filepath(1) IN ('2017') AND r.filepath(2) IN ('01', '02', '10') GROUP BY r.filepath(), r.filepath(1), r.filepath(2) ORDER BY [year], [month]
--= year, month, rows
--> '2017' | '01' | 4
--> '2017' | '02' | 4
--- filename
SELECT nyc.filename() AS [filename], COUNT_BIG(*) AS [rows] FROM OPENROWSET(BULK 'csv/taxi/yellow_tripdata_2017-*.csv', FORMAT = 'CSV', PARSER_VERSION = '2.0', HEADER_ROW = TRUE) AS nyc GROUP BY nyc.filename() ORDER BY [filename]
--= filename, rows
--> 'yellow_tripdata_2017-01.csv' | 4
--> 'yellow_tripdata_2017-02.csv' | 4
--- filename without GROUP BY alias and with a filter
SELECT r.filename() AS f, COUNT_BIG(*) AS n FROM OPENROWSET(BULK 'csv/taxi/*.csv', FORMAT='CSV', PARSER_VERSION='2.0', HEADER_ROW=TRUE) r WHERE r.filename() IN ('yellow_tripdata_2016-12.csv', 'x.csv') GROUP BY r.filename()
--= f, n
--> 'yellow_tripdata_2016-12.csv' | 4
--- Parquet by folder
SELECT YEAR(tpepPickupDateTime) AS [year], SUM(passengerCount) AS passengers, COUNT(*) AS cnt FROM OPENROWSET(BULK 'parquet/taxi/year=*/month=*/*.parquet', FORMAT = 'PARQUET') AS nyc WHERE nyc.filepath(1) = 2017 AND nyc.filepath(2) IN (1, 2) AND tpepPickupDateTime BETWEEN CAST('1/1/2017' AS datetime) AND CAST('1/31/2017' AS datetime) GROUP BY YEAR(tpepPickupDateTime) ORDER BY [year]
--= year, passengers, cnt
--> 2017 | 9 | 4
--- Parquet recursively
SELECT COUNT(*) FROM OPENROWSET(BULK 'parquet/taxi/**', FORMAT = 'PARQUET') AS nyc
--= _col_1
--> 12
--- exploring payment types
SELECT paymentType, passengerCount, COUNT(*) AS cnt FROM OPENROWSET(BULK 'parquet/taxi/year=*/month=*/*', FORMAT = 'PARQUET') nyc WHERE nyc.filepath(1) = '2017' GROUP BY passengerCount, paymentType ORDER BY paymentType, passengerCount
--= paymentType, passengerCount, cnt
--> '1' | 1 | 2
--> '1' | 2 | 1
--> '1' | 3 | 1
--> '2' | 1 | 1
--> '2' | 2 | 1
--> '2' | 3 | 2
--- cast of a date to smalldatetime groups by day
SELECT CAST([tpepPickupDateTime] AS DATE) AS [current_day], COUNT(*) AS rides_per_day FROM OPENROWSET(BULK 'parquet/taxi/year=2017/month=*/*.parquet', FORMAT='PARQUET') AS [nyc] GROUP BY CAST([tpepPickupDateTime] AS DATE) ORDER BY 1 ASC OFFSET 0 ROWS FETCH NEXT 2 ROWS ONLY
--= current_day, rides_per_day
--> 2017-01-01 | 1
--> 2017-01-02 | 1
--- taxi by day with holidays
WITH taxi_rides AS (
  SELECT CAST([tpepPickupDateTime] AS DATE) AS [current_day], COUNT(*) AS rides_per_day
  FROM OPENROWSET(BULK 'parquet/taxi/year=2017/month=*/*.parquet', FORMAT='PARQUET') AS [nyc] GROUP BY CAST([tpepPickupDateTime] AS DATE)),
public_holidays AS (SELECT holidayname AS holiday, date FROM (VALUES ('New Year', CAST('2017-01-01' AS DATE))) AS h(holidayname, date)),
joined_data AS (SELECT * FROM taxi_rides t LEFT OUTER JOIN public_holidays p ON t.current_day = p.date)
SELECT *, holiday_rides = SUM(CASE WHEN holiday IS NULL THEN 0 WHEN holiday IS NOT NULL THEN rides_per_day END) OVER () FROM joined_data WHERE current_day < '2017-01-03' ORDER BY current_day ASC
--= current_day, rides_per_day, holiday, date, holiday_rides
--> 2017-01-01 | 1 | 'New Year' | 2017-01-01 | 1
--> 2017-01-02 | 1 | NULL | NULL | 1
--- nested types: structs by path
SELECT DocId, Name, Age FROM OPENROWSET(BULK 'parquet/nested/nested.parquet', FORMAT = 'PARQUET') WITH (DocId INT, [Name] VARCHAR(50) '$.Person.Name', Age INT '$.Person.Age') AS r ORDER BY DocId
--= DocId, Name, Age
--> 1 | 'Ada' | 36
--> 2 | 'Bob' | NULL
--- nested types: whole columns are JSON
SELECT TOP 10 * FROM OPENROWSET(BULK 'parquet/nested/*.parquet', FORMAT = 'PARQUET') AS r ORDER BY DocId
--= DocId, Person, SimpleArray, People, SimpleMap
--> 1 | '{"Name":"Ada","Age":36}' | '[11,12]' | '[{"Name":"Cy","Age":1},{"Name":"Di","Age":2}]' | '{"Key1":"Value1"}'
--> 2 | '{"Name":"Bob","Age":null}' | '[]' | NULL | '{}'
--- nested types: JSON_VALUE of an array and JSON_QUERY
SELECT SimpleArray, JSON_VALUE(SimpleArray, '$[0]') AS FirstElement, JSON_VALUE(SimpleArray, '$[1]') AS SecondElement FROM OPENROWSET(BULK 'parquet/nested/*.parquet', FORMAT='PARQUET') AS r WHERE DocId = 1
--= SimpleArray, FirstElement, SecondElement
--> '[11,12]' | '11' | '12'
--- nested types: a map
SELECT DocId, JSON_QUERY(SimpleMap) AS m, JSON_VALUE(SimpleMap, '$.Key1') AS k FROM OPENROWSET(BULK 'parquet/nested/*.parquet', FORMAT='PARQUET') AS r ORDER BY DocId
--= DocId, m, k
--> 1 | '{"Key1":"Value1"}' | 'Value1'
--> 2 | '{}' | NULL
--- nested types: OPENJSON of a repeated column
SELECT DocId, p.Name, p.Age FROM OPENROWSET(BULK 'parquet/nested/*.parquet', FORMAT='PARQUET') AS r CROSS APPLY OPENJSON(People) WITH (Name varchar(20), Age int) AS p ORDER BY p.Age
--= DocId, Name, Age
--> 1 | 'Cy' | 1
--> 1 | 'Di' | 2
--- nested types: OPENJSON with key and value
SELECT DocId, j.[key], j.value, j.type FROM OPENROWSET(BULK 'parquet/nested/*.parquet', FORMAT='PARQUET') AS r OUTER APPLY OPENJSON(SimpleArray) AS j ORDER BY DocId, j.[key]
--= DocId, key, value, type
--> 1 | '0' | '11' | 2
--> 1 | '1' | '12' | 2
--> 2 | NULL | NULL | NULL
--- JSON lines
SELECT JSON_VALUE(doc, '$.title') AS title, JSON_VALUE(doc, '$.publisher') AS publisher, JSON_VALUE(doc, '$.authors[0]') AS first_author FROM OPENROWSET(BULK 'json/books.jsonl', FORMAT = 'csv', FIELDTERMINATOR ='0x0b', FIELDQUOTE = '0x0b') WITH (doc nvarchar(max)) AS r WHERE JSON_VALUE(doc, '$.title') LIKE 'Prob%'
--= title, publisher, first_author
--> 'Probability and Statistics' | 'Academic Press' | 'Arnold O. Allen'
--- whole JSON documents
SELECT jsonContent = JSON_VALUE(jsonContent, '$._id') FROM OPENROWSET(BULK 'json/books/*.json', FORMAT='CSV', FIELDTERMINATOR ='0x0b', FIELDQUOTE = '0x0b', ROWTERMINATOR = '0x0b') WITH (jsonContent varchar(MAX)) AS [r] ORDER BY 1
--= jsonContent
--> 'ahokw88'
--> 'allen94'
--- a JSON array in a file
SELECT j.* FROM OPENROWSET(BULK 'json/array.json', FORMAT='CSV', FIELDTERMINATOR ='0x0b', FIELDQUOTE = '0x0b', ROWTERMINATOR = '0x0b') WITH (doc nvarchar(max)) AS r CROSS APPLY OPENJSON(doc) WITH (date_rep date, cases int, geo varchar(10) '$.geo_id') AS j ORDER BY cases
--= date_rep, cases, geo
--> 2020-07-25 | 2 | 'AL'
--> 2020-07-24 | 13 | 'AF'
--- authors of books
SELECT b.title, a.value AS author FROM OPENROWSET(BULK 'json/books.jsonl', FORMAT='csv', FIELDTERMINATOR='0x0b', FIELDQUOTE='0x0b') WITH (doc nvarchar(max)) r
CROSS APPLY OPENJSON(doc) WITH (title varchar(100), authors nvarchar(max) AS JSON) b CROSS APPLY OPENJSON(b.authors) a WHERE a.[key] = 1
--= title, author
--> 'The AWK Programming Language' | 'Brian W. Kernighan'
--- delta
SELECT iso_country, SUM(confirmed) AS c, MAX(updated) AS d FROM OPENROWSET(BULK 'delta/covid', FORMAT = 'delta') AS rows GROUP BY iso_country ORDER BY iso_country
--= iso_country, c, d
--> 'SE' | 3 | 2021-01-02
--> 'US' | 25 | 2021-01-02
--- delta with a schema
SELECT TOP 1 * FROM OPENROWSET(BULK 'delta/covid', FORMAT = 'DELTA') WITH (updated date, confirmed int, iso_country varchar(8000)) AS rows WHERE iso_country = 'SE' ORDER BY updated DESC
--= updated, confirmed, iso_country
--> 2021-01-02 | 2 | 'SE'
--- schema and view
CREATE SCHEMA pop;
GO
CREATE VIEW pop.populationView AS
SELECT * FROM OPENROWSET(BULK 'csv/population/*.csv', FORMAT = 'CSV', FIELDTERMINATOR =',', ROWTERMINATOR = '\n') WITH ([country_code] VARCHAR (5) COLLATE Latin1_General_BIN2, [country_name] VARCHAR (100), [year] smallint, [population] bigint) AS [r];
GO
SELECT country_name, population FROM pop.populationView WHERE [year] = 2016 ORDER BY [population] DESC;
--= country_name, population
--> 'France' | 66603000
--> 'Luxembourg' | 582000
--- drop view if exists, create or alter
DROP VIEW IF EXISTS pop.v2;
GO
CREATE OR ALTER VIEW pop.v2 AS SELECT * FROM pop.populationView WHERE year = 2017
GO
SELECT COUNT(*) AS c FROM pop.v2
--= c
--> 3
--- partitioned view
CREATE VIEW TaxiView AS
SELECT *, nyc.filepath(1) AS [year], nyc.filepath(2) AS [month] FROM OPENROWSET(BULK 'parquet/taxi/year=*/month=*/*.parquet', FORMAT='PARQUET') AS nyc
GO
SELECT [year], [month], COUNT(*) n, ROUND(SUM(fareAmount), 1) f FROM TaxiView WHERE [year] = '2017' AND CAST([month] AS INT) > 1 GROUP BY [year], [month]
--= year, month, n, f
--> '2017' | '2' | 4 | 58.0
--- external file format and table
CREATE EXTERNAL FILE FORMAT QuotedCsv WITH (FORMAT_TYPE = DELIMITEDTEXT, FORMAT_OPTIONS (FIELD_TERMINATOR = ',', STRING_DELIMITER = '"', FIRST_ROW = 2, PARSER_VERSION = '2.0'));
CREATE EXTERNAL TABLE populationExternalTable ([country_code] VARCHAR (5) COLLATE Latin1_General_BIN2, [country_name] VARCHAR (100) COLLATE Latin1_General_BIN2, [year] smallint, [population] bigint) WITH (LOCATION = 'population-header/population.csv', DATA_SOURCE = lake, FILE_FORMAT = QuotedCsv);
SELECT country_name, population FROM populationExternalTable WHERE [year] = 2017 ORDER BY [population] DESC
--= country_name, population
--> 'France' | 67105512
--> 'Belgium, Kingdom' | 11375158
--> 'Luxembourg' | 594130
--- CETAS
CREATE EXTERNAL DATA SOURCE [out] WITH (LOCATION = 'out');
CREATE EXTERNAL FILE FORMAT [ParquetFF] WITH (FORMAT_TYPE = PARQUET, DATA_COMPRESSION = 'org.apache.hadoop.io.compress.SnappyCodec');
GO
CREATE EXTERNAL TABLE [dbo].[PopulationCETAS] WITH (LOCATION = 'populationParquet/', DATA_SOURCE = [out], FILE_FORMAT = [ParquetFF]) AS
SELECT * FROM OPENROWSET(BULK 'csv/population/*.csv', FORMAT='CSV', PARSER_VERSION='2.0') WITH (CountryCode varchar(4), CountryName varchar(64), Year int, PopulationCount int) AS r;
GO
SELECT CountryName, PopulationCount FROM PopulationCETAS WHERE [Year] = 2017 AND CountryCode <> 'BE' ORDER BY 2 DESC
--= CountryName, PopulationCount
--> 'France' | 67105512
--> 'Luxembourg' | 594130
--- CETAS drops the table and leaves the files
DROP EXTERNAL TABLE PopulationCETAS;
SELECT COUNT(*) FROM OPENROWSET(BULK 'out/populationParquet/*.parquet', FORMAT='PARQUET') AS r
--= _col_1
--> 5
--- describe a first result set
EXEC sp_describe_first_result_set N'SELECT country_code, population FROM pop.populationView'
--= is_hidden, column_ordinal, name, is_nullable, system_type_id, system_type_name, max_length, precision, scale
--> False | 1 | 'country_code' | True | 167 | 'varchar(5)' | 5 | 0 | 0
--> False | 2 | 'population' | True | 127 | 'bigint' | 8 | 19 | 0
--- the meter's limits
EXEC sp_set_data_processed_limit @type = N'daily', @limit_tb = 1;
EXEC sp_set_data_processed_limit @type= N'weekly', @limit_tb=2;
SELECT name, CAST(value_in_use AS INT) AS v FROM sys.configurations WHERE name LIKE 'Data processed %' ORDER BY name
--= name, v
--> 'Data processed daily limit in TB' | 1
--> 'Data processed monthly limit in TB' | 2147483647
--> 'Data processed weekly limit in TB' | 2
--- usage
SELECT type FROM sys.dm_external_data_processed ORDER BY type
--= type
--> 'daily'
--> 'monthly'
--> 'weekly'
--- statistics over a file
EXEC sys.sp_create_openrowset_statistics N'SELECT year FROM OPENROWSET(BULK ''csv/population/*.csv'', FORMAT = ''CSV'') WITH (year smallint 3) AS r'
SELECT 1 AS done
--= done
--> 1
--p Nothing is kept: plans take their statistics from the files' footers.
--- procedure with a parameter and dynamic SQL over a path
CREATE OR ALTER PROCEDURE usp_rows @year VARCHAR(4) AS
BEGIN
  DECLARE @tsql NVARCHAR(MAX) = N'SELECT COUNT(*) AS n FROM OPENROWSET(BULK ''parquet/taxi/year=' + @year + '/month=*/*.parquet'', FORMAT=''PARQUET'') AS r';
  EXEC sp_executesql @tsql;
END
GO
EXEC usp_rows '2016'
--= n
--> 4
--- an inline function over files
CREATE FUNCTION dbo.trips_of (@month varchar(2)) RETURNS TABLE AS RETURN (SELECT passengerCount, fareAmount FROM OPENROWSET(BULK 'parquet/taxi/year=2017/month=*/*.parquet', FORMAT='PARQUET') r WHERE r.filepath(1) = @month)
GO
SELECT SUM(fareAmount) AS f FROM dbo.trips_of('2') t; SELECT v.m, x.passengerCount FROM (VALUES ('1'), ('3')) v(m) OUTER APPLY dbo.trips_of(v.m) x ORDER BY v.m, x.passengerCount; DROP FUNCTION dbo.trips_of
--= f
--> 58.0
--= m, passengerCount
--> '1' | 1
--> '1' | 2
--> '1' | 3
--> '1' | 3
--> '3' | NULL
--- USE, IF NOT EXISTS, system catalog
IF NOT EXISTS (SELECT * FROM sys.external_file_formats WHERE name = 'SynapseParquetFormat') CREATE EXTERNAL FILE FORMAT [SynapseParquetFormat] WITH (FORMAT_TYPE = PARQUET)
GO
IF NOT EXISTS (SELECT * FROM sys.external_data_sources WHERE name = 'files_lake') CREATE EXTERNAL DATA SOURCE [files_lake] WITH (LOCATION = 'parquet')
GO
CREATE EXTERNAL TABLE nyc_taxi (vendorID int, fareAmount float) WITH (LOCATION = 'taxi/year=2017/month=*/*.parquet', DATA_SOURCE = [files_lake], FILE_FORMAT = [SynapseParquetFormat])
GO
SELECT TOP 100 * FROM dbo.nyc_taxi WHERE vendorID = 1 ORDER BY fareAmount
--= vendorID, fareAmount
--> 1 | 10.0
--> 1 | 12.0
--> 1 | 14.0
--> 1 | 16.0
--- the credential ceremony
CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'Strong!1';
CREATE DATABASE SCOPED CREDENTIAL sqlondemand WITH IDENTITY = 'SHARED ACCESS SIGNATURE', SECRET = 'sv=2018';
CREATE EXTERNAL DATA SOURCE SqlOnDemandDemo WITH (LOCATION = 'json', CREDENTIAL = sqlondemand);
SELECT COUNT(*) AS n FROM OPENROWSET(BULK 'books.jsonl', DATA_SOURCE='SqlOnDemandDemo', FORMAT='CSV', FIELDTERMINATOR='0x0b', FIELDQUOTE='0x0b') WITH (doc varchar(8000)) r
--= n
--> 2
--p CREATE MASTER KEY: nothing is kept; the workspace's own storage options open the files.
--p CREATE DATABASE SCOPED CREDENTIAL: nothing is kept; the workspace's own storage options open the files.
--p CREDENTIAL = sqlondemand is not used: the workspace's own storage options open the files.
--- FOR JSON PATH
SELECT TOP 1 country_code AS code, population FROM pop.populationView ORDER BY population FOR JSON PATH
--= _col_1
--> '[{"code":"LU","population":582000}]'
--- varchar collation in WITH for pushing strings
SELECT COUNT(*) AS c FROM OPENROWSET(BULK 'parquet/taxi/**', FORMAT='PARQUET') WITH (paymentType VARCHAR(10) COLLATE Latin1_General_100_BIN2_UTF8) AS r WHERE paymentType = '1'
--= c
--> 6
--- a path of another case gives NULL where it is lax
SELECT COUNT(FAREAMOUNT) AS c, COUNT(f) AS f FROM OPENROWSET(BULK 'parquet/taxi/**', FORMAT='PARQUET') WITH (FAREAMOUNT FLOAT, f FLOAT '$.FareAmount') AS r
--= c, f
--> 12 | 0
--- error: a strict path of another case
SELECT f FROM OPENROWSET(BULK 'parquet/taxi/**', FORMAT='PARQUET') WITH (f FLOAT 'strict $.FareAmount') AS r
--! BindError: Column 'f' cannot be found by path 'strict $.FareAmount'. Hint: Case counts in paths. The files have: vendorID, tpepPickupDateTime, tpepDropoffDateTime, passengerCount, tripDistance, paymentType, fareAmount, tipAmount.
--- error: a file that is not there
SELECT * FROM OPENROWSET(BULK 'csv/none/x.csv', FORMAT='CSV') AS r
--! BindError: File cannot be opened because it does not exist or it is used by another process. Hint: No file matches 'csv/none/x.csv'. csv holds population, population-gz, population-header, population-quoted, population-tsv
--- error: a wrong type for a Parquet column
SELECT * FROM OPENROWSET(BULK 'parquet/taxi/**', FORMAT='PARQUET') WITH (fareAmount INT) AS r
--! BindError: Column 'fareAmount' of type 'INT' is not compatible with external data type 'Parquet physical type: DOUBLE', please try with 'FLOAT'. Hint: Declare it FLOAT, and CAST in the query.
--- error: a text that is no number
SELECT * FROM OPENROWSET(BULK 'csv/population-header/population.csv', FORMAT='CSV') WITH (code VARCHAR(20), name VARCHAR(100), y smallint, p bigint) AS r
--! SqlRuntimeError: Bulk load data conversion error (type mismatch or invalid character for the specified code page) for row 1, column 3 (y) in data file csv/population-header/population.csv. Hint: 'year' is no smallint. Row 1 looks like a header: FIRSTROW = 2 skips it, HEADER_ROW = TRUE takes names from it.
--- error: truncation
SELECT * FROM OPENROWSET(BULK 'csv/population/population.csv', FORMAT='CSV') WITH (code VARCHAR(1)) AS r
--! SqlRuntimeError: String or binary data would be truncated. Truncated value: 'L'. Hint: Declare the column longer, or take LEFT(text, n).
--- error: misspelt option
SELECT * FROM OPENROWSET(BULK 'csv/population/population.csv', FORMAT='CSV', PARSER_VERSON='2.0') AS r
--! SqlSyntaxError: Incorrect syntax near 'PARSER_VERSON'. Hint: did you mean PARSER_VERSION in place of PARSER_VERSON?
--- error: misspelt option 2
SELECT * FROM OPENROWSET(BULK 'csv/population/population.csv', FORMAT='CSV', HEADERROW=TRUE) AS r
--! SqlSyntaxError: Incorrect syntax near 'HEADERROW'. Hint: did you mean HEADER_ROW in place of HEADERROW?
--- error: unknown format
SELECT * FROM OPENROWSET(BULK 'csv/population/population.csv', FORMAT='PARQET') AS r
--! UnsupportedSqlError: FORMAT = 'PARQET' is not supported. Hint: Choose from PARQUET, CSV, DELTA, JSON, JSONL.
--- error: Parquet asked of a CSV
SELECT * FROM OPENROWSET(BULK 'csv/population/population.csv', FORMAT='PARQUET') AS r
--! FormatError: csv/population/population.csv is not a Parquet file. Hint: Say FORMAT = 'CSV' (COPY INTO: FILE_TYPE) if it is text.
--- error: CSV asked of a Parquet
SELECT * FROM OPENROWSET(BULK 'parquet/nested/nested.parquet', FORMAT='CSV', PARSER_VERSION='2.0') AS r
--! FormatError: parquet/nested/nested.parquet is a Parquet file, not text. Hint: Say FORMAT = 'PARQUET' (COPY INTO: FILE_TYPE).
--- error: no alias
SELECT * FROM OPENROWSET(BULK 'parquet/nested/nested.parquet', FORMAT='PARQUET')
--! BindError: OPENROWSET needs an alias. Hint: Write OPENROWSET(...) AS r.
--- error: no format
SELECT * FROM OPENROWSET(BULK 'parquet/nested/nested.parquet') AS r
--! SqlSyntaxError: Incorrect syntax near ')'. Hint: say what the files are: FORMAT = 'PARQUET', 'CSV' or 'DELTA'
--- error: delta asked of a folder of Parquet
SELECT * FROM OPENROWSET(BULK 'parquet/nested/', FORMAT='DELTA') AS r
--! BindError: Content of directory on path 'parquet/nested/' cannot be listed. Hint: FORMAT = 'DELTA' takes the path of one folder that holds _delta_log, without wildcards.
--- error: unknown column
SELECT r.farAmount FROM OPENROWSET(BULK 'parquet/taxi/**', FORMAT = 'PARQUET') AS r
--! BindError: Invalid column name 'farAmount'. Hint: There are: fareAmount, passengerCount, paymentType, tipAmount, tpepDropoffDateTime, tpepPickupDateTime, tripDistance, vendorID.
--- error: unknown data source
SELECT * FROM OPENROWSET(BULK 'x.csv', DATA_SOURCE = 'lak', FORMAT = 'CSV') AS r
--! BindError: Cannot find the external data source 'lak', because it does not exist or you do not have permission. Hint: There is: files_lake, lake, out, SqlOnDemandDemo.
