"""Traces and lineage of runs, for collectors that the settings otlp_endpoint and openlineage_url name."""
