"""What a run will do, decided by pure functions of what was found: nothing here reads or writes a store."""
