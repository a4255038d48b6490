"""pandas `to_sql`, as the Data Engineering Zoomcamp teaches it.

By the course's 01-docker-terraform/docker-sql/pipeline/ingest_data.py: an SQLAlchemy engine on psycopg2, the table made
by `head(0).to_sql(if_exists="replace")`, then chunks of 100,000 rows by `to_sql(if_exists="append")`, with the chunk's
index as a column. The course reads the CSV edition of the file; parquet is read by pyarrow's `iter_batches`, as those
do who take TLC's own files. The course has no lake in this script.

Timed: engine, opening the file, all chunks; every chunk is a transaction of its own.
"""

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import create_engine
from tqdm.auto import tqdm

from benchmarks.peers import job

CHUNK_ROWS = 100_000


def load(task: job.Job) -> None:
    """Append the file chunk by chunk."""
    engine = create_engine(job.postgres_url())
    table = {"name": task.name, "schema": task.schema, "con": engine}
    first = True
    for batch in tqdm(pq.ParquetFile(task.file).iter_batches(batch_size=CHUNK_ROWS)):
        chunk: pd.DataFrame = batch.to_pandas()
        if first:
            chunk.head(0).to_sql(if_exists="replace", **table)
            first = False
        chunk.to_sql(if_exists="append", **table)


if __name__ == "__main__":
    job.run({"postgres": load})
