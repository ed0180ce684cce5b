-- title: a semi join
SELECT t.a AS a FROM t AS t SEMI JOIN u AS u ON t.a = u.a;
SELECT t.a AS a FROM t AS t WHERE EXISTS(SELECT 1 AS one FROM u AS u WHERE t.a = u.a);

-- title: an anti join beside a condition
SELECT t.a AS a FROM t AS t ANTI JOIN u AS u ON t.a = u.a WHERE t.b = 1;
SELECT t.a AS a FROM t AS t WHERE t.b = 1 AND NOT EXISTS(SELECT 1 AS one FROM u AS u WHERE t.a = u.a);
