"""Lands TLC trip records, month by month and unchanged in meaning, in Postgres and on Cloud Storage with dlt."""
