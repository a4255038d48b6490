"""The metrics of the semantic layer are what the marts say.

MetricFlow, which would make the SQL, is not installed: what a metric means is read here from dbt's semantic manifest.
"""

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.line import Line

MONTHLY = "service_type, pickup_month"
BY_COMPANY = "company_id, pickup_month"
BY_ZONE = "pickup_location_id, company_id, pickup_month"
BY_HOUR = "pickup_location_id, service_type, pickup_hour"
REVENUE = f"select {MONTHLY}, {{}} from taxi_marts.monthly_zone_revenue where {{}} group by {MONTHLY}"
PAY = f"select {BY_COMPANY}, {{}} from taxi_marts.driver_pay"
WAITS = f"select {BY_ZONE}, {{}} from taxi_marts.waiting_times"
DEMAND = f"select {BY_HOUR}, {{}} from taxi_marts.hourly_zone_demand"

# Each metric as a mart has it: what by, and the value.
MARTS = {
    "revenue": (MONTHLY, REVENUE.format("sum(total_amount)", "true")),
    "trips": (MONTHLY, REVENUE.format("sum(trips)", "true")),
    "refunds": (MONTHLY, REVENUE.format("sum(refunds)", "true")),
    "refund_rate": (MONTHLY, REVENUE.format("sum(refunds) / sum(trips)", "true")),
    "fares": (MONTHLY, REVENUE.format("sum(fare_amount)", "true")),
    "tips": (MONTHLY, REVENUE.format("sum(tip_amount)", "true")),
    "revenue_per_trip": (MONTHLY, REVENUE.format("sum(total_amount) / sum(trips)", "service_type != 'fhv'")),
    "tip_rate": (
        MONTHLY,
        f"select {MONTHLY}, tip_percent / 100 from taxi_marts.monthly_tips"
        " where payment_type_id = 1 and service_type != 'fhvhv'",
    ),
    "high_volume_tip_rate": (BY_COMPANY, PAY.format("tip_percent_of_fare / 100")),
    "revenue_growth": (
        MONTHLY,
        f"""
        with months as ({REVENUE.format("sum(total_amount) as revenue", "true")})
        select service_type, now.pickup_month, now.revenue / before.revenue - 1
        from months as now inner join months as before using (service_type)
        where now.pickup_month = before.pickup_month + interval '1 year' and before.revenue != 0
        """,
    ),
    "high_volume_trips": (BY_COMPANY, PAY.format("trips")),
    "waits": (BY_ZONE, WAITS.format("waits")),
    "waits_over_10_minutes": (BY_ZONE, WAITS.format("waits_over_10_minutes")),
    "wait_minutes": (BY_ZONE, WAITS.format("average_wait_minutes * waits")),
    "average_wait_minutes": (BY_ZONE, WAITS.format("average_wait_minutes")),
    "long_wait_rate": (BY_ZONE, WAITS.format("over_10_minutes_percent / 100")),
    "driver_pay": (BY_COMPANY, PAY.format("driver_pay_amount")),
    "high_volume_fares": (BY_COMPANY, PAY.format("fare_amount")),
    "driven_miles": (BY_COMPANY, PAY.format("trip_miles")),
    "driven_hours": (BY_COMPANY, PAY.format("trip_seconds / 3600.0")),
    "driver_pay_per_trip": (BY_COMPANY, PAY.format("pay_per_trip")),
    "driver_pay_per_mile": (BY_COMPANY, PAY.format("pay_per_mile")),
    "driver_pay_per_hour": (BY_COMPANY, PAY.format("pay_per_hour")),
    "driver_pay_rate": (BY_COMPANY, PAY.format("pay_percent_of_fare / 100")),
    "demand": (BY_HOUR, DEMAND.format("trips")),
    "hourly_revenue": (BY_HOUR, DEMAND.format("total_amount")),
}
# By how much a mart rounds: to two digits, some of a percentage, and an average that is multiplied again by its waits.
DIGITS = {
    **dict.fromkeys(
        ("average_wait_minutes", "driver_pay_per_trip", "driver_pay_per_mile", "driver_pay_per_hour"), "0.005"
    ),
    **dict.fromkeys(("tip_rate", "high_volume_tip_rate", "long_wait_rate", "driver_pay_rate"), "0.00005"),
    "wait_minutes": "4",
}

