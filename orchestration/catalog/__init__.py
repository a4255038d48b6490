"""What dbt's artifacts say of the models and their tests, in small files that the page reads a piece at a time."""
