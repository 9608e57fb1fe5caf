"""Kinds of problems: each a class, beside the stage that finds it, with its code, its words and the values in them."""

from __future__ import annotations

from typing import ClassVar, dataclass_transform

from archdsl.diagnostics.codes import TOO_LARGE, Code
from archdsl.diagnostics.diagnostic import Diagnostic, Fix, Note
from archdsl.diagnostics.error import DiagnosticError
from archdsl.diagnostics.source import Span
from archdsl.limits import limits, raising


@dataclass_transform(eq_default=False, frozen_default=True)
class Problem:
    """A problem of one kind; `at` a place it is a `Diagnostic`.

    A subclass says its `code`, and templates for the `message`, the `label` under the place and the `help` (an empty
    one is none). What they name in braces are its fields and properties:

        class UnknownBlock(Problem):
            code = codes.UNKNOWN_BLOCK
            message = "unknown block `{name}`"
            name: str

        UnknownBlock("conv4").at(span)

    Templates are constants, so that documentation can list them; what depends on values is a property. These are plain
    classes because every start of the program defines them: a `msgspec.Struct` takes twice as long.
    """

    code: ClassVar[Code]
    message: ClassVar[str]
    label: ClassVar[str] = ""
    help: ClassVar[str] = ""

    def __init__(self, *values: object, **fields: object) -> None:
        self.__dict__.update(zip(self.fields(), values, strict=False), **fields)

    @classmethod
    def fields(cls) -> tuple[str, ...]:
        """The names of the fields, those of the base classes first."""
        annotated = (getattr(one, "__annotations__", {}) for one in reversed(cls.__mro__))
        return tuple(name for own in annotated for name, type in own.items() if not type.startswith("ClassVar"))

    def __getitem__(self, name: str) -> object:
        return getattr(self, name)

    def at(
        self,
        span: Span | None,
        label: str | None = None,
        *,
        notes: tuple[Note, ...] = (),
        help: str | None = None,
        fix: Fix | None = None,
    ) -> Diagnostic:
        """The problem at a place; `label` and `help` are used instead of those of the class."""
        return Diagnostic(
            self.code,
            self.message.format_map(self),
            span,
            self.label.format_map(self) if label is None else label,
            notes,
            (self.help.format_map(self) or None) if help is None else help,
            fix,
            type(self).__name__,
        )

    def error(
        self,
        span: Span | None = None,
        *,
        notes: tuple[Note, ...] = (),
        help: str | None = None,
    ) -> DiagnosticError:
        """The problem alone as an exception, to be raised."""
        return DiagnosticError([self.at(span, notes=notes, help=help)])


class OverBound(Problem):
    """More of something than a field of `Limits` allows. A field `needed` is how much, where that is known; where
    `is_enough` is not set, more may be needed further on."""

    code = TOO_LARGE
    help = "{raising}"
    # The field of `Limits`, and what to do other than to raise it.
    bound: ClassVar[str]
    instead: ClassVar[str] = ""
    is_enough: ClassVar[bool] = True

    @property
    def most(self) -> int:
        value: int = getattr(limits(), self.bound)
        return value

    @property
    def raising(self) -> str:
        return raising(self.bound, getattr(self, "needed", 0), self.instead, is_enough=self.is_enough)