Values = dict[tuple, Decimal | None]


class Metrics:
    """The metrics of a semantic manifest, worked out on Postgres."""

    def __init__(self, manifest: dict[str, Any], connection: psycopg.Connection):
        self._connection = connection
        self.by_name = {metric["name"]: metric for metric in manifest["metrics"]}
        self._models = {model["name"]: model for model in manifest["semantic_models"]}
        self._measures = {
            measure["name"]: (measure, model) for model in self._models.values() for measure in model["measures"]
        }

    def values(self, name: str, by: str, filters: Sequence[dict] = ()) -> Values:
        """A metric by the columns `by`, of which the last is the time."""
        metric = self.by_name[name]
        filters = [*filters, *_filters(metric)]
        params = metric["type_params"]
        if metric["type"] == "simple":
            return self._measured(params["measure"], by, filters)
        if metric["type"] == "ratio":
            above, below = (self._input(params[part], by, filters) for part in ("numerator", "denominator"))
            return {
                key: above[key] / value if value else None for key, value in below.items() if above.get(key) is not None
            }
        inputs = {one["alias"] or one["name"]: self._input(one, by, filters) for one in params["metrics"]}
        keys = [
            key
            for key in set.intersection(*map(set, inputs.values()))
            if all(one[key] is not None for one in inputs.values())
        ]
        rows = ", ".join(f"({', '.join(str(one[key]) for one in inputs.values())})" for key in keys)
        found = self.query(f"select {params['expr']} from (values {rows}) as v ({', '.join(inputs)})")
        return {key: value for key, (value,) in zip(keys, found, strict=True)}

    def query(self, statement: str) -> list[tuple]:
        """The rows of a query."""
        return self._connection.execute(statement).fetchall()

    def _input(self, given: dict, by: str, filters: Sequence[dict]) -> Values:
        found = self.values(given["name"], by, [*filters, *_filters(given)])
        years = given["offset_window"]["count"] if given.get("offset_window") else 0
        return {(*key[:-1], key[-1].replace(year=key[-1].year + years)): value for key, value in found.items()}

    def _measured(self, given: dict, by: str, filters: Sequence[dict]) -> Values:
        measure, model = self._measures[given["name"]]
        declared = {one["expr"] or one["name"] for one in (*model["entities"], *model["dimensions"])}
        assert set(by.split(", ")) <= declared
        where = " and ".join(self._condition(one) for one in (*filters, *_filters(given))) or "true"
        aggregated = f"{measure['agg']}({measure['expr'] or measure['name']})"
        table = f"{model['node_relation']['schema_name']}.{model['node_relation']['alias']}"
        rows = self.query(f"select {by}, {aggregated} from {table} where {where} group by {by}")
        return {tuple(key): value for *key, value in rows}

    def _condition(self, given: dict) -> str:
        def column(found: re.Match) -> str:
            dimensions = self._models[found[1]]["dimensions"]
            return next(f"({one['expr'] or one['name']})" for one in dimensions if one["name"] == found[2])

        return re.sub(r"{{ *Dimension\('(\w+?)__(\w+)'\) *}}", column, given["where_sql_template"])


def _filters(given: dict) -> list[dict]:
    return given["filter"]["where_filters"] if given.get("filter") else []


@pytest.fixture(scope="module")
def metrics(parsed: dict[str, Path], marts_line: Line) -> Iterator[Metrics]:
    with marts_line.connect() as connection:
        yield Metrics(json.loads((parsed["postgres"] / "semantic_manifest.json").read_text()), connection)


def test_every_metric_is_compared_with_a_mart(metrics: Metrics):
    assert metrics.by_name.keys() == MARTS.keys()


@pytest.mark.parametrize("name", MARTS)
def test_a_metric_is_what_the_mart_says(metrics: Metrics, name: str):
    by, query = MARTS[name]
    found = metrics.values(name, by)
    compared = 0
    for *key, expected in metrics.query(query):
        if expected is None:
            assert not found.get(tuple(key))
            continue
        compared += 1
        assert abs(found[tuple(key)] - expected) <= Decimal(DIGITS.get(name, "0")) + Decimal("1e-9"), key
    assert compared > 0
