"""What this machine and its peers say of the pipeline: `make bench`; and, in `billing`, BigQuery's price list."""
