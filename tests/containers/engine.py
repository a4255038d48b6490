"""docker-compose.yml at work: by Docker, or by podman and podman-compose where no Docker engine answers."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.line import ROOT

FILES = Path(__file__).with_name("images")
_PODMAN = {"CONTAINERS_CONF": str(FILES / "containers.conf")}
_HEALTHY_SECONDS = 180
_UP_SECONDS = 600
_NEEDED = {"docker": ["docker"], "podman": ["podman", "runc", "netavark", "iptables", "catatonit", "debootstrap"]}


@cache
def engine() -> str:
    """Which engine answers: 'docker' or 'podman', or '' for neither."""
    for name, needed in _NEEDED.items():
        helpers = f"{os.environ['PATH']}:/usr/lib/podman:/usr/libexec/podman:/usr/sbin"
        is_there = all(shutil.which(program, path=helpers) for program in needed)
        if is_there and (name == "docker" or os.geteuid() == 0):
            done = subprocess.run([name, "info"], env={**os.environ, **_PODMAN}, capture_output=True, check=False)
            if done.returncode == 0:
                return name
    return ""


def container_engine(*arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    """A command of the engine's, with its output. Raises AssertionError with that where it fails."""
    return _run([engine(), *arguments], os.environ, check, **more)


def podman(*arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    """A command of podman's."""
    return _run(["podman", *arguments], os.environ, check, **more)


def _run(command: list[str], environment: Any, check: bool, **more: Any) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            command, env={**environment, **_PODMAN}, capture_output=True, encoding="utf-8", errors="replace",
            check=False, **more,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = (error.stderr or b"").decode(errors="replace")
        raise AssertionError(f"{' '.join(command)} did not end in {error.timeout} s\n{said[-4000:]}") from None
    assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


@dataclass(frozen=True)
class Process:
    """One process of a container, as the machine sees it."""

    container: str
    command: str
    uid: int
    capabilities: int  # those that it has, or may get
    may_gain: bool  # rights by way of a setuid program


@dataclass(frozen=True)
class Compose:
    """The services of a copy of the project in `folder`, under a project name of their own."""

    folder: Path
    project: str
    command: tuple[str, ...]
    variables: dict[str, str]

    def __call__(self, *arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        """`docker compose <arguments>`, with its output."""
        command = [*self.command, "-p", self.project, *arguments]
        return _run(command, {**os.environ, **self.variables}, check, cwd=self.folder, **more)

    def build(self) -> None:
        """Both images."""
        if engine() == "docker":
            self("build", "--quiet", "bigquery", "page")
            return
        # podman-compose passes no secrets on, and podman needs its chroot isolation inside another container.
        config, given = self.folder / "pip.conf", _pip_settings()
        config.write_text("\n".join(["[global]", *(f"{name} = {value}" for name, value in given.items()), ""]))
        certificate = given.get("cert", "")
        build = ["build", "--isolation", "chroot", "--format", "docker", "--secret", f"id=pip,src={config}"]
        volume = ["-v", f"{certificate}:{certificate}:ro"] if certificate else []
        for file, image in (("Dockerfile", "taxi-pipeline:0.1.0"), ("embedded/Dockerfile", "taxi-bigquery:0.3.2")):
            podman(*build, *volume, "-f", file, "-t", f"localhost/{image}", ".", cwd=self.folder)

    def up(self, *services: str) -> None:
        """Until these services are healthy; with none named, all that run by themselves."""
        if engine() == "docker":
            self("up", "--wait", "--no-build", *services, timeout=_UP_SECONDS)
        else:
            with _health_checks(self.project):
                # podman-compose waits without end for a container that podman cannot start.
                self("up", "-d", "--no-build", *services, timeout=_UP_SECONDS)
                self.wait(*services)

    def wait(self, *services: str) -> None:
        """Until these are healthy: podman without systemd asks only when it is told to."""
        for service in services or ("postgres", "bigquery", "gcs", "page", "schedule"):
            until = time.monotonic() + _HEALTHY_SECONDS
            while not self.is_healthy(service):
                assert time.monotonic() < until, self.logs(service)
                time.sleep(0.5)

    def is_healthy(self, service: str) -> bool:
        """Whether its health check passes."""
        if engine() == "docker":
            return self.inspected(service)["State"].get("Health", {}).get("Status") == "healthy"
        return podman("healthcheck", "run", self.container(service), check=False).returncode == 0

    def down(self, *options: str) -> None:
        """Remove the containers; with `--volumes` their data too."""
        self("down", "--timeout", "60", *options, check=False)

    def logs(self, service: str) -> str:
        """What it printed last."""
        done = container_engine("logs", "--tail", "40", self.container(service), check=False)
        return f"{service}:\n{done.stdout}{done.stderr}"

    def container(self, service: str) -> str:
        """The id of the service's container."""
        labels = ("project", self.project), ("service", service)
        filters = [part for name, of in labels for part in ("--filter", f"label=com.docker.compose.{name}={of}")]
        found = container_engine("ps", "--all", "--quiet", "--no-trunc", *filters).stdout.split()
        assert found, f"{service} has no container"
        return found[0]

    def inspected(self, service: str) -> dict[str, Any]:
        """What the engine knows about the service's container."""
        return json.loads(container_engine("inspect", self.container(service)).stdout)[0]

    def kill(self, service: str) -> None:
        """Kill all its processes without a warning; its restart policy has to start it again."""
        before = self.inspected(service)["State"]["StartedAt"]
        container_engine("exec", self.container(service), "sh", "-c", "kill -9 -1", check=False)
        until = time.monotonic() + 60
        while self.inspected(service)["State"]["StartedAt"] == before:
            assert time.monotonic() < until, f"{service} was not started again"
            time.sleep(0.2)

    @contextmanager
    def paused(self, service: str) -> Iterator[None]:
        """No process of the service runs while this lasts."""
        container = self.container(service)
        container_engine("pause", container)
        try:
            yield
        finally:
            container_engine("unpause", container)

    def processes(self, service: str) -> list[Process]:
        """All processes of the service's container, from the machine's own list."""
        columns = ["hpid"] if engine() == "podman" else ["-eo", "pid"]
        shown = container_engine("top", self.container(service), *columns).stdout.split()[1:]
        return [_process(service, Path("/proc") / pid) for pid in shown if (Path("/proc") / pid).exists()]


def _pip_settings() -> dict[str, str]:
    """How pip on this machine reaches its index; not its folders, which no container has."""
    shown = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    pairs = (line.split("=", 1) for line in shown.splitlines() if "=" in line)
    given = {name.rpartition(".")[2]: value.strip("'") for name, value in pairs}
    kept = {"index-url", "extra-index-url", "trusted-host", "proxy", "cert", "default-timeout"}
    return {name.removeprefix("default-"): of for name, of in given.items() if name in kept and "file:" not in of}


@contextmanager
def _health_checks(project: str) -> Iterator[None]:
    """Run the health checks of all containers every second, as systemd's timers would do for podman.

    Until one has passed, `depends_on` with `service_healthy` keeps podman-compose waiting.
    """
    ended = threading.Event()

    def check() -> None:
        while not ended.wait(1):
            found = podman("ps", "--quiet", "--filter", f"label=com.docker.compose.project={project}", check=False)
            for container in found.stdout.split():
                podman("healthcheck", "run", container, check=False)

    thread = threading.Thread(target=check)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _process(service: str, folder: Path) -> Process:
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    capabilities = int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapBnd"], 16)
    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return Process(service, command, int(status["Uid"].split()[1]), capabilities, status["NoNewPrivs"].strip() == "0")


def copied_project(folder: Path, variables: dict[str, str]) -> Path:
    """The project's files without those that git ignores, and an .env made from the example."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    text = (folder / ".env.example").read_text()
    (folder / ".env").write_text(text + "".join(f"{name}={value}\n" for name, value in variables.items()))
    return folder


def compose_command(folder: Path) -> tuple[str, ...]:
    """The command that reads docker-compose.yml; podman-compose is installed into `folder`."""
    if engine() == "docker":
        return ("docker", "compose")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pinned = ROOT / "requirements" / "containers.txt"
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    subprocess.run([*pip, "-r", str(pinned)], check=True, capture_output=True)
    return (str(folder / "bin/podman-compose"),)
