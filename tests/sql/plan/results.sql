-- title: a co-located join and groups by its key
SELECT t.a, COUNT(*) AS n, SUM(u.c) AS c FROM t JOIN u ON t.a = u.a GROUP BY t.a;

-- title: a join on values of different types
SELECT t.d, u.c, v.k FROM t JOIN u ON t.d = u.c JOIN v ON v.k = t.d;

-- title: a join of whole and floating numbers
SELECT u.c, v.x FROM u JOIN v ON u.c = v.x;

-- title: a join of decimals and floating numbers
SELECT t.d, v.x FROM t JOIN v ON t.d = v.x;

-- title: texts that differ in case and trailing blanks are different
SELECT t.s, COUNT(*) AS n FROM t JOIN u ON t.s = u.s GROUP BY t.s;

-- title: texts under a collation that ignores case
SELECT LOWER(t.s) AS s, COUNT(*) AS n FROM t JOIN u ON t.s COLLATE NOCASE = u.s COLLATE NOCASE GROUP BY LOWER(t.s);

-- title: texts without their trailing blanks
SELECT RTRIM(t.s) AS s, COUNT(*) AS n FROM t JOIN u ON RTRIM(t.s) = RTRIM(u.s) GROUP BY RTRIM(t.s);

-- title: groups under a collation that ignores accents and case
SELECT MIN(LOWER(t.s)) AS s, COUNT(*) AS n FROM t GROUP BY t.s COLLATE NOCASE;

-- title: a collation on an output that is compared outside
SELECT d.x, COUNT(*) AS n FROM (SELECT LOWER(t.s) COLLATE NOCASE AS x FROM t) AS d JOIN u ON d.x = u.s GROUP BY d.x;

-- title: the value beside the largest key
SELECT t.b, ARG_MAX(t.s, t.a * 100 + t.d * 10 + ASCII(t.s)) AS s, ARG_MIN(t.a, RTRIM(t.s)) IS NULL AS n FROM t GROUP BY t.b;

-- title: the value beside the largest key of all
SELECT ARG_MAX(t.a, t.d * 100 + t.a) AS a, ARG_MIN(t.s, t.a) IS NULL AS n FROM t;

-- title: a join where NULL meets NULL
SELECT t.a, u.c FROM t JOIN u ON t.a IS NOT DISTINCT FROM u.a;

-- title: the padded side of a left join is where its key is not
SELECT u.a, COUNT(*) AS n FROM t LEFT JOIN u ON t.b = u.a GROUP BY u.a;

-- title: a left join whose right side is filtered after it
SELECT t.a, u.c FROM t LEFT JOIN u ON t.a = u.a WHERE u.c IS NULL OR u.c > 1;

-- title: a left join with a condition on the left side alone
SELECT t.a, t.b, u.c FROM t LEFT JOIN u ON t.a = u.a AND t.b > 1;

-- title: a replicated table that keeps all its rows
SELECT v.k, COUNT(t.a) AS n FROM v LEFT JOIN t ON v.k = t.a GROUP BY v.k;

-- title: right and full joins one after another
SELECT t.a, u.a AS a2, v.k FROM t RIGHT JOIN u ON t.a = u.a FULL JOIN v ON v.k = u.c;

-- title: a full join on nothing equal
SELECT t.a, v.k FROM t FULL JOIN v ON t.a < v.k AND v.x > 1;

-- title: full joins by a shared column
SELECT a, t.b, u.c FROM t FULL JOIN u USING (a);

-- title: joins in parentheses
SELECT t.a, u.c, v.x FROM t LEFT JOIN (u JOIN v ON u.c = v.k) ON t.a = u.a;

-- title: a cross join and a join of three by one key
SELECT t.a, x.a AS xa, COUNT(*) AS n FROM t, u AS x, v WHERE t.a = x.a AND x.a = v.k GROUP BY ALL;

