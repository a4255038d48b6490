"""Each wrong setting, option or argument is one line that names it and where it is written, and one with what to do.

The command ends with 2, and nothing was begun.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from orchestration import read_model, service
from orchestration.cli import commands
from orchestration.cli.exit_codes import ExitCode
from orchestration.settings import NAMES, load_settings
from tests.line import Line
from tests.orchestration.test_being_told import LedgerOnly

Command = Callable[..., tuple[int, str, str]]

# A line of settings.toml, and what is said of it.
LINES = {
    'profile = "cloud"': "profile is 'cloud' in settings.toml, line 2\n.*local, docker, gcp",
    "profile = 3": "profile is 3 in settings.toml, line 2",
    "source = 3": "source 3 in settings.toml, line 2: write a text in quotes",
    'source = "ftp://host/x"': "source 'ftp://host/x' .*: ftp:// is no kind of source",
    'source = "https://host:many/x"': "source .* write a web address",
    'source = "gs://"': "source .* write gs://bucket/prefix",
    'tlc_report = "ftp://host/x.csv"': "tlc_report .*ftp:// is no kind of source",
    "source_tries = 0": "source_tries 0 in settings.toml, line 2: write 1 or more",
    "source_timeout = inf": "source_timeout inf .* a number that is not infinite",
    "source_timeout = true": "source_timeout 'true' .* write a number",
    'source_minimum_rate = "fast"': "source_minimum_rate 'fast' .* write a number",
    'datasets = ["purple"]': "datasets in .*, line 2: 'purple' is not a data set\n.*Choose from yellow",
    "datasets = []": "datasets .* write a list",
    "newest_months = -1": "newest_months -1 .* write 1 or more",
    "batch_months = 1.5": "batch_months 1.5 .* write a whole number",
    "batch_rows = 0": "batch_rows 0 .* write 1 or more",
    "postgres_keeps = 0": 'postgres_keeps 0 .* write "all", or how many months',
    'postgres_keeps = "some"': 'postgres_keeps .some. .* write "all", or how many months',
    "postgres_keeps = true": 'postgres_keeps .* write "all", or how many months',
    'dbt_select = "fct_trips --full-refresh"': "dbt_select .*--full-refresh is an option of dbt",
    "owner_name = 3": "owner_name 3 .* write a text in quotes",
    'owner_email = "the team"': "owner_email 'the team' .* write an address such as data@example.org",
    'reconcile_lake = "no"': "reconcile_lake 'no' .* write 'download' or 'checksum'",
    "silence_seconds = 5": "silence_seconds 5 .* write 15 or more",
    "statement_minutes = 0": "statement_minutes 0 .* write more than 0",
    'state_dir = "a\\nb"': r"state_dir names .*line break.*\(settings.toml, line 2\)",
    "cache = 3": "cache 3 .* write a path in quotes",
    "retention_days = 0": "retention_days 0 .* write 1 or more",
    'keep_downloads = "perhaps"': "keep_downloads 'perhaps' .* write true or false",
    'alert_urls = ["hunter2"]': "alert_urls in .*, line 2: write addresses of apprise",
    'ping_url = "ftp://hunter2/x"': "ping_url in .*, line 2: write a web address",
    'ping_url = "https://"': "ping_url in .*, line 2: write a web address",
    'otlp_endpoint = "hunter2:4318"': "otlp_endpoint in .*, line 2: write a web address",
    'openlineage_url = "ftp://hunter2"': "openlineage_url in .*, line 2: write a web address",
    "tick_hours = -1": "tick_hours -1 .* write 0 or more",
    'bucket = "gs://lake"': "bucket 'gs://lake' .* without gs://",
    'bigquery_project = "My Project"': "bigquery_project 'My Project' .* a project's id, such as my-project-1",
    'bigquery_location = "the moon"': "bigquery_location 'the moon' .* such as US or europe-west1",
    "bigquery_maximum_bytes_billed = 1": "bigquery_maximum_bytes_billed 1 .* write 10,485,760 or more",
    "bigquery_threads = 0": "bigquery_threads 0 .* write 1 or more",
    'bigquery_contract = "perhaps"': "bigquery_contract 'perhaps' .* write true or false",
    'bigquery_endpoint = "ftp://host"': "bigquery_endpoint 'ftp://host' .* write a web address with its port",
    "bigquery_port = -1": "bigquery_port -1 .* write 1 or more",
    "bigquery_token = 3": "bigquery_token in .*, line 2: write a text in quotes",
    'bigquery_keyfile = "/no/such"': "bigquery_keyfile /no/such in settings.toml, line 2, does not exist",
    'gcs_endpoint = "127.0.0.1:4443"': "gcs_endpoint '127.0.0.1:4443' .* such as http://127.0.0.1:4443",
    "gcs_port = 70000": "gcs_port 70000 .* write 65535 or less",
    'page_host = "localhost"': "page_host 'localhost' .* write an address of IPv4, such as 127.0.0.1",
    "page_port = 0": "page_port 0 .* write 1 or more",
    "postgres_host = 3": "postgres_host 3 .* write a text in quotes",
    'postgres_port = "many"': "postgres_port 'many' .* write a whole number",
    "postgres_user = 3": "postgres_user 3 .* write a text in quotes",
    'postgres_password = ["hunter2"]': "postgres_password in .*, line 2: write a text in quotes",
    "postgres_dbname = 3": "postgres_dbname 3 .* write a text in quotes",
    "postgres_threads = 0": "postgres_threads 0 .* write 1 or more",
    "postgres_url = 3": "postgres_url in .*, line 2: write a text in quotes",
    "postgres_port = 5000\ngcs_port = 5000": "gcs_port in .*, line 3, is the port that postgres_port has, too: 5000",
    'BUKKET = "x"': "BUKKET in settings.toml, line 2, is not a setting\n.*Did you mean bucket?",
    'password = "hunter2"': "password in .*, line 2, is not a setting\n.*Did you mean postgres_password?",
    '[local]\nbukket = "x"': r"bukket in settings.toml \[local\], line 3, is not a setting\n.*Did you mean bucket?",
    '[gcp]\nproject = "x"': r"project in settings.toml \[gcp\], line 3, is not a setting",
    '[locl]\nbucket = "x"': r"\[locl\] in settings.toml, line 2, is not .* a profile\n.*Did you mean \[local\]?",
    "local = 3": "local in settings.toml, line 2, is not a setting",
    "bucket =": r"settings.toml is not TOML: .*line 2.*\n.*Correct that line",
}  # fmt: skip

DOCKER = {"TAXI_PROFILE": "docker"}
VARIABLES: list[tuple[dict[str, str], str]] = [
    ({"TAXI_BATCH_MONTHS": "none"}, "batch_months 'none' in variable TAXI_BATCH_MONTHS: write a whole number"),
    ({"TAXI_BUKET": "b"}, "buket in variable TAXI_BUKET is not a setting\n.*Did you mean bucket?"),
    ({"TAXI_ALERT_URLS": "hunter2"}, "alert_urls in variable TAXI_ALERT_URLS: write addresses of apprise"),
    (DOCKER | {"TAXI_POSTGRES_URL": "mysql://u:hunter2@h/d"}, "postgres_url in variable .* is not a Postgres URL"),
    (DOCKER | {"TAXI_POSTGRES_URL": "postgresql://u:hunter2@h:many/d"}, "postgres_url in variable .* no port number"),
    (DOCKER | {"TAXI_POSTGRES_URL": "postgresql://u:hunter2@h:1,g:2/d"}, "postgres_url in variable .* several ports"),
    (DOCKER | {"TAXI_POSTGRES_URL": "postgresql://u:hunter2@h/d?sslmod=x"}, 'libpq does not know: .*"sslmod"'),
    ({"TAXI_PROFILE": "gcp"}, "bigquery_project is not set, and the profile gcp needs it\n.*TAXI_BIGQUERY_PROJECT"),
]

OPTIONS = {
    "status --profile cloud": "profile is 'cloud' in option --profile",
    "status --profile=": "The option --profile is empty",
    "run --source=": "The option --source is empty",
    "run --source ftp://host": "source 'ftp://host' in option --source: ftp:// is no kind of source",
    "run --datasets purple": "datasets in option --datasets: 'purple' is not a data set\n.*Choose from",
    "run --datasets ,": "datasets ',' in option --datasets: write a list",
    "run --months 2024-13": "--months: '2024-13' is not a month\n.*Write a month as 2024-01",
    "run --months 2024-06..2024-01": "--months: '2024-06..2024-01' ends before it starts",
    "run --months ,": "--months: ',' names no month",
    "run --months=": "--months: '' names no month",
    "run --accept": "--accept is about certain months",
    "run --plan nonsense": "--plan 'nonsense' is no plan that was shown here\n.*orchestrate.py plan",
    "run --plan=": "--plan '' is no plan that was shown here",
    "run --plan x --force": "--plan has its own months, data sets, source and steps\n.*Give no other options",
    "run --max-bytes lots": "--max-bytes 'lots' is no amount of bytes\n.*500MB",
    "run --max-bytes 1MB": "--max-bytes 1MB is less than BigQuery bills for any query",
    "run --max-bytes=": "--max-bytes '' is no amount of bytes",
    "run --only nonsense": "--only: there is no step 'nonsense'\n.*Choose from ingest",
    "run --only dbt": "--only: dbt could be dbt on postgres or dbt on bigquery",
    "run --only=": "--only: there is no step ''",
    "run --from nonsense": "--from: there is no step 'nonsense'",
    "run --only ingest --from ingest": "--only and --from cannot both be given",
    "schedule --cron nonsense": "--cron 'nonsense' is no cron expression",
    "schedule --zone Mars": "--zone 'Mars' is no time zone\n.*America/New_York",
    "schedule --count 0": "'--count': it should be greater than or equal to 1\n.*orchestrate.py schedule --help`",
    "tick --print launchd": "'--print': 'launchd' is not one of 'systemd'",
    "rejects green 2024-01 --limit 0": "'--limit'.*greater than or equal to 1\n.*orchestrate.py rejects --help",
    "rejects green 2024-01 --limit x": "'--limit'.*valid integer",
    "rejects green": "Missing argument 'month'\n.*`python orchestrate.py rejects --help`",
    "explain purple 2024-01": "'purple' is not a data set",
    "explain green 2024-01..2024-03": "2024-01..2024-03 names 3 months",
    "audit export events.txt": "events.txt is none of .json, .csv and .parquet",
    "audit": "Missing command\n.*`python orchestrate.py audit --help`",
    "alerts test": "The setting alert_urls names no address",
    "pause": "Missing option '--why'",
    "up --profile gcp": "`up` is for the embedded servers of the profile local",
    "runn": "No such command 'runn'. Did you mean 'run'",
    "run --frobnicate": "No such option: --frobnicate",
    "--frobnicate": "No such option: --frobnicate",
    "run extra": "unexpected extra argument",
    "run --force=yes": "'--force' does not take a value",
    "run --months": "'--months' requires an argument",
}

DOTENV = {
    'TAXI_BUCKET = b\n\n\nTAXI_OWNER_NAME="open': ".env, line 4, is not NAME=value, or lacks a quote",
    "nonsense without a sign": ".env, line 1, is not NAME=value",
    "# servers\nTAXI_BUKET=b": "buket in .env, line 2, is not a setting\n.*Did you mean bucket?",
    "TAXI_POSTGRES_PORT=0": "postgres_port '0' in .env, line 1: write 1 or more",
}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line on settings of the test's own, up to where a server would be started or asked."""

    def begun(*_: object) -> None:
        raise AssertionError("it went on to the servers")

    for module in (service, read_model):
        monkeypatch.setattr(module, "Servers", begun)
    for name in [name for name in os.environ if name.startswith("TAXI_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "settings.toml"
    file.write_text("")
    monkeypatch.setattr(load_settings, "__defaults__", (None, file, lambda _: None))

    def run(*arguments: str, **variables: str) -> tuple[int, str, str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["orchestrate.py", *arguments])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        code = ended.value.code
        assert isinstance(code, int)
        return code, *capsys.readouterr()

    return run


def check(ended: tuple[int, str, str], message: str, folder: Path) -> None:
    code, stdout, stderr = ended
    assert code == ExitCode.USAGE, stderr
    assert stdout == ""
    assert re.fullmatch(r"\d\d:\d\d:\d\d  ✗ .+\n {12}\S.+\n", stderr), stderr
    assert re.search(message, stderr), stderr
    for never in ("hunter2", "Traceback", "\x1b", "pydantic", "<class", "Input should"):
        assert never not in stderr
    assert {path.name for path in folder.iterdir()} <= {"settings.toml", ".env"}, "something was begun"


@pytest.mark.parametrize("line", LINES)
def test_a_wrong_line_of_settings_toml_is_named_with_its_number(command: Command, tmp_path: Path, line: str):
    (tmp_path / "settings.toml").write_text(f"# ours\n{line}\n")
    check(command("status"), LINES[line], tmp_path)


@pytest.mark.parametrize(("variables", "message"), VARIABLES, ids=range(len(VARIABLES)))
def test_a_wrong_variable_is_named(command: Command, tmp_path: Path, variables: dict[str, str], message: str):
    check(command("status", **variables), message, tmp_path)


@pytest.mark.parametrize("arguments", OPTIONS)
def test_a_wrong_option_or_argument_is_named(command: Command, tmp_path: Path, arguments: str):
    check(command(*arguments.split()), OPTIONS[arguments], tmp_path)


@pytest.mark.parametrize("text", DOTENV)
def test_a_wrong_line_of_dotenv_is_named_with_its_number(command: Command, tmp_path: Path, text: str):
    (tmp_path / ".env").write_text(text)
    check(command("status", "--profile", "docker"), DOTENV[text], tmp_path)


@pytest.mark.parametrize("name", ["settings.toml", ".env"])
def test_a_settings_file_that_cannot_be_read_is_named(command: Command, tmp_path: Path, name: str):
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()
    check(command("status"), f"{name} cannot be read: Is a directory", tmp_path)


def test_every_setting_is_among_the_wrong_ones():
    written = " ".join(LINES)
    assert [name for name in NAMES if not re.search(rf"\b{name} =", written)] == []


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["run", "--frobnicate"], {}, "✗ No such option: --frobnicate"),
        (["tick"], {"TAXI_SOURCE_TRIES": "0"}, "✗ source_tries '0' in variable TAXI_SOURCE_TRIES: write 1 or more"),
        (["run", "--plan="], {}, "✗ --plan '' is no plan that was shown here"),
    ],
    ids=["option", "variable", "empty"],
)
def test_a_command_that_is_wrong_ends_with_2_in_a_pipe_and_leaves_nothing(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], message: str
):
    result = Line(tmp_path / "state", tmp_path / "source").run(*arguments, **variables)
    assert message in result.stderr
    check((result.returncode, result.stdout, result.stderr), message, tmp_path)


def test_a_password_that_is_missing_is_a_setting_to_be_set(dsn: str, tmp_path: Path):
    to = conninfo_to_dict(dsn)
    line = LedgerOnly(tmp_path / "state", tmp_path)
    line.variables = DOCKER | {
        f"TAXI_POSTGRES_{name.upper()}": str(to[name]) for name in ("host", "port", "user", "dbname")
    }  # fmt: skip
    result = line.run("status", HOME=str(tmp_path))
    assert result.returncode == ExitCode.USAGE, result.stderr
    assert "asks for a password, and there is none in postgres_password or postgres_url" in result.stderr
    assert "Set TAXI_POSTGRES_PASSWORD" in result.stderr
    refused = line.run("status", TAXI_POSTGRES_PASSWORD="hunter2")
    assert refused.returncode == ExitCode.FAILED
    assert "refuses us: " in refused.stderr
    assert "hunter2" not in refused.stderr
