"""Settings come from one place, and a wrong one names itself."""

from pathlib import Path

import pytest

from ingest.errors import SettingError
from orchestration.settings import NAMES, ROOT, Settings, load_settings
from orchestration.warehouses.servers import Servers, stores_of


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch):
    import os

    for name in [name for name in os.environ if name.startswith("TAXI_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text('bucket = "top"\n[docker]\nbucket = "docker"\n')
    return path


def test_an_option_beats_the_environment_which_beats_the_profile_which_beats_the_file(file: Path, monkeypatch):
    assert load_settings(file=file).lake.bucket == "top"
    assert load_settings({"profile": "docker"}, file).lake.bucket == "docker"
    monkeypatch.setenv("TAXI_BUCKET", "environment")
    assert load_settings({"profile": "docker"}, file).lake.bucket == "environment"
    assert load_settings({"bucket": "option"}, file).lake.bucket == "option"


def test_an_empty_variable_is_one_that_is_not_set(file: Path, monkeypatch):
    monkeypatch.setenv("TAXI_BUCKET", "")
    assert load_settings(file=file).lake.bucket == "top"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('bukket = "x"', "bukket in settings.toml, line 1, is not a setting. Did you mean bucket?"),
        ("batch_months = 0", "batch_months 0 in settings.toml"),
        ('postgres_port = "many"', "postgres_port 'many' in settings.toml"),
        ("datasets = 3", "datasets 3 in settings.toml, line 1: write a list"),
        ('datasets = ["purple"]', "datasets in settings.toml, line 1: 'purple' is not a data set"),
        ('profile = "cloud"', "profile is 'cloud' in settings.toml"),
        ('owner_email = "the team"', "owner_email 'the team' in settings.toml"),
        ("bucket =", "settings.toml is not TOML"),
        ('dbt_select = "+fct_trips --full-refresh"', "in settings.toml, line 1: --full-refresh is an option of dbt"),
        ('bucket = "lake\'); drop"', 'bucket "lake\'); drop" in settings.toml'),
        ('bucket = "gs://lake"', "bucket 'gs://lake' in settings.toml"),
        ('bucket = "../servers"', "bucket '../servers' in settings.toml"),
        ('bucket = "lake\\n"', "bucket 'lake\\n' in settings.toml"),
        ('bigquery_project = "my`project"', "bigquery_project 'my`project' in settings.toml"),
        ('dbt_select = "-x"', "dbt_select '-x' in settings.toml, line 1: -x is an option of dbt"),
    ],
)
def test_a_wrong_setting_names_itself_and_where_it_stands(tmp_path: Path, line: str, message: str):
    path = tmp_path / "settings.toml"
    path.write_text(line)
    with pytest.raises(SettingError) as caught:
        load_settings(file=path)
    assert message in str(caught.value)


def test_every_criterion_of_dbts_select_can_be_given(file: Path, monkeypatch):
    wanted = "+marts.revenue tag:reports,config.materialized:view 2+fct_trips+1 @dim_zones path:models/marts *"
    monkeypatch.setenv("TAXI_DBT_SELECT", wanted)
    assert load_settings(file=file).run.dbt_select == wanted


def test_a_misspelt_variable_is_named(file: Path, monkeypatch):
    monkeypatch.setenv("TAXI_SOURSE", "x")
    with pytest.raises(SettingError, match="sourse in variable TAXI_SOURSE is not a setting"):
        load_settings(file=file)


def test_the_embedded_stores_are_the_same_whatever_project_the_real_ones_would_be_in(file: Path):
    assert stores_of(load_settings({"bigquery_project": "mine"}, file)) == stores_of(load_settings(file=file))


@pytest.mark.parametrize("missing", ["bigquery_project", "bucket", "postgres_url"])
def test_the_profile_gcp_names_the_setting_that_it_lacks(monkeypatch, missing: str):
    needed = {"bigquery_project": "p", "bucket": "b", "postgres_url": "postgresql://u:secret@db/taxi"}
    for name in needed.keys() - {missing}:
        monkeypatch.setenv(f"TAXI_{name.upper()}", needed[name])
    with pytest.raises(SettingError, match=f"{missing} is not set, and the profile gcp needs it"):
        load_settings({"profile": "gcp"})
    monkeypatch.setenv(f"TAXI_{missing.upper()}", needed[missing])
    assert load_settings({"profile": "gcp"}).postgres.parameters()["host"] == "db"


