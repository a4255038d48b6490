"""Threads that an interrupted command does not wait for."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def thread_pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """As `with ThreadPoolExecutor(workers)`, but ctrl-C leaves what the threads are at to the end of the process."""
    pool, is_interrupted = ThreadPoolExecutor(workers), False
    try:
        yield pool
    except KeyboardInterrupt:
        is_interrupted = True
        raise
    finally:
        pool.shutdown(wait=not is_interrupted, cancel_futures=is_interrupted)
