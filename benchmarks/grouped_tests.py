"""The tests of a month as a person would write them for speed: one scan of a table for all that one pass can tell.

Of a table kept by file month, a single query by data set counts the rows that break a rule (accepted values,
relationships) and makes the sums that tests compare, of trips those that the other tables are compared with too. What
is to be unique takes a second query, which has to sort or hash the rows. Tests that hold several tables against each
other row by row, or read no table of trips, stay as they are.
"""

from dataclasses import dataclass, field

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer import optimize
from sqlglot.optimizer.merge_subqueries import merge_subqueries
from sqlglot.optimizer.qualify import qualify

from benchmarks.compiled import Compiled, Node

TRIPS = "fct_trips"
_BY = ["file_month", "service_type"]


@dataclass
class Scan:
    """What one query finds of a table, by data set; `broken` are conditions on a row of what it finds."""

    table: str
    columns: dict[str, str] = field(default_factory=dict)  # expression: name
    broken: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)

    def column(self, expression: str) -> str:
        """The name under which the scan finds the value of this aggregate; the same one is found once."""
        return self.columns.setdefault(expression, f"c{len(self.columns) + 1}")


class GroupedTests:
    """All tests of a compiled project's run, as few queries. Each query returns the number of things at fault."""

    def __init__(self, compiled: Compiled):
        """Sort the tests into groups."""
        self._compiled = compiled
        self.scans: dict[str, Scan] = {
            model.name: Scan(model.relation) for model in compiled.models if model.is_by_month
        }
        self.grains: list[tuple[str, str]] = []  # test, query
        self.comparisons: list[tuple[str, str]] = []
        self.others: list[tuple[str, str]] = []
        for test in compiled.tests:
            self._add(test)

    def statements(self, condition: str) -> list[tuple[str, str]]:
        """What it is, and the query; `condition` is on file_month."""
        found = []
        for name, scan in self.scans.items():
            if scan.columns:
                columns = ",\n    ".join(f"{value} as {column}" for value, column in scan.columns.items())
                query = (
                    f"create temporary table checked_{name} on commit drop as\nselect\n    {', '.join(_BY)},\n"
                    f"    {columns}\nfrom {scan.table}\nwhere {condition}\ngroup by {', '.join(_BY)}"
                )
                found.append((f"one scan of {name} for {len(scan.tests)} tests: {', '.join(scan.tests)}", query))
        for name, scan in self.scans.items():
            if scan.broken:
                broken = "\n    or ".join(f"coalesce({one}, false)" for one in scan.broken)
                found.append(
                    (f"judge what was found of {name}", f"select count(*) from checked_{name}\nwhere {broken}")
                )
        for test, query in (*self.grains, *self.comparisons, *self.others):
            found.append((test, query.replace("__in_file_months__", condition)))
        return found

    def _add(self, test: Node) -> None:
        kind, arguments = test.test
        attached = self._compiled.nodes.get(test.document.get("attached_node") or "")
        scan = self.scans.get(attached.name) if attached else None
        if scan and kind in ("relationships", "accepted_values", "not_null"):
            wrong = scan.column(f"count(*) filter (where {self._broken(test, kind, arguments)})")
            scan.broken.append(f"{wrong} > 0")
            scan.tests.append(test.name)
        elif scan and kind == "unique_grain":
            columns = ", ".join(arguments["columns"])
            rows = f"select from {scan.table} where __in_file_months__ group by {columns} having count(*) > 1"
            self.grains.append((test.name, f"select count(*) from (\n    {rows}\n) as doubled"))
        elif scan and kind == "adds_up_to_trips":
            self._add_sums(test, attached.name, arguments)
        elif not self._absorb(test):
            self.others.append((test.name, f"select count(*) from (\n{test.sql}\n) as failures"))

    def _broken(self, test: Node, kind: str, arguments: dict) -> str:
        column = arguments["column_name"]
        if kind == "not_null":
            return f"{column} is null"
        if kind == "accepted_values":
            return f"{column} not in ({', '.join(repr(value) for value in arguments['values'])})"
        field_ = arguments["field"]
        parent = self._compiled.parent(test, arguments["to"].split("'")[1]).relation
        # A null refers to nothing; and `null not in` a table without rows is true.
        return f"{column} is not null and {column} not in (select {field_} from {parent} where {field_} is not null)"

    def _add_sums(self, test: Node, name: str, arguments: dict) -> None:
        """Both sides are found by the scans of their tables; to compare them takes a join of a few rows."""
        of = str(arguments.get("of") or TRIPS)
        counted = TRIPS if of == TRIPS else of.split("'")[1]
        trips, mart = self.scans[counted], self.scans[name]
        condition = arguments.get("condition", "true")
        pairs = [(it, it) if isinstance(it, str) else tuple(it) for it in arguments.get("sums", [])]
        rows = f" filter (where {condition})" if condition != "true" else ""
        all_trips = "count(*)" if counted == TRIPS else f"sum({arguments.get('of_trips', 'trips')})"
        expected = [f"{all_trips}{rows}", *(f"sum({value}){rows}" for _, value in pairs)]
        sums = [arguments.get("trips", "trips"), *(value for value, _ in pairs)]
        both = [(trips.column(one), mart.column(f"sum({other})")) for one, other in zip(expected, sums, strict=True)]
        differ = "\n    or ".join(f"coalesce(trips.{one}, 0) != coalesce(mart.{other}, 0)" for one, other in both)
        joined = f"checked_{counted} as trips full join checked_{name} as mart using ({', '.join(_BY)})"
        self.comparisons.append((test.name, f"select count(*)\nfrom {joined}\nwhere\n    {differ}"))
        trips.tests.append(test.name)
        mart.tests.append(test.name)

    def _absorb(self, test: Node) -> bool:
        """Take a query that reads one table of ours, by data set, into the scan of that table; if it is like that."""
        parents = [self._compiled.nodes[it] for it in test.parents]
        scan = self.scans.get(parents[0].name) if len(parents) == 1 else None
        if not scan:
            return False
        try:
            query = optimize(
                parse_one(test.sql, dialect="postgres"), dialect="postgres", rules=(qualify, merge_subqueries)
            )
        except SqlglotError:
            return False
        group, having = query.args.get("group"), query.args.get("having")
        names = sorted(it.name for it in group.expressions) if group else []
        is_plain = not query.args.get("with_") and not query.args.get("joins") and not query.find(exp.Subquery)
        if not is_plain or names != _BY:
            return False
        for column in query.find_all(exp.Column):
            column.set("table", None)
        # the month is that of the scan
        wanted = [it for it in query.args["where"].this.flatten() if "file_month" not in it.sql()]
        where = exp.and_(*wanted).sql(dialect="postgres", comments=False) if wanted else "true"
        rows = scan.column(f"count(*) filter (where {where})")
        condition = having.this.copy() if having else exp.true()
        condition = condition.transform(lambda it: self._found(it, where, scan))
        scan.broken.append(f"{rows} > 0 and ({condition.sql(dialect='postgres', comments=False)})")
        scan.tests.append(test.name)
        return True

    @staticmethod
    def _found(node: exp.Expression, where: str, scan: Scan) -> exp.Expression:
        if isinstance(node, exp.AggFunc):
            aggregate = node.sql(dialect="postgres", comments=False)
            return exp.column(scan.column(f"{aggregate} filter (where {where})"))
        return node
