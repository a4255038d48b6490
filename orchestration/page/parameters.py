"""The parts of paths and queries that the pages and actions take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """A part of a page's path, or of its query. A value that does not match `pattern` whole is refused."""

    name: str
    description: str
    pattern: str
    example: str
    is_in_path: bool = True


_A_MONTH = r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])"
DATASET = Parameter("dataset", "data set", "yellow|green|fhv|fhvhv", "green")
MONTH = Parameter("month", "month", _A_MONTH, "2024-03")
RUN = Parameter("run", "run", "[0-9]{8}T[0-9]{6}-[0-9a-f]{4}", "20261130T015359-1f2e")
REQUEST = Parameter("request", "request", "[1-9][0-9]{0,8}", "1")
MODEL = Parameter("model", "model", "[a-z][a-z0-9_]{0,62}", "fct_trips")
DATASETS = Parameter(
    "datasets", "data sets, with commas", "(?:yellow|green|fhv|fhvhv)(?:,(?:yellow|green|fhv|fhvhv)){0,9}",
    "green,yellow", is_in_path=False,
)  # fmt: skip
MONTHS = Parameter(
    "months", "months, with commas", rf"{_A_MONTH}(?:\.\.{_A_MONTH})?(?:,{_A_MONTH}(?:\.\.{_A_MONTH})?){{0,99}}",
    "2024-01..2024-06", is_in_path=False,
)  # fmt: skip
FIRST = Parameter("first", "the first month", _A_MONTH, "2024-01", is_in_path=False)
LAST = Parameter("last", "the last month", _A_MONTH, "2024-06", is_in_path=False)
FORCE = Parameter("force", "'yes' to redo what is done", "yes", "yes", is_in_path=False)
REASON = Parameter("reason", "reason of a rejection", "[a-z][a-z0-9_]{0,62}", "pickup_outside_month", is_in_path=False)
BEFORE = Parameter("before", "number of a run: older ones are shown", "[1-9][0-9]{0,17}", "200", is_in_path=False)
OUTCOME = Parameter("outcome", "outcome of a run", "done|failed|interrupted|running", "failed", is_in_path=False)
STEP = Parameter("step", "step, or a month of it", "[a-z0-9][a-z0-9 ,.-]{0,99}", "dbt on postgres", is_in_path=False)
ABOUT = Parameter("model", "model", "[a-z][a-z0-9_]{0,62}", "fct_trips", is_in_path=False)
DEPTH = Parameter("depth", "so many levels of neighbours", "[1-9]", "2", is_in_path=False)
WHOLE = Parameter("whole", "'yes' for all models", "yes", "yes", is_in_path=False)
ROWS = Parameter("rows", "a warehouse to show rows of", "postgres|bigquery", "postgres", is_in_path=False)
OF_DATASET = Parameter("dataset", "data set", "yellow|green|fhv|fhvhv", "green", is_in_path=False)
