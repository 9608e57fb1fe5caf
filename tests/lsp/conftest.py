"""What the tests of the language server share."""

from tests.lsp.editor import client

__all__ = ["client"]
