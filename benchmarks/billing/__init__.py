"""What BigQuery would bill for questions and for a month built, worked out here: `python -m benchmarks.billing`."""
