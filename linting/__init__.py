"""How good the dbt project is, measured by tools: what `make lint` runs beside ruff. No server, no credentials."""
