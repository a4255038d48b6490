"""The commands about the servers, and about dbt by hand on them: up, down, env, check, adopt."""

import shlex

import typer

from ingest.errors import SettingError
from orchestration.cli import documents, sentences
from orchestration.cli.console import events, output, service_of, serving_of
from orchestration.cli.exit_codes import ExitCode
from orchestration.cli.options import AsJson, EndOthers, Profile, TargetPath, shown_arguments
from orchestration.settings import ROOT, Settings, load_settings


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (up, down, env, check, adopt):
        app.command()(command)


def up(profile: Profile = None) -> None:
    """Start the embedded servers and keep them, for dbt by hand, psql and bq."""
    serving_of(_with_embedded_servers("up", profile)).up()
    events.say('The embedded servers are up. For dbt, psql and bq: eval "$(python orchestrate.py env)"')


def down(profile: Profile = None, force: EndOthers = False) -> None:
    """Stop the embedded servers; their data stays."""
    serving_of(_with_embedded_servers("down", profile)).down(force)
    events.say("The embedded servers are down; their data stays.")


def env(profile: Profile = None) -> None:
    """Print the environment variables by which dbt, psql and Google's clients find the servers (with the password)."""
    for name, value in serving_of(load_settings({"profile": profile})).env().items():
        print(f"export {name}={shlex.quote(value)}")


def check(profile: Profile = None, as_json: AsJson = False) -> None:
    """Try in a minute what a run needs of the servers, on things that are dropped again."""
    settings = load_settings({"profile": profile})
    report = service_of(settings).check(lambda result: None if as_json else output.print_result(result))
    if as_json:
        output.print_json(documents.of_check(settings.profile, report))
    else:
        output.print_text(sentences.of_check(settings.profile, report))
    if not report.has_passed:
        raise typer.Exit(ExitCode.FAILED)


def adopt(profile: Profile = None, target_path: TargetPath = ROOT / "dbt_taxi" / "target") -> None:
    """Record what you built with dbt by hand, so that the next run does not build it again."""
    found = service_of(load_settings({"profile": profile})).adopt(target_path.resolve(), shown_arguments())
    events.say(sentences.adopted(found))


def _with_embedded_servers(command: str, profile: str | None) -> Settings:
    def check(profile: str) -> None:
        if profile != "local":
            theirs = "`docker compose` starts and stops those of docker" if profile == "docker" else "gcp has its own"
            raise SettingError(
                f"`{command}` is for the embedded servers of the profile local, and the profile is {profile}",
                f"For the embedded servers add --profile local; {theirs}",
            )

    return load_settings({"profile": profile}, check_profile=check)
