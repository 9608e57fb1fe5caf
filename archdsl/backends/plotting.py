"""Plots by matplotlib: without a window, and the same bytes each time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from archdsl.backends.errors import MatplotlibFails, NoMatplotlib

_STYLE = {"svg.hashsalt": "archdsl", "svg.fonttype": "none", "font.family": "sans-serif"}
_DPI = 160


@contextmanager
def styled(**style: Any) -> Iterator[Any]:
    """matplotlib's class of figures, whose plots in here have one style, changed by `style`.

    Raises DiagnosticError where matplotlib is not installed, or cannot be imported.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise NoMatplotlib().error() from None
    except ImportError as error:  # as where there is no memory left to load its code
        raise MatplotlibFails(str(error)).error() from None
    given: dict[Any, Any] = {**_STYLE, **style}
    with matplotlib.rc_context(given):
        yield Figure


def saved(figure: Any, format: str) -> bytes:
    """A figure as `svg` or `png`; called while its style lasts."""
    out = io.BytesIO()
    figure.savefig(out, format=format, dpi=_DPI, metadata={"Date": None} if format == "svg" else None)
    return out.getvalue()
