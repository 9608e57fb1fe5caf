"""The format of a file that is written: its name's extension says it, or agrees with what was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from archdsl.cli.files import is_folder
from archdsl.cli.specs import STANDARD_INPUT
from archdsl.diagnostics.render import printable

_Format = TypeVar("_Format", bound=str)
# What any format of lines of text may be kept in.
_PLAIN_TEXT = ".txt"


def chosen(
    option: str,
    path: str | None,
    asked: _Format | None,
    extensions: Mapping[str, _Format],
    default: _Format,
    *,
    text: tuple[_Format, ...] = (),
) -> _Format:
    """The format to write to `path`, which is that of its extension.

    `asked` is what another option says, `extensions` has the format of each, `default` is for a name without one and
    for standard output. Those of `text` go into a `.txt`, too. Raises DiagnosticError for an extension of another
    format, or for a folder.
    """
    if path in (None, STANDARD_INPUT):
        return asked or default
    assert path is not None
    if is_folder(path):
        from archdsl.cli.errors import NotFile

        suited = next((one for one, format in extensions.items() if format == (asked or default)), _PLAIN_TEXT)
        raise NotFile(option, printable(os.path.join(path, "")), f"NAME{suited}").error()
    suffix = Path(path).suffix.lower()
    if suffix in ("", ".") or (suffix == _PLAIN_TEXT and (asked or default) in text):
        return asked or default
    found = extensions.get(suffix)
    if found is None:
        from archdsl.cli.errors import UnknownExtension

        raise UnknownExtension(option, printable(path), printable(suffix), list(dict.fromkeys(extensions))).error()
    if asked not in (None, found):
        from archdsl.cli.errors import OtherExtension

        suited = next((one for one, format in extensions.items() if format == asked), _PLAIN_TEXT)
        better = f"{printable(Path(path).stem)}{suited}"
        raise OtherExtension(option, printable(path), found, asked, better).error()
    return found
