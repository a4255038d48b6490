"""deploy/gcp as far as it can be judged without Google Cloud and its provider."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from embedded.postgres import SETTINGS
from orchestration.cli.unit_files import Caller, unit_file
from orchestration.settings import NAMES, ROOT
from tests.deploy.terraform_files import FOLDER, blocks, text

GCP = (ROOT / "docs" / "gcp.md").read_text()
MANAGED = (ROOT / "docs" / "managed_postgres.md").read_text()
JOB = blocks("resource")["google_cloud_run_v2_job.tick"]["template"][0]["template"][0]
CONTAINER = JOB["containers"][0]

needs_terraform = pytest.mark.skipif(not shutil.which("terraform"), reason="Terraform is not installed")


def test_every_variable_has_a_description_and_a_type_and_is_used():
    variables = blocks("variable")
    assert variables
    for name, body in variables.items():
        assert body["description"].endswith((".", "no alert.")), name
        assert "type" in body, name
        assert "validation" in body or body["type"] == "bool", f"{name} takes anything"
        uses = re.sub(r'(?s)variable ".*?\n}\n', "", text())
        assert re.search(rf"\bvar\.{name}\b", uses), f"{name} is not used"


def test_every_output_has_a_description():
    assert all(body["description"] for body in blocks("output").values())


def test_versions_are_pinned():
    terraform = blocks("terraform")
    assert terraform["required_version"]
    providers = terraform["required_providers"][0]
    assert {name: one["version"] for name, one in providers.items()} == {"google": "~> 7.33", "random": "~> 3.7"}
    used = {name.partition("_")[0] for kind in ("resource", "data", "ephemeral") for name in blocks(kind)}
    assert used == set(providers)


def test_each_file_says_at_the_top_or_in_the_readme_that_it_was_never_applied():
    assert "NEVER APPLIED" in (FOLDER / "versions.tf").read_text().splitlines()[0]
    assert "**Never applied.**" in (FOLDER / "README.md").read_text()
    assert "Nobody has run" in GCP.splitlines()[2]


def test_the_readme_lists_every_file():
    assert set(re.findall(r"^\| `(\w+\.tf)`", (FOLDER / "README.md").read_text(), re.MULTILINE)) == {
        file.name for file in FOLDER.glob("*.tf")
    }


def variables_of_the_job() -> set[str]:
    plain, secret = (one["env"]["for_each"] for one in CONTAINER["dynamic"])
    assert secret == "${google_secret_manager_secret.setting}"
    names = set(re.findall(r"TAXI_[A-Z_]+(?= =)", plain))
    written = blocks("resource")["google_secret_manager_secret.setting"]["for_each"]
    return names | {f"TAXI_{name.upper()}" for name in re.findall(r'"(\w+)"', written)}


def test_every_variable_that_is_set_is_a_setting():
    files = [*FOLDER.parent.rglob("*.*"), ROOT / "docs" / "gcp.md"]
    given = {
        (file.name, name)
        for file in files
        if file.is_file()
        for name in re.findall(r"TAXI_([A-Z_]*[A-Z])", file.read_text())
    }
    assert {name for _, name in given} >= {"POSTGRES_URL", "STATE_DIR", "BUCKET", "BIGQUERY_PROJECT"}
    assert [one for one in given if one[1].lower() not in NAMES] == []


def test_every_setting_that_a_variable_may_name_is_a_setting():
    for name in ("settings", "secret_settings"):
        listed = re.findall(
            r'"([a-z_]+)"', blocks("variable")[name]["validation"][0]["condition"].replace("^[a-z_]+$", "")
        )
        assert listed
        assert set(listed) <= set(NAMES)


def test_the_job_gets_the_settings_without_which_the_profile_is_refused():
    assert {"TAXI_POSTGRES_URL", "TAXI_BUCKET", "TAXI_BIGQUERY_PROJECT", "TAXI_STATE_DIR"} <= variables_of_the_job()


def one_command(written: str, start: str) -> str:
    found = re.findall(rf"^{start}.*", written.replace("\\\n", " "), re.MULTILINE)
    assert found, f"no {start}"
    return re.sub(r" +", " ", found[0])


def flags(command: str, name: str) -> list[str]:
    return [quoted or plain for quoted, plain in re.findall(rf"--{name}=(?:\"([^\"]*)\"|(\S+))", command)]


@pytest.mark.parametrize("written", [GCP, unit_file(Caller.CLOUD_RUN, ROOT, "gcp")], ids=["gcp.md", "tick --print"])
def test_the_gcloud_lines_make_the_same_job(written: str):
    command = one_command(written, "gcloud run jobs create taxi-tick")
    assert flags(command, "command") == CONTAINER["command"]
    assert flags(command, "args")[0].split(",") == CONTAINER["args"]
    assert flags(command, "max-retries") == [str(JOB["max_retries"])]
    limits, defaults = CONTAINER["resources"][0]["limits"], {n: b.get("default") for n, b in blocks("variable").items()}
    assert flags(command, "cpu") == [limits["cpu"]]
    assert flags(command, "memory") == [f"{defaults['memory_gib']}Gi"]
    assert flags(command, "task-timeout") == [f"{defaults['timeout_hours']}h"]
    assert flags(command, "add-volume") == [f"name=scratch,type=ephemeral-disk,size={defaults['disk_gib']}Gi"]
    mount = CONTAINER["volume_mounts"][0]
    assert flags(command, "add-volume-mount") == [f"volume={mount['name']},mount-path={mount['mount_path']}"]
    given = {one.partition("=")[0] for part in flags(command, "set-env-vars") for one in part.split(",")}
    assert given | {flags(command, "set-secrets")[0].partition("=")[0]} == variables_of_the_job()
    assert "TAXI_STATE_DIR=/scratch/taxi" in command


def test_landers_are_tasks_of_the_same_job():
    written = blocks("output")["land"]["value"].replace("${google_cloud_run_v2_job.tick.name}", "taxi-tick")
    count = blocks("variable")["landers"]["default"]
    documented = one_command(GCP, "gcloud run jobs execute taxi-tick --region=.REGION --tasks")
    assert written.replace("${var.region}", "$REGION").replace("${var.landers}", str(count)) in documented
    assert flags(documented, "args")[0].split(",")[:4] == [CONTAINER["args"][0], "land", *CONTAINER["args"][2:]]


@pytest.mark.parametrize("written", [GCP, unit_file(Caller.CLOUD_RUN, ROOT, "gcp")], ids=["gcp.md", "tick --print"])
def test_the_gcloud_lines_start_it_in_the_same_way(written: str):
    command, job = (
        one_command(written, "gcloud scheduler jobs create"),
        blocks("resource")["google_cloud_scheduler_job.tick"],
    )
    assert flags(command, "schedule") == [blocks("variable")["schedule"]["default"]]
    assert flags(command, "time-zone") == [job["time_zone"]]
    target = job["http_target"][0]
    assert flags(command, "http-method") == [target["http_method"]]
    assert "oauth_token" in target
    assert "--oauth-service-account-email=" in command

    def plain(uri: str) -> str:
        return re.sub(r"\$\{[^}]*\.name\}", "taxi-tick", re.sub(r"\$\{var\.(\w+)\}", lambda m: m[1].upper(), uri))

    assert flags(command, "uri")[0].replace("$", "") == plain(target["uri"])


def test_the_flags_of_postgres_are_those_of_the_documentation_and_of_the_embedded_server():
    settings = blocks("resource")["google_sql_database_instance.postgres"]["settings"][0]
    given = settings["dynamic"][0]["database_flags"]["for_each"]
    command = one_command(GCP, "gcloud sql instances create")
    assert flags(command, "database-flags")[0].split(",") == [f"{name}={value}" for name, value in given.items()]
    after = MANAGED[MANAGED.index("[`deploy/gcp/postgres.tf`]") :]
    assert re.findall(
        r"`([a-z_]+)`", after[after.index("those of Cloud SQL") : after.index("with the embedded")]
    ) == list(given)
    table = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", MANAGED, re.MULTILINE)
    assert set(given) <= {name for row in table for name in re.findall(r"\w+", row)}
    units = {"checkpoint_timeout": "s", "maintenance_work_mem": "kB", "max_wal_size": "MB", "work_mem": "kB"}
    assert {name: in_unit(SETTINGS[name], units.get(name)) for name in given} == given


def in_unit(value: str, unit: str | None) -> str:
    """As Postgres counts a setting that is given without a unit."""
    bases = {"s": {"min": 60}, "kB": {"MB": 1024, "GB": 2**20}, "MB": {"GB": 1024}}
    number, own = re.fullmatch(r"(\d+)?(\D*)", value).groups()
    return str(int(number) * bases[unit][own]) if unit else value


def test_postgres_is_made_alike_by_both_ways():
    postgres = blocks("resource")["google_sql_database_instance.postgres"]
    settings, command = postgres["settings"][0], one_command(GCP, "gcloud sql instances create")
    assert flags(command, "database-version") == [postgres["database_version"]]
    assert flags(command, "edition") == [settings["edition"].lower()]
    defaults = {name: body.get("default") for name, body in blocks("variable").items()}
    assert flags(command, "tier") == [defaults["postgres_tier"]]
    assert flags(command, "storage-size") == [str(defaults["postgres_disk_gb"])]
    assert flags(command, "connector-enforcement") == [settings["connector_enforcement"]]
    assert flags(command, "ssl-mode") == [settings["ip_configuration"][0]["ssl_mode"]]
    assert flags(command, "backup-start-time") == [settings["backup_configuration"][0]["start_time"]]
    assert "authorized_networks" not in settings["ip_configuration"][0]


def test_the_bucket_is_closed_and_no_rule_deletes_the_lakes_objects_by_age():
    bucket = blocks("resource")["google_storage_bucket.lake"]
    assert bucket["uniform_bucket_level_access"] is True
    assert bucket["public_access_prevention"] == "enforced"
    deleting = [rule for rule in bucket["lifecycle_rule"] if rule["action"][0]["type"] == "Delete"]
    assert [rule["condition"][0]["matches_prefix"] for rule in deleting] == [["taxi_check_"]]
    command = one_command(GCP, "gcloud storage buckets create")
    assert "--uniform-bucket-level-access" in command
    assert "--public-access-prevention" in command
    assert flags(command, "soft-delete-duration") == [f"{blocks('variable')['soft_delete_days']['default']}d"]


def test_both_ways_enable_the_same_apis():
    command = one_command(GCP, "gcloud services enable")
    of_terraform_alone = {"cloudresourcemanager.googleapis.com"}
    written = set(
        re.findall(r"\"([\w.]+\.googleapis\.com)\"", blocks("resource")["google_project_service.api"]["for_each"])
    )
    assert written - of_terraform_alone == set(command.split()[3:])


def test_no_secret_is_written_down():
    assert not re.search(r"secret_data\s*=|password\s*=", text()), "only their write-only kin stay out of the state"


@needs_terraform
def test_terraform_would_format_nothing():
    subprocess.run(["terraform", "fmt", "-check", "-diff", str(FOLDER)], check=True)


RIGHT = {"project": "my-taxi-data", "bucket": "my-lake", "image": "x.example/taxi/taxi:1.2"}
WRONG = [
    ("project", "123"), ("region", "US"), ("bucket", "My_Lake"), ("image", "taxi:latest"), ("image", "taxi"),
    ("schedule", "hourly"), ("settings", '{bucket = "b"}'), ("settings", '{postgres_url = "u"}'),
    ("secret_settings", '["bucket"]'), ("memory_gib", "16"), ("disk_gib", "5"), ("timeout_hours", "200"),
    ("postgres_tier", "db-f1-micro"), ("soft_delete_days", "3"), ("billing_account", "mine"), ("budget", "1.5"),
    ("postgres_disk_gb", "1"), ("postgres_password_version", "0"), ("landers", "0"),
]  # fmt: skip


@pytest.fixture(scope="module")
def variables_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The variables, without what needs a provider, and an output that is the job's environment."""
    folder = tmp_path_factory.mktemp("variables")
    shutil.copy(FOLDER / "variables.tf", folder)
    local = (FOLDER / "bigquery.tf").read_text()
    (folder / "locals.tf").write_text(re.search(r"(?s)locals \{.*?\n\}\n", local)[0])
    (folder / "out.tf").write_text(
        'output "authorizations" {\n  value = sort(keys(local.authorizations))\n}\n'
        'output "environment" {\n  value = { for name, value in var.settings : "TAXI_${upper(name)}" => value }\n}\n'
    )
    subprocess.run(["terraform", "init", "-backend=false"], cwd=folder, check=True, capture_output=True)
    return folder


