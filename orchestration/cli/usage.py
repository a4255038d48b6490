"""What typer refuses by itself, such as an option that does not exist, in the form of all other errors."""

import typer

from ingest.errors import SettingError

WRONG_USAGE: type[Exception] = typer.BadParameter.__bases__[0]
"""Of all its errors about what was typed. typer has no public name for it; click's is another class."""


def usage_error(error: Exception) -> SettingError:
    """The same with a next step: the command whose --help tells more."""
    said = str(error.format_message()) if hasattr(error, "format_message") else str(error)
    said = said.replace("Value error, ", "").replace("Input should be", "it should be")
    what = " ".join(said.split()).rstrip(".")
    names: list[str] = []
    context = getattr(error, "ctx", None)
    while context and context.parent:  # the outermost is the program
        names.insert(0, context.info_name)
        context = context.parent
    return SettingError(what, f"`{' '.join(['python orchestrate.py', *names, '--help'])}` lists what there is")
