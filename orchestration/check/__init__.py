"""Tries the servers of a profile in a minute, on things of its own: what is missing, and how to get it.

`items` says what an item is, `runner` tries them in order. `postgres_items`, `bucket_items`, `source_items` and, of
BigQuery, `bigquery_lake`, `bigquery_tables` and `bigquery_readers` hold them; `rights` turns a refusal into the command
that ends it.
"""
