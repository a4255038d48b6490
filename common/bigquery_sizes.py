"""How many bytes values are to BigQuery, which bills them uncompressed: https://cloud.google.com/bigquery/pricing#data."""

SIZES = {"NUMERIC": 16, "BIGNUMERIC": 32, "BOOLEAN": 1, "STRING": 2 + 10, "BYTES": 2 + 10}
"""By type; all others take 8. A text counts for 10 bytes, and 2 for its length."""
LEAST_BILLED = 10 * 2**20
"""Of each table in a query: https://cloud.google.com/bigquery/pricing#on_demand_pricing."""