-- title: a join of three whose keys only follow from each other
SELECT COUNT(*) AS n FROM t, u, v WHERE t.a = u.a AND t.a = v.k AND t.b > 0;

-- title: a join by less and more
SELECT t.a, v.k FROM t JOIN v ON t.a < v.k AND t.b >= v.k;

-- title: a self join
SELECT x.a, y.b FROM t AS x JOIN t AS y ON x.a = y.b WHERE x.d > 0;

-- title: exists
SELECT t.a, t.b FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND u.c > t.b);

-- title: not exists
SELECT t.a, t.b FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.a = t.b);

-- title: exists that asks for nothing of the row
SELECT t.a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.c = 3);

-- title: not exists of an empty query
SELECT t.a FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.c = 99);

-- title: in
SELECT t.a, t.b FROM t WHERE t.b IN (SELECT u.c FROM u);

-- title: in, under an or
SELECT t.a, t.b FROM t WHERE t.b IN (SELECT u.c FROM u) OR t.a = 1;

-- title: in, as a value with three answers
SELECT t.b, t.b IN (SELECT u.c FROM u) AS found FROM t;

-- title: not in, where there are NULLs
SELECT t.a, t.b FROM t WHERE t.b NOT IN (SELECT u.c FROM u);

-- title: not in, where there are none
SELECT t.a, t.b FROM t WHERE t.b NOT IN (SELECT u.c FROM u WHERE u.c IS NOT NULL);

-- title: not in nothing
SELECT t.a, t.b FROM t WHERE t.b NOT IN (SELECT u.c FROM u WHERE u.c > 99);

-- title: correlated not in
SELECT t.a, t.b FROM t WHERE t.b NOT IN (SELECT u.c FROM u WHERE u.a = t.a);

-- title: pairs in
SELECT t.a, t.b FROM t WHERE (t.a, t.b) IN (SELECT u.a, u.c FROM u);

-- title: all and any
SELECT t.a FROM t WHERE t.a >= ALL (SELECT v.k FROM v WHERE v.k IS NOT NULL) OR t.b = ANY (SELECT u.c FROM u);

-- title: a count of no rows is 0
SELECT t.a, (SELECT COUNT(*) FROM u WHERE u.a = t.b) AS n FROM t;

-- title: a count of no rows in a condition
SELECT t.a FROM t WHERE 0 = (SELECT COUNT(*) FROM u WHERE u.a = t.b);

-- title: a sum of no rows is NULL, and what is made of it
SELECT t.a, (SELECT COALESCE(SUM(u.c), -1) + COUNT(*) FROM u WHERE u.a = t.b) AS n FROM t;

-- title: operators around aggregates that are put together of parts
SELECT t.a, (SELECT 12 / AVG(u.c) - (1 - MAX(u.c)) FROM u WHERE u.a = t.a AND u.c > 0) AS n FROM t;

-- title: an average below that of its group
SELECT t.a, t.b FROM t WHERE t.b < (SELECT AVG(x.b) FROM t AS x WHERE x.a = t.a);

-- title: a correlated subquery by two keys
SELECT t.a FROM t WHERE t.d > (SELECT MIN(u.c) FROM u WHERE u.a = t.a AND u.s = t.s);

-- title: a correlated subquery by nothing equal
SELECT t.a, (SELECT COUNT(*) FROM u WHERE u.a < t.a) AS n FROM t;

-- title: a correlated subquery with groups and a limit of its own
SELECT t.a, (SELECT u.c FROM u WHERE u.a = t.a GROUP BY u.c ORDER BY COUNT(*) DESC, u.c LIMIT 1) AS n FROM t;

-- title: a correlated subquery over a join
SELECT t.a FROM t WHERE EXISTS (SELECT 1 FROM u JOIN v ON u.c = v.k WHERE u.a = t.a AND v.x > 0);

-- title: a correlated subquery over an outer join
SELECT t.a, (SELECT COUNT(v.k) FROM u LEFT JOIN v ON u.c = v.k WHERE u.a = t.a) AS n FROM t;

