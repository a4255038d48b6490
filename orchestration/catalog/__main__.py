"""Makes the catalog of a state folder from what runs left there: `python -m orchestration.catalog STATE_DIR`."""

import sys
from pathlib import Path

from orchestration.catalog.writing import record_what_is_left

if __name__ == "__main__":
    sys.exit(0 if record_what_is_left(Path(sys.argv[1])) else 1)
