-- TPC-H 6: forecasting revenue change. Default parameters.
SELECT SUM(l_extendedprice * l_discount) AS revenue
FROM lineitem
WHERE l_shipdate >= '1994-01-01'
    AND l_shipdate < DATEADD(year, 1, CAST('1994-01-01' AS DATE))
    AND l_discount BETWEEN 0.06 - 0.01 AND 0.06 + 0.01
    AND l_quantity < 24;
