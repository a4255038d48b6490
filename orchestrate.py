"""The command line of the NYC taxi ELT line: `python orchestrate.py --help`."""

from orchestration import interrupts


def main() -> None:
    """Run the command line; signals are heeded before the imports, which take a second."""
    with interrupts.heeded():
        from orchestration.commands import main

        main()


if __name__ == "__main__":
    main()
