"""Tells people of trouble: which episodes should be open, what is said of them, and how it reaches an address."""
