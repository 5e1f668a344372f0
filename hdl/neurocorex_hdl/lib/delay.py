"""Delay line: a value as it was n cycles ago."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data


def stages(m: Module, value: Value | data.View, count: int, *, name: str, reset_less: bool = True) -> list:
    """Delay a value.

    Parameters
    ----------
    count : int
        Cycles, 0 or more.
    name : str
        Beginning of the names of the registers.
    reset_less : bool
        False for values that must be 0 after a reset.

    Returns
    -------
    list
        The value and, at index n, its value n cycles ago.
    """
    chain = [value]
    for stage in range(1, count + 1):
        late = Signal(value.shape(), name=f"{name}_{stage}", reset_less=reset_less)
        m.d.sync += late.eq(chain[-1])
        chain.append(late)
    return chain


def sparse_stages(m: Module, value: Value | data.View, valid: list, count: int, *, name: str) -> list:
    """Delay a value that is valid every other cycle at most: one register serves two stages.

    Parameters
    ----------
    valid : list
        At index n, up to ``count - 1``: whether there is a value at stage n.
    count, name
        As `stages` has them.

    Returns
    -------
    list
        The value and, at index n, its value n cycles ago, if `valid` was true then.
    """
    chain = [value]
    for stage in range(1, count + 1, 2):
        late = Signal(value.shape(), name=f"{name}_{stage}", reset_less=True)
        with m.If(valid[stage - 1]):
            m.d.sync += late.eq(chain[-1])
        chain += [late, late]
    return chain[: count + 1]
