"""Digits learned on the chip by the delta rule: 64 inputs, 10 outputs, weights of 8 bits, no host in the loop.

It is the network of `neurocorex.demos.hidden` without hidden neurons.
"""

from __future__ import annotations

from dataclasses import replace

from . import hidden

SETTINGS = replace(hidden.DIGITS, hidden=0)
