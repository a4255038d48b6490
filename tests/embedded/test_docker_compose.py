"""docker-compose.yml as far as it can be judged without Docker."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from embedded.postgres import SETTINGS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
VOLUMES = yaml.safe_load(TEXT)["volumes"]
LASTING = [name for name, service in SERVICES.items() if "profiles" not in service]  # the others are one command each
DOCKERFILES = ("Dockerfile", "embedded/Dockerfile")


@pytest.mark.parametrize("name", SERVICES)
def test_each_image_is_pinned_to_a_version(name):
    images = [SERVICES[name]["image"]]
    if build := SERVICES[name].get("build"):
        images += re.findall(r"^FROM (\S+)", (ROOT / build.get("dockerfile", "Dockerfile")).read_text(), re.MULTILINE)
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image), image


@pytest.mark.parametrize("name", SERVICES)
def test_each_port_is_published_on_loopback_only(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_root_or_writes_to_its_image(name):
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    if build := service.get("build"):
        text = (ROOT / build.get("dockerfile", "Dockerfile")).read_text()
        assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["taxi"]
    else:
        assert not service["user"].startswith("0")


@pytest.mark.parametrize("file", DOCKERFILES)
def test_images_are_built_from_hashed_requirements_and_name_no_index(file):
    text = (ROOT / file).read_text()
    assert "--require-hashes --no-deps" in text
    assert "index-url" not in text
    assert "ARG" not in text


@pytest.mark.parametrize("name", LASTING)
def test_each_service_has_a_health_check_and_a_named_volume(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["volumes"]
    assert all(volume.split(":")[0] in VOLUMES for volume in SERVICES[name]["volumes"])


def test_bigquery_reads_the_objects_where_cloud_storage_writes_them():
    folder = next(part for part in SERVICES["gcs"]["command"] if part.startswith("-filesystem-root=")).split("=")[1]
    assert f"gcs:{folder}" in SERVICES["gcs"]["volumes"]
    assert "gcs:/gcs:ro" in SERVICES["bigquery"]["volumes"]
    assert re.search(r"GCS_LOCAL_ROOT=/gcs\b", (ROOT / "embedded/Dockerfile").read_text())


def test_postgres_has_the_settings_of_the_embedded_one():
    given = dict(part.removeprefix("--").split("=") for part in SERVICES["postgres"]["command"][1:])
    own_to_loopback = ("listen_addresses", "unix_socket_directories")
    assert given == {name: value for name, value in SETTINGS.items() if name not in own_to_loopback}


def test_each_variable_is_explained_in_env_example_and_no_secret_has_a_default():
    example = (ROOT / ".env.example").read_text()
    variables = re.findall(r"\$\{(\w+)(.*?)\}", TEXT)
    assert variables
    for name, default in variables:
        assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), name
        assert not (("PASSWORD" in name) and default.startswith(":-"))


@pytest.mark.parametrize("file", DOCKERFILES)
def test_every_file_that_an_image_copies_is_there(file):
    for line in re.findall(r"^COPY (?!--from)(.*)$", (ROOT / file).read_text(), re.MULTILINE):
        *sources, _ = line.split()
        assert all((ROOT / source).exists() for source in sources)


def test_the_bigquery_image_has_each_module_that_its_program_imports(tmp_path):
    """The container was the first to notice that one was missing."""
    for line in re.findall(r"^COPY (?!--from)(.*)$", (ROOT / "embedded/Dockerfile").read_text(), re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            to = tmp_path / target / (Path(source).name if target.endswith("/") else "")
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            to.parent.mkdir(exist_ok=True)
            copy(ROOT / source, to)
    command = [sys.executable, "-m", "embedded.bigquery_server", "--data-dir", str(tmp_path / "data"), "--help"]
    folders = {"GCS_LOCAL_ROOT": str(tmp_path / "gcs"), "BIGQUERY_SCRATCH": str(tmp_path / "scratch")}
    variables = {**os.environ, **folders, "BIGQUERY_TOKEN": "a-token"}
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_secret_and_no_data_go_into_an_image():
    first, *kept = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*", "all is left out but what is named"
    assert not any(name in line for line in kept for name in (".env", ".taxi", ".demo", "tests", ".git"))
