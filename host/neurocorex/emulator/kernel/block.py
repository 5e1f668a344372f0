"""Block of arguments: the integers that machine code is given, which knows no arrays.

First the sizes, then an address and a number of items for each array. `words` refuses arrays with items of another type
than `arguments` declares, or with gaps between them.
"""

import numpy as np

from ...events.arrays import Ints
from .arguments import (
    Bytes,
    Core,
    Doubles,
    Feedback,
    Learner,
    Moves,
    Narrow,
    Output,
    RuleRows,
    Scratch,
    Sizes,
    Stimulus,
    Weights,
    Words,
)

#: Items by type of array.
_ITEMS = {
    Ints: ("i8",), Narrow: ("i4",), Doubles: ("f8",), Bytes: ("u1",), Words: ("u4",), Weights: ("i1", "i2"),
    Moves: ("i2", "i4"),
}  # fmt: skip
#: The block: by table and field a size, or the address and the number of items of an array.
BLOCK = np.dtype([
    ("sizes", [(name, np.int64) for name in Sizes._fields]),
    *(
        (table.__name__.lower(), [(name, [("address", np.int64), ("items", np.int64)]) for name in table._fields])
        for table in (Core, Learner, Feedback, RuleRows, Scratch, Stimulus, Output)
    ),
])  # fmt: skip


def words(table: Core | Learner | Feedback | RuleRows | Scratch | Stimulus | Output) -> list[int]:
    """Return addresses and numbers of items, as they stand in the block; the arrays have to outlive their use."""
    found = []
    for (name, kind), array in zip(table.__annotations__.items(), table, strict=True):
        if array.dtype.str[1:] not in _ITEMS[kind] or not array.flags.c_contiguous:
            raise TypeError(f"{name} is {array.dtype} with strides {array.strides}, the kernel takes {_ITEMS[kind]}")
        found += [array.ctypes.data, array.size]
    return found
