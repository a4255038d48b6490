"""Statements become the same SQL as by local-bigquery alone: embedded/bigquery_fixes/quick_translation.py."""

import json
import os
import subprocess
import sys
from pathlib import Path

STATEMENTS = [
    "select a, sum(b) from local.trips where month = date '2024-01-01' group by 1 order by 2 desc, a",
    "select mod(mod(cast(b * 100 as int64), 97) * 3 + 1, 97), b / nullif(a, 0), div(a, 2) from local.trips",
    "with days as (select month, count(*) as n from local.trips group by month) "
    "select days.month, t.a, n + 1.5 from days left join local.trips as t on t.month = days.month and t.a > 1",
    "select t.a, code from local.trips as t, t.codes as code where code > 'a'",
    "select t.a, other.a from local.trips as t cross join (select * from local.trips where a = 2) as other",
    "select date_diff(month, date '1970-01-01', day), month + 1, cast('2024-02-01' as date) - 1 from local.trips",
    "select array_agg(struct(a, b) order by a)[offset(0)].b, countif(a = 1) from local.trips",
    "select case when a between 1 and 2 then 'x' else cast(a as string) end, safe_divide(a, 0), -5 from local.trips",
    "create or replace table local.sums (a int64 not null, total numeric) as "
    "select a, sum(b) from local.trips group by a having sum(b) > 0 union all select 0, numeric '1.5'",
    "merge local.trips as old using (select * from local.trips) as new on false when not matched by source and "
    "old.month = date '2024-01-01' then delete when not matched then insert (month, a, b) values (month, a, b)",
]

TRANSLATE = """
import json, sys
from pathlib import Path
from embedded import bigquery_fixes
bigquery_fixes.early()
from local_bigquery.jobs import query
from local_bigquery.settings import settings
from local_bigquery.sql.translate import Context, parse
if sys.argv[2] == "alone":
    from embedded.bigquery_fixes import quick_translation
    quick_translation.apply = lambda: None
bigquery_fixes.late()
settings.data_dir = Path(sys.argv[1])
query.run_ddl("local", "create table local.trips (month date, a int64, b numeric, codes array<string>)")
for statement in json.load(sys.stdin):
    (tree,) = parse(statement)
    print(json.dumps(query.translate(tree, Context("local", "local"))[0]))
"""

WALK = """
from embedded import bigquery_fixes
bigquery_fixes.early()
from sqlglot import exp, parse_one
from embedded.bigquery_fixes import quick_translation
quick_translation.apply()
tree = parse_one("select a + 1 as x, (select b) from t")
for column in tree.find_all(exp.Column):
    if column.name == "a":
        column.replace(exp.func("abs", exp.column("c")))
print([column.name for column in tree.find_all(exp.Column)])
copy = tree.copy()
print(copy == tree, all(node.parent is not None for node in copy.walk() if node is not copy))
for value in copy.find_all(exp.Literal):
    value.replace(exp.Literal.number(2))
print(tree.sql(), copy.sql(), sep="; ")
"""


def printed(script: str, folder: Path, *arguments: str, given: str = "") -> list[str]:
    """The lines that a script prints, in a process whose sqlglot nobody has changed yet."""
    environment = {**os.environ, "BIGQUERY_SCRATCH": str(folder / "scratch"), "BIGQUERY_TOKEN": "none"}
    command = [sys.executable, "-c", script, str(folder / "data"), *arguments]
    result = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.splitlines()


def test_each_statement_becomes_the_same_sql(tmp_path: Path):
    given = json.dumps(STATEMENTS)
    quick = printed(TRANSLATE, tmp_path / "quick", "quick", given=given)
    assert quick == printed(TRANSLATE, tmp_path / "alone", "alone", given=given)
    assert len(quick) == len(STATEMENTS)


def test_a_walk_sees_what_was_put_in_meanwhile_and_a_copy_is_one_of_its_own(tmp_path: Path):
    columns, is_whole, texts = printed(WALK, tmp_path)
    assert columns == "['b', 'c']"
    assert is_whole == "True True"
    assert texts == "SELECT ABS(c) + 1 AS x, (SELECT b) FROM t; SELECT ABS(c) + 2 AS x, (SELECT b) FROM t"
