"""The language server: what an editor asks about an open file, answered from the compiler's own stages.

One file a feature, each over the same `Document`; `server.py` is the list of them. This room needs the `lsp` extra.
"""