-- title: a subquery in a subquery that reads the outermost rows
SELECT t.a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a AND EXISTS (SELECT 1 FROM v WHERE v.k = t.b AND v.k = u.c));

-- title: a correlated union
SELECT t.a FROM t WHERE t.b IN (SELECT u.c FROM u WHERE u.a = t.a UNION SELECT v.k FROM v WHERE v.k = t.b);

-- title: a scalar subquery of the whole table
SELECT t.a, t.d - (SELECT AVG(x.d) FROM t AS x) AS away FROM t;

-- title: a subquery above groups
SELECT t.a, SUM(t.b) AS b FROM t GROUP BY t.a HAVING SUM(t.b) > (SELECT AVG(u.c) FROM u) ORDER BY (SELECT MAX(v.k) FROM v) - t.a;

-- title: a correlated subquery above groups
SELECT t.a, (SELECT MAX(u.c) FROM u WHERE u.a = t.a) AS c, COUNT(*) AS n FROM t GROUP BY t.a;

-- title: aggregates of nothing
SELECT COUNT(*) AS n, SUM(t.a) AS s, MIN(t.s) AS m, AVG(t.d) AS v, STDDEV_POP(t.a) AS d FROM t WHERE t.a > 99;

-- title: groups of nothing
SELECT t.a, COUNT(*) AS n FROM t WHERE t.a > 99 GROUP BY t.a;

-- title: every aggregate that has two phases
SELECT t.b, COUNT(*), COUNT(t.a), SUM(t.a), SUM(t.d), MIN(t.s), MAX(t.d), AVG(t.a), AVG(t.d), BOOL_AND(t.a > 1), BOOL_OR(t.a > 3), BIT_AND(t.a), BIT_OR(t.a), BIT_XOR(t.a), COUNT_IF(t.a > 1), VAR_POP(t.a), VAR_SAMP(t.d), STDDEV_POP(t.d), STDDEV_SAMP(t.a) FROM t GROUP BY t.b;

-- title: the same without groups
SELECT COUNT(*), COUNT(t.a), SUM(t.a), SUM(t.d), MIN(t.s), MAX(t.d), AVG(t.a), AVG(t.d), BOOL_AND(t.a > 1), BOOL_OR(t.a > 3), BIT_AND(t.a), BIT_OR(t.a), BIT_XOR(t.a), COUNT_IF(t.a > 1), VAR_POP(t.a), VAR_SAMP(t.d), STDDEV_POP(t.d), STDDEV_SAMP(t.a) FROM t;

-- title: the variance of large numbers that differ little
SELECT VAR_SAMP(t.a + 1000000000.5) AS v, STDDEV_POP(t.b + 1000000000.25) AS s FROM t;

-- title: aggregates that need whole groups
SELECT t.b, MEDIAN(t.a), QUANTILE_CONT(t.d, 0.25), STRING_AGG(t.s, ',' ORDER BY t.s), LIST(t.a ORDER BY t.a), ARG_MAX(t.a, t.d * 10 + t.a), PRODUCT(t.a + 1), KURTOSIS(t.a), CORR(t.a, t.d) FROM t GROUP BY t.b;

-- title: aggregates that need whole groups, without groups
SELECT MEDIAN(t.a), STRING_AGG(t.s, ',' ORDER BY t.s), COVAR_POP(t.a, t.b) FROM t;

-- title: filtered aggregates
SELECT t.b, COUNT(*) FILTER (WHERE t.a > 1), AVG(t.d) FILTER (WHERE t.a > 99), STDDEV_SAMP(t.a) FILTER (WHERE t.d > 0) FROM t GROUP BY t.b;

-- title: distinct aggregates with groups
SELECT t.b, COUNT(DISTINCT t.a), SUM(DISTINCT t.d), COUNT(*), AVG(t.a) FROM t GROUP BY t.b;

