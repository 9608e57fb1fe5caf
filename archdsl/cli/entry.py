"""Where the process of a command begins and ends: `archdsl`, and `python -m archdsl`."""

from archdsl.cli.interrupts import end_on_interrupts

end_on_interrupts()  # Not in `main`: whoever calls that may take a moment after the import.

import sys  # noqa: E402
from contextlib import suppress  # noqa: E402

# The commands that read texts and print: they leave no process, connection or thread behind that has to be closed.
READERS = ("check", "estimate", "fmt", "list", "explain", "fit", "space", "diff", "breaking", "ir", "schema")


def main() -> int:
    """Runs the command line of this process, and returns its exit code where Python is to end it."""
    import gc

    # A process that does one thing and ends has no garbage worth looking for, neither on the way, imports included,
    # nor, which is what freezing is for, at its end; both together take an eighth of `archdsl estimate`.
    gc.disable()
    from archdsl.cli.main import main

    code = main()
    if sys.argv[1:2] and sys.argv[1] in READERS:
        _leave(code)
    gc.freeze()
    return code


def _leave(code: int) -> None:
    """Ends this process, without taking apart what it has made object by object, as mypy does.

    Where it ended well, `main` has flushed standard output, and answered for what could not be written; behind a bug
    or an interrupt there may be some left, which is passed on as far as it can be.
    """
    import atexit
    import os

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # full, or closed
            stream.flush()
    os._exit(code)
