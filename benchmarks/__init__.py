"""What the marts cost to keep and to ask, measured."""
