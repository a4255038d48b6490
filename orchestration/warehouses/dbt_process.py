"""The process that runs dbt for a run. Its program is orchestration/warehouses/dbt_worker.py."""

import os
import subprocess
from contextlib import suppress
from multiprocessing import Pipe

from common import environment
from common.python import python_command
from orchestration.ledger.deadline import Deadline


class DbtProcess:
    """Imports dbt as it starts, which takes two seconds, and then waits for requests on `channel`.

    It ends with this process, or when the `deadline` has passed.
    """

    def __init__(self, deadline: Deadline | None = None):
        self.channel, its_end = Pipe()
        with its_end:
            passed = [its_end.fileno(), *([deadline.descriptor] if deadline else [])]
            self._process = subprocess.Popen(
                python_command("orchestration.warehouses.dbt_worker", str(os.getpid()), *map(str, passed)),
                # What watches over dbt's semaphores would tell people of those that a killed dbt leaves.
                env=environment.for_client(PYTHONWARNINGS="ignore:resource_tracker"),
                pass_fds=passed,
                start_new_session=True,  # a terminal's ctrl-C comes to us, and we end it
                stdin=subprocess.DEVNULL,
                stdout=2,  # stderr: the run's stdout is for results
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended, for whatever reason."""
        return self._process.poll() is not None

    def status(self) -> int:
        """Wait until the process ends. Returns its exit code, or minus the signal that killed it."""
        return self._process.wait()

    def finish(self, seconds: float) -> None:
        """Send no more requests, and wait up to `seconds` for the process to end."""
        self.channel.close()
        self._wait(seconds)

    def interrupt(self, seconds: float) -> None:
        """Wait up to `seconds` for the process to cancel its statements and end."""
        self._process.terminate()
        self._wait(seconds)

    def kill(self) -> None:
        """End the process at once. Does nothing if it has ended."""
        self._process.kill()

    def close(self) -> None:
        """Kill the process if it still runs, and release the channel."""
        self._process.kill()
        self._process.wait()
        self.channel.close()

    def _wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
