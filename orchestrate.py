"""The command line of the NYC taxi ELT line: `python orchestrate.py --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # with PYTHONSAFEPATH, Python leaves it out

from orchestration import interrupts


def main() -> None:
    """Run the command line; signals are heeded before the imports, which take a second."""
    with interrupts.heeded():
        from common.door import enter

        enter()
        from orchestration.cli.commands import main

        main()


if __name__ == "__main__":
    main()
