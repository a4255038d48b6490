"""Chooses the kind of source by the form of its location."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from common.network import check_way_to, check_way_to_google
from ingest.errors import SettingError
from ingest.pace import Pace
from ingest.retry import RetryPolicy
from ingest.source import Source


def open_source(
    location: str | Path,
    *,
    cache: Path,
    tries: int = 7,
    base_delay: float = 1.0,
    pace: Pace | None = None,
    storage_endpoint: str = "",
) -> Source:
    """The source at `location`: http(s)://…, gs://bucket/prefix, or a folder.

    `cache` is where files from afar are kept. A request that fails is made `tries` times in all, after pauses that
    begin at `base_delay` seconds and double; `pace` is the least that a server has to do. `storage_endpoint` is where
    gs:// leads, by default to Google.
    Raises SettingError for a location that cannot be used.
    """
    pace = pace or Pace()
    text = os.fspath(location)
    is_address = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text)  # else a folder, be there '://' in its name
    scheme = text.partition("://")[0].lower() if is_address else ""
    policy = RetryPolicy(tries, base_delay, minimum_rate=pace.minimum_rate)
    # Each kind is imported where it is used: google-cloud-storage alone takes longer than a run with nothing to do.
    if scheme in ("http", "https"):
        from ingest.http_source import HttpSource

        source = HttpSource(text, cache, policy, pace)
        check_way_to(text)
        return source
    if scheme == "gs":
        from ingest.bucket_source import BucketSource

        if not storage_endpoint:
            check_way_to_google()
        return BucketSource(text, cache, policy, pace, storage_endpoint)
    if scheme == "file":
        text = unquote(urlsplit(text).path)
    elif scheme:
        raise SettingError(
            f"The setting `source` begins with {scheme}://, which is no kind of source",
            "Give a folder, an http(s):// address or a gs:// prefix",
        )
    from ingest.folder_source import FolderSource

    return FolderSource(Path(text))
