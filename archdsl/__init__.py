"""archdsl: a declarative architecture compiler for convolutional networks.

    import archdsl
    network = archdsl.load("specs/v2_l.arch")
    network.params, network.macs
    model = network.build(num_classes=10)

Importing archdsl, loading and counting never import torch; building does.
"""

from archdsl.api import Network, load, load_all, loads
from archdsl.diagnostics import Failure
from archdsl.ir.architecture import Architecture
from archdsl.specs_folder import specs_folder
from archdsl.version import __version__

__all__ = ["Architecture", "Failure", "Network", "__version__", "load", "load_all", "loads", "specs_folder"]
