"""Where the process of a command begins: `archdsl`, and `python -m archdsl`."""

from archdsl.cli.interrupts import end_on_interrupts

end_on_interrupts()  # Not in `main`: whoever calls that may take a moment after the import.


def main() -> int:
    """Runs the command line of this process, and returns its exit code."""
    import gc

    # A process that does one thing and ends has no garbage worth looking for, neither on the way, imports included,
    # nor, which is what freezing is for, at its end; both together take an eighth of `archdsl estimate`.
    gc.disable()
    from archdsl.cli.main import main

    code = main()
    gc.freeze()
    return code
