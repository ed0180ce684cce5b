-- title: every name in one spelling
SELECT T."A" AS "Total Value" FROM t AS T WHERE T.B = 1;
SELECT t.a AS "total value" FROM t AS t WHERE t.b = 1;

-- title: a name that is a keyword stays quoted
SELECT "Left".a AS "Order" FROM t AS "Left";
SELECT "left".a AS "order" FROM t AS "left";
