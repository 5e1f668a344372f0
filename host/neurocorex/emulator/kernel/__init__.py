"""The steps of docs/model.md compiled by numba: the same bits as `dynamics` and `plasticity`, only faster.

Nothing is allocated in a step, silent axons and features that a network does not use cost next to nothing, and a
network at rest is not computed at all.
"""
