-- TPC-H 4: order priority checking. Default parameters.
SELECT o_orderpriority, COUNT_BIG(*) AS order_count
FROM orders
WHERE o_orderdate >= '1993-07-01'
    AND o_orderdate < DATEADD(month, 3, CAST('1993-07-01' AS DATE))
    AND EXISTS (
        SELECT *
        FROM lineitem
        WHERE l_orderkey = o_orderkey AND l_commitdate < l_receiptdate
    )
GROUP BY o_orderpriority
ORDER BY o_orderpriority;
