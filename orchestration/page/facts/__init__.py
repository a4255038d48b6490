"""What each page knows: functions from a reading of the ledger to frozen dataclasses, for HTML and for JSON alike."""
