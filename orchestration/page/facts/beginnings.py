"""How to begin on a ledger without months: commands for invented and for real ones, and a plan of the latter."""

from dataclasses import dataclass

REAL_DATASETS = ("green", "yellow")
"""Small enough to load in minutes."""
_PLAN = "/plan?" + "&".join(f"datasets={name}" for name in REAL_DATASETS)
_COMMANDS = {
    "docker": ("docker compose run --rm demo", "docker compose run --rm pipeline run --datasets green,yellow"),
    "local": ("make demo", "python orchestrate.py run --datasets green,yellow"),
    "gcp": ("", "python orchestrate.py run --datasets green --months 2024-01 --profile gcp"),
}


@dataclass(frozen=True)
class Beginning:
    """A way to begin: what it loads, the command, and the address of its plan, which has a button ('': none)."""

    what: str
    command: str
    plan: str


def beginnings(profile: str) -> list[Beginning]:
    """What may be loaded first with the servers of this profile."""
    demo, real = _COMMANDS[profile]
    found = [Beginning("the demo: invented months, in 3 to 5 minutes", demo, "")] if demo else []
    what = "green 2024-01 of TLC" if profile == "gcp" else "TLC's newest three months of green and yellow"
    plan = "/plan?datasets=green&months=2024-01" if profile == "gcp" else _PLAN
    return [*found, Beginning(what, real, plan)]
