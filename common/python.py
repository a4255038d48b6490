"""The command line of a Python process of ours."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Neither a variable nor the current folder says where its modules are: a PYTHONPATH would end at the first colon of a
# folder's name, and a folder named dbt, where the run was started, is not the dbt that is meant.
_START = (
    "import runpy, sys; _, root, module = sys.argv[:3]; sys.argv[:3] = [module]; sys.path.insert(0, root);"
    " runpy.run_module(module, run_name='__main__', alter_sys=True)"
)


def python_command(module: str, *arguments: str) -> list[str]:
    """Run `module` of this project with this Python. Names of files are UTF-8, whatever the locale."""
    return [sys.executable, "-P", "-X", "utf8", "-c", _START, str(ROOT), module, *arguments]
