"""The servers of the `local` profile, from Python packages: PostgreSQL 18, fake-gcs-server and local-bigquery.

    stack = Stack(Path("data/local"))
    endpoints = stack.start()        # starts what does not run, reuses what does
    stack.stop()

All three listen on 127.0.0.1 only, keep their data in one folder, and outlive the process that started them.
"""

from embedded.endpoints import Endpoints
from embedded.stack import Stack

__all__ = ["Endpoints", "Stack"]
