"""What ingest, embedded, orchestration and synthetic all stand on; it knows none of them."""
