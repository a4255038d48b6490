"""Tries the servers of a profile in a minute, on things of its own: what is missing, and how to get it.

`items` says what an item is, `runner` tries them in order; each of `postgres_items`, `bucket_items`, `bigquery_items`,
`bigquery_answers` and `source_items` holds those of one server; `rights` turns a refusal into the command that ends it.
"""
