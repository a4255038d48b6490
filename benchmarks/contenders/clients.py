"""What the scripts share: the servers that are up, the month of a file, the figures that the harness reads."""

import json
import re
from datetime import date
from pathlib import Path

from ingest.datasets import DataSet, get_dataset
from ingest.months import parse_month
from ingest.postgres_connection import connect
from orchestration.settings import load_settings
from orchestration.warehouses.connections import Connections
from orchestration.warehouses.servers import Servers


def connections() -> Connections:
    """The servers of TAXI_STATE_DIR, which the harness has started; Postgres has written back what it got before."""
    with Servers(load_settings()) as servers:
        found = servers.all()
    with connect(found.dsn) as connection:
        connection.execute("checkpoint")  # else it falls into the turn of whoever comes next
    return found


def month_of(file: Path) -> tuple[DataSet, date]:
    """Data set and month by TLC's file name, such as yellow_tripdata_2025-02.parquet."""
    dataset, month = re.fullmatch(r"(\w+)_tripdata_(\d{4}-\d{2})", file.stem).groups()
    return get_dataset(dataset), parse_month(month)


def tell(seconds: float, **more: object) -> None:
    """Print what the harness reads: the last line of stdout."""
    print(json.dumps({"seconds": seconds, **more}))
