"""Postgres, the lake and BigQuery as the orchestrator reaches them, and dbt, which builds there."""
