"""The base of the syntax tree's nodes: frozen records, compared by what they say and not by where they stand.

Like `dataclasses.dataclass(frozen=True)`, whose generated methods would take a tenth of the start-up time of a whole
`archdsl estimate` for the forty kinds of node; type checkers see the same thing.
"""

from __future__ import annotations

from typing import Any, ClassVar, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """A record of the annotated fields, those of its bases first; a field `span` takes no part in `==`."""

    fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        # Not `inspect.get_annotations`: these classes exist to start quickly.
        annotated = cls.__dict__.get("__annotations__", ())  # noqa: RUF063
        own = tuple(name for name in annotated if name not in cls.fields)
        cls.fields = (*cls.fields, *own)

    def __init__(self, *values: Any, **named: Any) -> None:
        given = dict(zip(self.fields, values, strict=False))
        given.update(named)
        if len(values) > len(self.fields) or not given.keys() <= set(self.fields):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.fields)}")
        self.__dict__.update(given)
        for name in self.fields[len(values) :]:
            if name not in given and not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs {name}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change")

    def _said(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.fields if name != "span")

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._said() == other._said())

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._said()))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.fields if name != "span")
        return f"{type(self).__name__}({shown})"