-- title: one distinct aggregate without groups
SELECT COUNT(DISTINCT t.s) AS n, COUNT(*) AS m, SUM(t.a) AS s FROM t;

-- title: two distinct aggregates without groups
SELECT COUNT(DISTINCT t.s) AS n, AVG(DISTINCT t.b) AS m, MAX(t.a) AS s FROM t;

-- title: distinct aggregates beside ones that need whole groups
SELECT t.a, COUNT(DISTINCT t.b), MEDIAN(t.d), VAR_POP(t.d) FROM t GROUP BY t.a;

-- title: approximate counts are the same wherever they are made
SELECT t.b, APPROX_COUNT_DISTINCT(t.a) AS n FROM t GROUP BY t.b;

-- title: rollup with grouping marks
SELECT t.a, t.b, GROUPING(t.a) AS ga, GROUPING(t.b) AS gb, COUNT(*) AS n, AVG(t.d) AS d FROM t GROUP BY ROLLUP (t.a, t.b);

-- title: cube
SELECT t.a, t.s, SUM(t.b) AS b FROM t GROUP BY CUBE (t.a, t.s);

-- title: grouping sets, one of them twice
SELECT t.a, COUNT(*) AS n FROM t GROUP BY GROUPING SETS ((t.a), (t.a), ());

-- title: grouping sets with distinct aggregates and variances
SELECT t.a, t.b, COUNT(DISTINCT t.s) AS n, VAR_POP(t.d) AS v FROM t GROUP BY GROUPING SETS ((t.a, t.b), (t.b));

-- title: rollup of no rows
SELECT t.a, COUNT(*) AS n FROM t WHERE t.a > 99 GROUP BY ROLLUP (t.a);

-- title: groups by expressions that are used in larger ones
SELECT t.a + 1 AS x, (t.a + 1) * 2 AS y, MAX(t.b) - MIN(t.b) AS z FROM t GROUP BY t.a + 1 HAVING t.a + 1 > 1;

-- title: groups by a constant
SELECT 'x' AS x, COUNT(*) AS n FROM t GROUP BY 'x';

-- title: distinct
SELECT DISTINCT t.a, t.s FROM t;

-- title: distinct on
SELECT DISTINCT ON (t.a) t.a, t.b FROM t ORDER BY t.a, t.b;

-- title: top with an offset
SELECT t.a, t.b, t.s FROM t ORDER BY t.a DESC NULLS LAST, t.b, t.s, t.d LIMIT 5 OFFSET 3;

-- title: top by what is not shown
SELECT t.a FROM t ORDER BY t.b NULLS FIRST, t.a LIMIT 4;

-- title: offset alone
SELECT t.a, t.b FROM t ORDER BY t.a, t.b OFFSET 10;

-- title: a limit of some percent
SELECT COUNT(*) AS n FROM (SELECT t.a FROM t ORDER BY t.a LIMIT 50 PERCENT) AS d;

-- title: a distinct top
SELECT DISTINCT t.a FROM t ORDER BY t.a DESC NULLS LAST LIMIT 2;

-- title: top of groups
SELECT t.s, COUNT(*) AS n FROM t GROUP BY t.s ORDER BY n DESC, t.s LIMIT 2;

-- title: windows by a key
SELECT t.a, t.b, SUM(t.b) OVER (PARTITION BY t.a) AS s, RANK() OVER (PARTITION BY t.a ORDER BY t.b) AS r FROM t;

-- title: windows by different keys
SELECT t.a, t.b, COUNT(*) OVER (PARTITION BY t.a) AS x, COUNT(*) OVER (PARTITION BY t.b) AS y FROM t;

-- title: windows by keys with one in common
SELECT t.a, COUNT(*) OVER (PARTITION BY t.a, t.b) AS x, MAX(t.d) OVER (PARTITION BY t.b) AS y FROM t;

-- title: a window over all rows
SELECT t.a, t.b, RANK() OVER (ORDER BY t.a, t.b) AS r FROM t;

