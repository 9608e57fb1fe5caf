"""Where the process of a command begins: `archdsl`, and `python -m archdsl`."""

from archdsl.cli.interrupts import end_on_interrupts

end_on_interrupts()  # Not in `main`: whoever calls that may take a moment after the import.


def main() -> int:
    """Runs the command line of this process, and returns its exit code."""
    from archdsl.cli.main import main

    return main()