def planned(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    given = [f"-var={name}={value}" for name, value in {**RIGHT, **variables}.items()]
    command = ["terraform", "plan", "-input=false", "-no-color", "-out=planned", *given]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@needs_terraform
def test_terraform_takes_the_variables(variables_alone: Path):
    result = planned(variables_alone, settings='{datasets = "green,yellow"}', secret_settings='["alert_urls"]')
    assert result.returncode == 0, result.stderr
    shown = subprocess.run(
        ["terraform", "show", "-json", "planned"], cwd=variables_alone, capture_output=True, check=True
    )
    outputs = json.loads(shown.stdout)["planned_values"]["outputs"]
    assert outputs["environment"]["value"] == {"TAXI_DATASETS": "green,yellow"}
    assert outputs["authorizations"]["value"] == [
        "taxi_intermediate reads taxi_seeds", "taxi_marts reads taxi_intermediate", "taxi_marts reads taxi_seeds",
        "taxi_marts reads taxi_staging", "taxi_staging reads taxi_ledger",
    ]  # fmt: skip


@needs_terraform
@pytest.mark.parametrize(("name", "value"), WRONG)
def test_terraform_refuses_a_wrong_variable(variables_alone: Path, name: str, value: str):
    result = planned(variables_alone, **{name: value})
    assert result.returncode == 1
    assert "Invalid value for variable" in result.stderr
