"""Loads CSV and JSON uploads that are compressed with gzip.

BigQuery: recognises gzip by the content, whatever the file's name.
local-bigquery: takes the compressed bytes for text. dlt's default load files (`*.jsonl.gz`) fail.
Changed: an upload that starts with gzip's two magic bytes is unzipped in place before it is loaded.
"""

import gzip
import shutil
from pathlib import Path

from local_bigquery.jobs import load, runner

MAGIC = b"\x1f\x8b"


def _unzip(file: Path) -> None:
    with open(file, "rb") as compressed:
        if compressed.read(2) != MAGIC:
            return
    plain = file.with_name(f"{file.name}.plain")
    with gzip.open(file) as source, open(plain, "wb") as target:
        shutil.copyfileobj(source, target)
    plain.replace(file)


def apply() -> None:
    """Unzip before loading."""
    load_as_before = load.run

    def run(cursor, config, upload: str | None):
        if upload and (config.sourceFormat or "CSV") in load.TEXT_FORMATS:
            _unzip(Path(upload))
        return load_as_before(cursor, config, upload)

    load.run = run
    runner.HANDLERS["load"] = run
