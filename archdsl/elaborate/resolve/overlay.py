"""Whose block a name means where several files have one of that name.

A file's own text means the file's own, then those that it brings in, then the library's. Two rules carry that on into
text that the file does not hold itself:
 - A block that the file defines or brings in takes the place of the library's of its name wherever the networks of the
   file meet it: in other blocks of the library, in blocks of other files, in the models that the file extends.
 - A block that the file defines takes the place of any of its name in what its models inherit, too: to extend a model
   is to take it over with its names.
A model that is a part of another stays what it is. Nothing else of another file changes: two files that are both used
keep their own blocks of one name.
"""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.elaborate.resolve.definitions import Definition, Environment, ModelDefinition


def overlay(environment: Environment, library: Environment | None) -> None:
    """Puts a file's blocks in their place in what it uses. All its names are known; `library` is the plain one."""
    if library is None:
        return
    own = {name: block for name, block in environment.blocks.items() if block.environment is environment}
    called, inherited = _Overlay(environment, library, {}), _Overlay(environment, library, own)
    for name, block in environment.blocks.items():
        if block.environment is not environment:
            environment.blocks[name] = called.block(block)
    for name, model in environment.models.items():
        if model.environment is not environment:
            environment.unchanged[name] = model
            environment.models[name] = inherited.model(model)
    environment.library = _replaced(library, environment.blocks)


class _Overlay:
    """Other files as one file sees them, with `own` blocks of it in place of theirs."""

    def __init__(self, user: Environment, library: Environment, own: Mapping[str, Definition]):
        self.user, self.library, self.own = user, library, own
        self.brought = user.blocks.keys() & library.blocks.keys()
        self._made: dict[int, Environment] = {}

    def block(self, block: Definition) -> Definition:
        seen = self.environment(block.environment)
        return block if seen is block.environment else Definition(block.block, seen)

    def model(self, model: ModelDefinition) -> ModelDefinition:
        seen = self.environment(model.environment)
        return model if seen is model.environment else ModelDefinition(model.model, seen, model.variants)

    def environment(self, other: Environment) -> Environment:
        """Another file with the blocks in place; itself where that changes nothing."""
        replaced = (self.own.keys() & other.blocks.keys()) | (self.brought - other.blocks.keys())
        if other is self.user or not replaced:
            return other
        if id(other) in self._made:
            return self._made[id(other)]
        made = self._made[id(other)] = Environment(other.module, unread=other.unread, is_partial=other.is_partial)
        for name, block in other.blocks.items():
            made.blocks[name] = self.own[name] if name in self.own else self._inside(block, other, made)
        for name, model in other.models.items():
            is_own = model.environment is other
            made.models[name] = ModelDefinition(model.model, made, model.variants) if is_own else self.model(model)
        made.unchanged = {**other.models, **other.unchanged}
        made.own_models = tuple(made.models[model.name] for model in other.own_models)
        made.library = _replaced(self.library, {**self.user.blocks, **made.blocks, **self.own})
        return made

    def _inside(self, block: Definition, other: Environment, made: Environment) -> Definition:
        return Definition(block.block, made) if block.environment is other else self.block(block)


def _replaced(library: Environment, blocks: Mapping[str, Definition]) -> Environment:
    """The library with blocks in place of its own of the same names, for its other blocks to call."""
    names = library.blocks.keys() & blocks.keys()
    if not names:
        return library
    made = Environment(library.module)
    for name, block in library.blocks.items():
        made.blocks[name] = blocks[name] if name in names else Definition(block.block, made)
    return made
