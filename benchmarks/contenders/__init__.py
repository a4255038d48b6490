"""What is held against each other: a script each, which says in its docstring what it times."""
