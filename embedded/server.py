"""What a server of the stack has to say of itself, so that `Stack` can treat the three alike."""

import signal
from abc import ABC, abstractmethod
from pathlib import Path


class Server(ABC):
    """One server: where its data is, how it is started, when it is ready, how it is ended.

    `name` is its key among the ports and in servers.json; the setting for its port is called `<name>_port`.
    `folder` holds its data. Given as the command line option `folder_option`, it is also the mark by which a running
    server is recognised.
    """

    name: str
    folder_option: str
    stop_signal = signal.SIGTERM
    stop_patience = 20.0  # seconds
    hurried_patience = 1.0

    def __init__(self, root: Path):
        self.root = root
        self.folder = root / self.name

    def prepare(self) -> None:
        """Make what must be there before a start. Called with no server running on the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """The command that serves `folder` on this port of loopback, in the foreground."""

    def environment(self) -> dict[str, str]:
        """The environment for the command."""
        return {}

    @abstractmethod
    def is_ready(self, port: int, timeout: float) -> bool:
        """Whether a client would be served now."""

    @property
    def mark(self) -> tuple[str, str]:
        """What its command line has and no other: see `processes.lives`."""
        return self.folder_option, str(self.folder)

    @property
    def log(self) -> Path:
        """What it printed since its last start."""
        return self.root / "log" / f"{self.name}.log"

    @property
    def setting(self) -> str:
        """The setting that fixes its port."""
        return f"{self.name}_port"
