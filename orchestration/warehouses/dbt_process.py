"""The process in which a run has dbt, as the run sees it; orchestration/warehouses/dbt_worker.py is its program."""

import os
import subprocess
from contextlib import suppress
from multiprocessing import Pipe

from common import environment
from common.python import python_command
from orchestration.ledger.deadline import Deadline


class DbtProcess:
    """It imports dbt as it starts, two seconds' work, and then waits at the other end of `channel` for requests.

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
        """Of the process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it ended, for whatever reason."""
        return self._process.poll() is not None

    def status(self) -> int:
        """Wait for its end; returns its exit code, or minus the signal that killed it."""
        return self._process.wait()

    def finish(self, seconds: float) -> None:
        """There are no more requests: give it these seconds to end."""
        self.channel.close()
        self._wait(seconds)

    def interrupt(self, seconds: float) -> None:
        """Give it these seconds to cancel what it has under way."""
        self._process.terminate()
        self._wait(seconds)

    def kill(self) -> None:
        """End it at once. Raises nothing where it has ended."""
        self._process.kill()

    def close(self) -> None:
        """Kill it, unless it has ended, and leave nothing of it behind."""
        self._process.kill()
        self._process.wait()
        self.channel.close()

    def _wait(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
