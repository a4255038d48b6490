"""The errors that people see: one sentence that names the file or setting, and one that says what to do next."""

from common.masking import masked


class TaxiError(Exception):
    """Something a person has to know about.

    `what` names the file, setting or server and what is wrong with it; `next_step` says what to do about it. Neither
    shows a secret that is hidden by now. `is_passing`: it may be over in seconds, and nobody has tried again so far.
    """

    is_passing = False

    def __init__(self, what: str, next_step: str = ""):
        self.what = printable(masked(what), but="\n")
        self.next_step = printable(masked(next_step), but="\n")
        super().__init__(f"{self.what}. {self.next_step}" if next_step else self.what)


def printable(text: str, but: str = "") -> str:
    """The text with escapes for what terminals and Postgres do not take, such as NUL in the name of a column."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in but else letter.encode("unicode_escape").decode() for letter in text
    )


class SettingError(TaxiError):
    """A setting, option, variable or argument that cannot be used as it stands."""
