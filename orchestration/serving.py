"""The servers of a line: started and kept, stopped, and how other programs find them."""

from ingest.errors import StoreError
from orchestration.events.events import Events
from orchestration.ledger.lease import BusyError
from orchestration.settings import ROOT, Settings
from orchestration.warehouses.dbt_by_hand import IDENTITY
from orchestration.warehouses.servers import Servers, embedded_stack, kept_marker, warehouses_identity
from orchestration.warehouses.users import Users


class Serving:
    """The servers with these settings. Every method raises TaxiError."""

    def __init__(self, settings: Settings, events: Events):
        self._settings = settings
        self._events = events

    def env(self) -> dict[str, str]:
        """The variables by which dbt, psql and Google's clients find the servers, the password among them."""
        if self._settings.profile == "local" and not embedded_stack(self._settings).running():
            raise StoreError("The embedded servers are down", "Start them with `python orchestrate.py up`")
        return {
            **Servers(self._settings).all().environment,
            # dbt by hand finds the project from any folder, as with --project-dir and --profiles-dir.
            "DBT_PROJECT_DIR": str(ROOT / "dbt_taxi"),
            "DBT_PROFILES_DIR": str(ROOT),
            **self._settings.run.owner,
            f"DBT_ENV_CUSTOM_ENV_{IDENTITY}": warehouses_identity(self._settings),
        }

    def up(self) -> None:
        """Start the embedded servers, and keep them."""
        with Servers(self._settings, "up") as servers:
            servers.all()
            kept_marker(self._settings).touch()

    def down(self, force: bool = False) -> None:
        """Stop the embedded servers, and the page that looks at them. With `force`, end the commands at work too.

        Raises BusyError where a command is at work.
        """
        stack = embedded_stack(self._settings)
        users = Users(stack.root)
        at_work = [user for user in users.others() if not user.is_page]
        if at_work and force:
            self._events.say(f"Ending {'; '.join(map(str, at_work))}")
            at_work = users.end()
        if at_work:
            raise BusyError(
                f"The embedded servers are at work: {'; '.join(map(str, at_work))}",
                "Wait for its end, or end it with `python orchestrate.py down --force`"
                if not force
                else "It does not end: it is on another machine, or another user's",
            )
        if users.end():
            raise BusyError("The page does not end: it is on another machine, or another user's", "End it there")
        kept_marker(self._settings).unlink(missing_ok=True)
        stack.stop()