-- title: a window over groups
SELECT t.a, COUNT(*) AS n, RANK() OVER (ORDER BY COUNT(*) DESC, t.a) AS r FROM t GROUP BY t.a;

-- title: a named window
SELECT t.a, SUM(t.b) OVER w AS s FROM t WINDOW w AS (PARTITION BY t.a ORDER BY t.b);

-- title: qualify
SELECT t.a, t.b FROM t QUALIFY RANK() OVER (PARTITION BY t.a ORDER BY t.b DESC NULLS LAST) = 1;

-- title: rows before and after
SELECT t.a, t.b, LAG(t.b) OVER (PARTITION BY t.a ORDER BY t.b, t.s, t.d) AS before, NTILE(2) OVER (PARTITION BY t.a ORDER BY t.b, t.s, t.d) AS half FROM t;

-- title: union all of tables laid out differently
SELECT t.a FROM t UNION ALL SELECT v.k FROM v UNION ALL SELECT 7;

-- title: union of columns of different types
SELECT t.d FROM t UNION SELECT v.x FROM v UNION SELECT u.c FROM u;

-- title: intersect and except
(SELECT t.a, t.b FROM t INTERSECT SELECT u.a, u.c FROM u) EXCEPT SELECT v.k, v.k FROM v;

-- title: intersect all and except all
(SELECT t.a FROM t INTERSECT ALL SELECT u.a FROM u) EXCEPT ALL SELECT v.k FROM v;

-- title: an ordered union, cut
SELECT t.a AS x FROM t UNION ALL SELECT u.c FROM u ORDER BY x DESC NULLS LAST LIMIT 4;

-- title: groups over a union all
SELECT d.x, COUNT(*) AS n FROM (SELECT t.a AS x FROM t UNION ALL SELECT u.a FROM u) AS d GROUP BY d.x;

-- title: union by name
SELECT t.a, t.b FROM t UNION ALL BY NAME SELECT u.c AS b, u.a FROM u;

-- title: values and tables
SELECT w.p, t.b FROM (VALUES (1, 'x'), (2, 'y'), (NULL, 'z')) AS w(p, q) LEFT JOIN t ON t.a = w.p;

-- title: a query of constants
SELECT 1 AS one, 'x' AS text, NULL AS nothing;

-- title: subqueries without a table around them
SELECT (SELECT COUNT(*) FROM t) AS n, EXISTS (SELECT 1 FROM u WHERE u.c > 2) AS e;

-- title: series and unnested lists
SELECT g.i, COUNT(t.a) AS n FROM GENERATE_SERIES(0, 3) AS g(i) LEFT JOIN t ON t.a = g.i GROUP BY g.i;

-- title: lists made of columns
SELECT t.a, x.e FROM t, UNNEST([t.a, t.b]) AS x(e) WHERE x.e > 1;

-- title: unnest in a select list
SELECT t.a, UNNEST([t.a, t.b]) AS e FROM t;

-- title: the best of each, laterally
SELECT t.a, x.c FROM t, LATERAL (SELECT u.c FROM u WHERE u.a = t.a ORDER BY u.c DESC NULLS LAST LIMIT 1) AS x;

-- title: laterally, or nothing
SELECT t.a, x.n FROM t LEFT JOIN LATERAL (SELECT SUM(u.c) AS n FROM u WHERE u.a = t.a HAVING COUNT(*) > 1) AS x ON TRUE;

-- title: lateral without a key
SELECT v.k, x.n FROM v CROSS JOIN LATERAL (SELECT COUNT(*) AS n FROM t WHERE t.a > v.k) AS x;

-- title: a CTE read twice
WITH c AS (SELECT t.a, COUNT(*) AS n FROM t GROUP BY t.a) SELECT x.a, x.n, y.n AS m FROM c AS x LEFT JOIN c AS y ON x.n = y.a;

-- title: a CTE read in a subquery and outside
WITH c AS (SELECT u.a, u.c FROM u WHERE u.c > 0) SELECT c.a, c.c FROM c WHERE c.c = (SELECT MAX(c.c) FROM c);

