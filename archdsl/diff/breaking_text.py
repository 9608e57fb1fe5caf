"""Breaking changes as lines for people, as JSON for programs, as annotations for GitHub."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from itertools import groupby

from archdsl.diagnostics.github import command
from archdsl.diagnostics.render import printable
from archdsl.diff.breaking import Break

FORMAT_VERSION = "1.0"


_MOST = 4  # changes of one category that a text shows of one network


def as_text(found: Sequence[Break], allowed: Collection[str]) -> str:
    """A paragraph for each network; `archdsl diff` shows what is left out."""
    texts = []
    for (file, model), group in groupby(found, key=lambda one: (one.place.file, one.model)):
        lines = [f"{printable(file)}: {model}"]
        for category, changes in groupby(group, key=lambda one: one.category):
            shown = [change.text for change in changes]
            more = [f"... and {len(shown) - _MOST} more"] if len(shown) > _MOST else []
            mark = " (allowed)" if category in allowed else ""
            lines += [f"  {category:<8}   {text}{mark}" for text in [*shown[:_MOST], *more]]
        texts.append("\n".join(lines))
    return "\n\n".join(texts)


def as_json(found: Sequence[Break], allowed: Collection[str]) -> str:
    """A JSON document with one entry for each change."""
    changes = [
        {
            "category": one.category,
            "allowed": one.category in allowed,
            "model": one.model,
            "change": one.text,
            "place": one.place._asdict(),
        }
        for one in found
    ]
    return json.dumps({"format_version": FORMAT_VERSION, "breaking": changes}, indent=2)


def as_github(found: Sequence[Break], allowed: Collection[str], is_there: Callable[[str], bool]) -> str:
    """Workflow commands: an error at the network's place, or a notice where it is allowed. One for each category: of
    one step GitHub shows ten.

    What is gone has no line now, and where its file is gone too, `is_there` says so, nothing to show it beside.
    """
    lines = []
    for (place, model, category), group in groupby(found, key=lambda one: (one.place, one.model, one.category)):
        properties: dict[str, object] = {}
        if category != "MODELS":
            properties = {"file": place.file, "line": place.line, "col": place.column}
        elif is_there(place.file):
            properties = {"file": place.file}
        properties["title"] = category
        head = f"{model}:" if "file" in properties else f"{printable(place.file)}: {model}:"
        text = "\n".join([head, *(printable(change.text) for change in group)])
        lines.append(command("notice" if category in allowed else "error", properties, text))
    return "\n".join(lines)
