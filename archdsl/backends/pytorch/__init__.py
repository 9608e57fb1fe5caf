"""The PyTorch backend: architectures as one standalone Python file."""

from archdsl.backends.pytorch.emitter import emit

__all__ = ["emit"]
