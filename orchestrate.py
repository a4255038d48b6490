"""The command line of the NYC taxi ELT line: `python orchestrate.py --help`."""

import _signal  # type: ignore[import-not-found]  # what `signal` is made of, which imports for 10 ms
import gc
import sys

# Until the signals are heeded, ctrl-C ends the program without a traceback.
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))  # with PYTHONSAFEPATH, Python leaves it out

from orchestration import interrupts


def main() -> None:
    """Run the command line; signals are heeded before the imports, which take a second."""
    with interrupts.heeded():
        from common.door import enter

        enter()
        from orchestration.cli.commands import main

        try:
            main()
        finally:
            gc.freeze()  # before it ends, Python would look through all that it holds for cycles: 0.4 s of a run


if __name__ == "__main__":
    main()
