"""Learning rules with names and units, for `Network.learn`: STDP of several kinds, and errors.

A rule of STDP says how much one pair of spikes, an arrival at an axon and a spike of its neuron, changes the weight
between them. Changes are signed and in the units of the weights: above zero strengthens. The lag is the time between
the two, in milliseconds or in steps:

- potentiation acts when the neuron fires, on axons whose spikes arrived 0, 1, 2, ... steps before;
- depression acts when a spike arrives, on neurons that fired 1, 2, ... steps before.

Usually potentiation is positive and depression negative, but any signs are allowed: a positive depression makes a rule
symmetric, both signs turned make it anti-Hebbian.

A rule of errors, `errors`, acts when the stimulus says so, on the errors that `Network.feedback` brings to neurons.
"""

from .delta import ErrorRule, errors
from .rule import MODULATION_LIMIT as MODULATION_LIMIT
from .rule import Rule
from .traces import TraceRule, reward_stdp, stdp, symmetric_stdp
from .windows import WindowRule, rectangular_stdp, superneuromat, window_stdp

__all__ = [
    "ErrorRule", "Rule", "TraceRule", "WindowRule", "errors", "rectangular_stdp", "reward_stdp", "stdp",
    "superneuromat", "symmetric_stdp", "window_stdp",
]  # fmt: skip