-- title: CTEs that build on each other
WITH c AS (SELECT t.a, t.b FROM t), d AS (SELECT c.a FROM c WHERE c.b > 1), e AS (SELECT d.a FROM d UNION ALL SELECT c.b FROM c) SELECT x.a, COUNT(*) AS n FROM e AS x, e AS y WHERE x.a = y.a GROUP BY x.a;

-- title: a recursive query
WITH RECURSIVE r AS (SELECT t.a, 0 AS step FROM t WHERE t.b = 1 UNION SELECT u.c, r.step + 1 FROM r JOIN u ON u.a = r.a WHERE r.step < 3) SELECT r.a, r.step FROM r;

-- title: a join by the nearest before
SELECT t.a, t.b, x.k FROM t ASOF JOIN (SELECT DISTINCT v.k FROM v WHERE v.k IS NOT NULL) AS x ON t.a >= x.k;

-- title: a pivot by hand
SELECT t.b, SUM(CASE WHEN t.a = 1 THEN 1 ELSE 0 END) AS ones, SUM(CASE WHEN t.a = 2 THEN t.d END) AS twos FROM t GROUP BY t.b;

-- title: a derived table in a derived table, filtered from outside
SELECT e.k, e.n FROM (SELECT d.k, d.n FROM (SELECT t.a AS k, COUNT(*) AS n FROM t GROUP BY t.a) AS d WHERE d.n > 1) AS e WHERE e.k IN (1, 2, 3);

-- title: sums that need more than 64 bits stay exact
SELECT SUM(CAST(t.a AS BIGINT) * 2000000000000000000) AS s FROM t;

-- title: sums of sums as keys
SELECT d.s, COUNT(*) AS n FROM (SELECT t.a, SUM(t.b) AS s FROM t GROUP BY t.a) AS d JOIN u ON u.c = d.s GROUP BY d.s;

-- title: names that need quotes
SELECT x."order" AS "Order By", x."a b" FROM (SELECT t.a AS "order", t.b AS "a b" FROM t) AS x WHERE x."order" > 1 ORDER BY x."order", x."a b" LIMIT 3;

-- title: two outputs of one name
SELECT t.a, u.a FROM t JOIN u ON t.b = u.c ORDER BY t.a, u.a;

-- title: structs and lists travel whole
SELECT d.p.x AS x, d.l[1] AS first FROM (SELECT {'x': t.a, 'y': t.s} AS p, [t.b, t.a] AS l FROM t) AS d ORDER BY 1, 2 LIMIT 7;

-- title: lambdas
SELECT t.a, LIST_TRANSFORM([t.a, t.b], LAMBDA x : x + t.a) AS l FROM t JOIN u ON t.b = u.c;

-- title: groups of texts without their blanks, with the least of each
SELECT RTRIM(t.s) AS k, MIN(t.s) AS s, COUNT(*) AS n, SUM(t.b) AS b FROM t GROUP BY RTRIM(t.s);

-- title: groups of texts without their case, with the greatest and the least of each
SELECT LOWER(t.s) AS k, MIN(t.s) AS l, MAX(t.s) AS g, t.a FROM t GROUP BY LOWER(t.s), t.a HAVING MIN(t.s) < 'b';

-- title: groups of texts without their blanks, of other values too
SELECT MIN(t.s) AS s, COUNT(DISTINCT t.a) AS n FROM t GROUP BY RTRIM(t.s) ORDER BY RTRIM(MIN(t.s)) NULLS FIRST;

-- title: groups of texts without their blanks, and a deviation
SELECT MIN(t.s) AS s, VAR_POP(t.b) AS v FROM t GROUP BY RTRIM(t.s);

-- title: groups of texts without their blanks, and all together
SELECT MIN(t.s) AS s, COUNT(*) AS n FROM t GROUP BY ROLLUP (RTRIM(t.s), t.a);
