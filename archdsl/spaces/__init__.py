"""Search spaces: models with open choices, their size, samples of them and what those cost."""

from archdsl.spaces.space import OpenChoice, Sample, Space, open_space

__all__ = ["OpenChoice", "Sample", "Space", "open_space"]
