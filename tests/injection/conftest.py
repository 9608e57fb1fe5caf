"""A client of the language server, for the tests here too."""

from tests.lsp.editor import client

__all__ = ["client"]
