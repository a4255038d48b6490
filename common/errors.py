"""The errors that people see: one sentence that names the file or setting, and one that says what to do next."""


class TaxiError(Exception):
    """Something a person has to know about.

    `what` names the file, setting or server and what is wrong with it; `next_step` says what to do about it.
    """

    def __init__(self, what: str, next_step: str = ""):
        self.what = what
        self.next_step = next_step
        super().__init__(f"{what}. {next_step}" if next_step else what)


class SettingError(TaxiError):
    """A setting, option, variable or argument that cannot be used as it stands."""
