"""What this machine, its peers and BigQuery's price list say of the pipeline: `make bench`, and bytes_scanned.py."""