def test_a_password_is_shown_neither_by_an_error_nor_by_the_settings(file: Path, monkeypatch):
    monkeypatch.setenv("TAXI_POSTGRES_URL", "postgresql://u:hunter2@db/taxi")
    settings = load_settings({"profile": "docker"}, file)
    assert "hunter2" not in repr(settings)
    monkeypatch.setenv("TAXI_POSTGRES_URL", "nonsense hunter2")
    with pytest.raises(SettingError) as caught:
        load_settings({"profile": "docker"}, file).postgres.parameters()
    assert "hunter2" not in str(caught.value)


def test_the_token_of_bigquerys_emulator_reaches_the_clients_and_is_not_shown(file: Path, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "as it was")  # restored after the test
    monkeypatch.setenv("TAXI_BIGQUERY_TOKEN", "hunter2")
    monkeypatch.setenv("TAXI_BIGQUERY_ENDPOINT", "http://127.0.0.1:9050")
    monkeypatch.setenv("TAXI_GCS_ENDPOINT", "http://127.0.0.1:4443")
    settings = load_settings({"profile": "docker"}, file)
    connections = Servers(settings).all()
    assert connections.environment["DBT_ENV_SECRET_TAXI_BIGQUERY_TOKEN"] == "hunter2"
    assert connections.bigquery._credentials.token == "hunter2"
    assert connections.bucket.client._credentials.token is None, "Cloud Storage's server is not told"
    assert "hunter2" not in repr(settings) + repr(connections)


def test_a_url_of_several_ports_is_refused_as_dbt_takes_one(file: Path, monkeypatch):
    monkeypatch.setenv("TAXI_POSTGRES_URL", "postgresql://u:secret@a:1,b:2/taxi")
    with pytest.raises(SettingError, match="postgres_url in variable TAXI_POSTGRES_URL has several ports"):
        load_settings({"profile": "docker"}, file).postgres.parameters()
    monkeypatch.setenv("TAXI_POSTGRES_URL", "postgresql://u:secret@a:1,b:1/taxi")
    assert load_settings({"profile": "docker"}, file).postgres.parameters()["host"] == "a,b"


def test_all_that_postgres_url_says_reaches_dbt_and_psql_by_libpqs_variables(file: Path, monkeypatch):
    url = "postgresql://u:secret@db/taxi?sslmode=verify-full&options=-csearch_path%3Dx&hostaddr=192.0.2.1&keepalives=1"
    url += "&channel_binding=require"
    monkeypatch.setenv("TAXI_POSTGRES_URL", url)
    settings = load_settings({"profile": "docker"}, file)
    passed = Servers(settings).all().environment
    assert {name: value for name, value in passed.items() if name.startswith("PG")} == {
        "PGHOST": "db",
        "PGHOSTADDR": "192.0.2.1",
        "PGPORT": "5432",
        "PGUSER": "u",
        "PGPASSWORD": "secret",
        "PGDATABASE": "taxi",
        "PGSSLMODE": "verify-full",
        "PGOPTIONS": "-csearch_path=x",
        "PGCHANNELBINDING": "require",
    }


def test_dbt_builds_more_models_at_once_on_googles_bigquery_than_on_the_embedded_one(monkeypatch):
    monkeypatch.setenv("TAXI_POSTGRES_URL", "postgresql://u:secret@db/taxi")
    monkeypatch.setenv("TAXI_BIGQUERY_PROJECT", "mine")
    monkeypatch.setenv("TAXI_BUCKET", "mine")
    monkeypatch.setenv("TAXI_POSTGRES_THREADS", "4")
    profiles = (ROOT / "profiles.yml").read_text()
    for profile, threads in (("docker", "2"), ("gcp", "8")):
        passed = Servers(load_settings({"profile": profile})).all().environment
        assert {name: value for name, value in passed.items() if name.endswith("_THREADS")} == {
            "DBT_TAXI_POSTGRES_THREADS": "4",
            "DBT_TAXI_BIGQUERY_THREADS": threads,
        }
    assert [name for name in passed if name.endswith("_THREADS") and f"env_var('{name}', '2')" not in profiles] == []


def test_the_projects_own_file_says_the_same_as_the_defaults_and_describes_each_setting():
    text = (ROOT / "settings.toml").read_text()
    settings, defaults = load_settings(), Settings()
    own_folder = {"state_dir": defaults.run.state_dir}
    assert settings.model_copy(update={"origins": {}, "run": settings.run.model_copy(update=own_folder)}) == defaults
    assert [name for name in NAMES if name not in text] == []
