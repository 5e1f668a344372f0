"""Kernel of the emulator: the steps of docs/model.md as loops over arrays, in Python that numba can compile.

Nothing is allocated in a step, and nothing is raised. Silent axons, and equations that no neuron uses, cost next to
nothing; a network at rest is not computed at all. `steps` is the loop, `build` makes an object file of it, and
`neurocorex.emulator.machine_code` loads that.

Where no machine code can be had, the source itself runs. So that it gives the same bits, products and sums that leave
32 bits (or the width of a weight) are written with ``int``: NumPy's numbers wrap there, numba's do not.
"""
