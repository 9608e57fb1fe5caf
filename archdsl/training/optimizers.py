"""A recipe's optimizer over the parameters of a network."""

from __future__ import annotations

from torch import nn, optim

from archdsl.ir.recipe import Recipe
from archdsl.ir.recipe.optimizers import SGD, AdamW
from archdsl.torchvision_operators import declare_torchvision_operators
from archdsl.training.parameters import is_weight


def make_optimizer(model: nn.Module, recipe: Recipe, *, lr: float) -> optim.Optimizer:
    """The recipe's optimizer, over the parameters that learn: first weights, which decay, then biases and scales.

    Args:
        lr: the learning rate to begin with.
    """
    learning = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    chosen = recipe.optimizer
    both = (
        ([parameter for name, parameter in learning if is_weight(name, parameter)], chosen.weight_decay),
        ([parameter for name, parameter in learning if not is_weight(name, parameter)], 0.0),
    )
    groups = [{"params": parameters, "weight_decay": decay} for parameters, decay in both if parameters]
    match chosen:
        case SGD(momentum=momentum, nesterov=nesterov):
            # Without momentum there is nothing to look ahead along.
            return optim.SGD(groups, lr=lr, momentum=momentum, nesterov=nesterov and momentum > 0)
        case AdamW():
            return optim.AdamW(groups, lr=lr, betas=(chosen.beta1, chosen.beta2), eps=chosen.eps)
    declare_torchvision_operators()
    from timm.optim.rmsprop_tf import RMSpropTF

    return RMSpropTF(groups, lr=lr, alpha=chosen.alpha, momentum=chosen.momentum, eps=chosen.eps)
