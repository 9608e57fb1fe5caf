"""What every part of the IR has in common."""

from typing import Annotated, Any, NamedTuple, Self, cast

from pydantic import BaseModel, ConfigDict, Field

_set = object.__setattr__


class Frozen(BaseModel):
    """Immutable, and strict about what it is given: an unknown field is an error."""

    # Validators are built when first needed: reading JSON needs them, elaborating a text does not.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, allow_inf_nan=False)

    @classmethod
    def made(cls, **fields: Any) -> Self:
        """An instance of fields that are known to be right, without validation.

        The elaborator, which has checked them, is the only caller: building pydantic's validators for a process takes
        30 ms, an eighth of an `archdsl estimate` (`python -m benchmarks.validation`).
        """
        names = cls.__pydantic_fields__
        if len(fields) != len(names):  # the others are as they are unless said
            return cast("Self", cls.model_construct(set(fields), **fields))
        # What `model_construct` does, without its search for aliases, in two thirds of the time.
        one = cls.__new__(cls)
        _set(one, "__dict__", {name: fields[name] for name in names})
        _set(one, "__pydantic_fields_set__", set(fields))
        _set(one, "__pydantic_extra__", None)
        _set(one, "__pydantic_private__", None)
        return one


class Shape(NamedTuple):
    """The shape of one image's tensor, without the batch: channels, height, width."""

    channels: int
    height: int
    width: int

    @property
    def elements(self) -> int:
        return self.channels * self.height * self.width

    def __str__(self) -> str:
        return f"{self.channels} x {self.height} x {self.width}"


Count = Annotated[int, Field(ge=1, lt=2**31)]


Margin = Annotated[int, Field(ge=0, lt=2**31)]


class Size(NamedTuple):
    """A height and a width, such as those of a kernel that is not square."""

    height: Margin
    width: Margin

    def __str__(self) -> str:
        return f"{self.height} x {self.width}"


class Place(NamedTuple):
    """Where in the source something came from: file, and 1-based line and column."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class ShapeError(Exception):
    """An operator refuses its input. `attribute` is the one to blame, if any; the elaborator adds the place."""

    def __init__(self, message: str, kind: str, attribute: str | None = None, help: str | None = None):
        super().__init__(message)
        self.message, self.kind, self.attribute, self.help = message, kind, attribute, help


# What backends write as names, and so as code. A text of the language has no others; JSON may come from anywhere.
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

# A layer, a stage or a variant may be a number, and a layer that has no name of its own has none.
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$")]

# A tensor of the model: `input`, `stem`, `stages.c3`; and one of a block.
Dotted = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$")]

# A block and the number of its instance: `mbconv:3`.
BlockId = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(:[0-9]+)?$")]

Scalar = bool | int | float | str | Size | None
