"""The ledger in Postgres: what is recorded of runs and file months, and the lease by which one run writes."""
