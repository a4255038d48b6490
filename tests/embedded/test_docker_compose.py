"""docker-compose.yml as far as it can be judged without Docker."""

import re
from pathlib import Path

import pytest
import yaml

from embedded.postgres import SETTINGS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
SERVICES = yaml.safe_load(TEXT)["services"]
VOLUMES = yaml.safe_load(TEXT)["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_each_image_is_pinned_to_a_version(name):
    images = [SERVICES[name]["image"]]
    if build := SERVICES[name].get("build"):
        images += re.findall(r"^FROM (\S+)", (ROOT / build["dockerfile"]).read_text(), re.MULTILINE)
    for image in images:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$", image), image


@pytest.mark.parametrize("name", SERVICES)
def test_each_port_is_published_on_loopback_only(name):
    assert SERVICES[name]["ports"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"])


@pytest.mark.parametrize("name", SERVICES)
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


def test_every_file_that_the_image_copies_is_there():
    for line in re.findall(r"^COPY (.*)$", (ROOT / "embedded/Dockerfile").read_text(), re.MULTILINE):
        *sources, _ = line.split()
        assert all((ROOT / source).exists() for source in sources)
