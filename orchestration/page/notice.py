"""Whether the files of a line are synthetic: `python -m synthetic` leaves a notice beside them."""

from pathlib import Path

from orchestration.settings import Settings

NOTICE = "SYNTHETIC.txt"
DEMO = "demo"  # `docker compose run demo` loads months from there, whatever the page has as its source


def synthetic_source(settings: Settings) -> str | None:
    """The folder of synthetic files: the source, or the demo's in the state folder. None if all files are real."""
    location, demo = settings.source.location, settings.run.state_dir / DEMO
    folders = [demo] if "://" in location else [Path(location), demo]
    folder = next((one.resolve() for one in folders if (one / NOTICE).is_file()), None)
    if folder is None:
        return None
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else str(folder)
