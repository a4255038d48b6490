"""Brings the months that are wanted through the line, and keeps the ledger of what is done."""
