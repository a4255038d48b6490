"""Whatever a line has sent to BigQuery, Google's analyzer takes: no kind of statement is missing in `make lint`."""

import re

import pytest

from tests.line import Line
from tests.warehouses import bigquery_of

pytestmark = pytest.mark.slow

STANDARD = {"FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
# The table's own name in place of that of the view or table that is merged into it, and has gone.
MERGED = re.compile(r"__dbt_tmp\d+")


def test_googles_analyzer_takes_every_statement_that_a_line_has_sent(marts_line: Line):
    from linting.google_analyzer import Analyzer, SqlError  # 2 s, which a process without this test need not take

    client, analyzer = bigquery_of(marts_line), Analyzer()
    for dataset in client.list_datasets():
        for table in map(client.get_table, client.list_tables(dataset)):
            columns = [(field.name, STANDARD.get(field.field_type, field.field_type)) for field in table.schema]
            analyzer.add_table(client.project, dataset.dataset_id, table.table_id, columns)
    queries = [job for job in client.list_jobs(all_users=True) if job.job_type == "query"]
    complaints = {}
    # The tests set the project's default time zone, which the analyzer has no statement for.
    sent = {MERGED.sub("", job.query) for job in queries if not job.query.startswith("alter project")}
    for statement in sent:
        try:
            analyzer.accept(statement)
        except SqlError as error:
            complaints[statement] = str(error)
    assert complaints == {}
    kinds = {"SELECT", "CREATE_VIEW", "CREATE_TABLE_AS_SELECT", "CREATE_EXTERNAL_TABLE", "MERGE"}
    assert kinds <= {job.statement_type for job in queries}
