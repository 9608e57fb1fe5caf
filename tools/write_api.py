"""Writes docs/api.md, the reference of the Python interface, from its docstrings: `python -m tools.write_api`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import archdsl
from archdsl.api import Network
from archdsl.search.loaded import FoundNetwork, LoadedStudy, StudyTrial
from archdsl.search_space.space import Space
from tools import DOCS

HEAD = """# Python interface

What `import archdsl` offers, written from the docstrings by `python -m tools.write_api`. Importing archdsl, loading and
counting never import torch; `build` and `create_model` do.

```python
import archdsl

network = archdsl.load("specs/v2_l.arch")
network.params, network.macs
model = network.build(num_classes=10)
```

"""
# The classes that these functions return, with what a user calls on them.
_CLASSES = {
    "Network": Network,
    "Space": Space,
    "LoadedStudy": LoadedStudy,
    "FoundNetwork": FoundNetwork,
    "StudyTrial": StudyTrial,
}


def page() -> str:
    """The whole page: functions, then classes with their methods."""
    return HEAD + "\n".join([*_functions(), *(line for name, kind in _CLASSES.items() for line in _class(name, kind))])


def _functions() -> Iterator[str]:
    for name in archdsl.__all__:
        value = getattr(archdsl, name)
        if inspect.isfunction(value):
            yield f"## archdsl.{name}\n"
            yield from _callable(name, value)
        elif inspect.isclass(value) and name not in _CLASSES:
            yield f"## archdsl.{name}\n"
            yield f"{inspect.getdoc(value)}\n"


def _class(name: str, kind: type) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{inspect.getdoc(kind)}\n"
    for owner in reversed([one for one in kind.__mro__ if one.__module__.startswith("archdsl")]):
        for method, value in vars(owner).items():
            if method.startswith("_"):
                continue
            doc = inspect.getdoc(value)
            if isinstance(value, property) or type(value).__name__ == "cached_property":
                if doc:
                    yield f"### {name}.{method}\n"
                    yield f"{doc}\n"
            elif inspect.isfunction(value) and doc:
                yield f"### {name}.{method}()\n"
                yield from _callable(method, value)


def _callable(name: str, value: Callable[..., Any]) -> Iterator[str]:
    # Annotations are texts, which `signature` shows in quotes; a default that is a text keeps its own.
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(value)))
    signature = signature.replace("(self, ", "(").replace("(self)", "()")
    yield f"```python\n{name}{signature}\n```\n"
    yield f"{inspect.getdoc(value) or ''}\n"


if __name__ == "__main__":
    (DOCS / "api.md").write_text(page(), encoding="utf-8")
