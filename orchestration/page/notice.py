"""Whether the files of a line are synthetic: `python -m synthetic` leaves a notice beside them."""

from pathlib import Path

from orchestration.settings import Settings

NOTICE = "SYNTHETIC.txt"


def synthetic_source(settings: Settings) -> str | None:
    """The folder of synthetic files that is the source; None if its files are real."""
    location = settings.source.location
    if "://" in location or not (Path(location) / NOTICE).is_file():
        return None
    folder = Path(location).resolve()
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)
