"""The web page over the ledger and dbt's artifacts, the extra `page`. It reads; what changes the line is a request."""
