-- title: a join condition in every branch
SELECT t.a AS a FROM t AS t, u AS u WHERE t.a = u.a AND t.b = 1 OR t.a = u.a AND u.c = 2;
SELECT t.a AS a FROM t AS t, u AS u WHERE t.a = u.a AND (t.b = 1 OR u.c = 2);

-- title: what the branches say of one table
SELECT t.a AS a FROM t AS t, u AS u WHERE (t.b = 1 AND u.c = 2) OR (t.b = 3 AND u.c = 4);
SELECT t.a AS a FROM t AS t, u AS u WHERE (t.b = 1 AND u.c = 2 OR t.b = 3 AND u.c = 4) AND (t.b = 1 OR t.b = 3) AND (u.c = 2 OR u.c = 4);

-- title: a branch that says no more than the others
SELECT t.a AS a FROM t AS t WHERE t.b = 1 OR t.b = 1 AND t.a = 2;
SELECT t.a AS a FROM t AS t WHERE t.b = 1;
