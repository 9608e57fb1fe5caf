"""An interrupt, Ctrl-C, ends a command at once wherever it is, except where something has to be put back first.

Python's own way, an exception, may come in the middle of an import, of a callback from C, of a handler of another
exception or of the end of the process; there it is printed as a traceback, swallowed, or taken for another error.

This is imported before anything else, and imports next to nothing: what comes first is not guarded.
"""

# What `signal` is made of. That imports `enum` and `collections` first, which take as long as Python itself to start.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

# As a shell reports a process that this signal ended.
INTERRUPTED = 130


class _End:
    """The handler of the signal: what has been printed is passed on, and the process is over."""

    exit_code = INTERRUPTED

    def __call__(self, number: int, frame: object) -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # It is closed, or was being written to, or this is the second interrupt.
                continue
        os._exit(self.exit_code)


_end = _End()


def end_on_interrupts() -> None:
    """Has interrupts end this process, unless whoever started it has them ignored, as for a job in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        import atexit

        signal.signal(signal.SIGINT, _end)
        # What comes last of all is Python taking itself apart: all is done, and no handler can run any more.
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


class Raised:
    """In here an interrupt is a KeyboardInterrupt, for those who have something to put back.

    Only in a process that interrupts would end: in somebody else's, they are what they are there.
    """

    def __enter__(self) -> None:
        self._is_ours = signal.getsignal(signal.SIGINT) is _end
        if self._is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        if self._is_ours:
            signal.signal(signal.SIGINT, _end)


class EndsWith:
    """In here the process ends with this exit code where an interrupt ends it."""

    def __init__(self, exit_code: int):
        self.exit_code = exit_code

    def __enter__(self) -> None:
        _end.exit_code = self.exit_code

    def __exit__(self, *_: object) -> None:
        _end.exit_code = INTERRUPTED
