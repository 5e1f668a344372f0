"""Campaign of files: two thousand of each kind, each mutated in a way of its own, read or refused in bounded memory."""

from __future__ import annotations

import random
import tracemalloc

from neurocorex.encode.file import RASTER_LIMIT
from support.mutation import mutated

from .campaign import Case, Work
from .readers import READERS, SLOW, good, refused

#: Bytes that reading a file of some kilobytes may take. A list of spikes may name a late step, up to a large raster.
MEMORY = 100 << 20
LARGER = {"spikes_as_text": RASTER_LIMIT + MEMORY}


def _mutations(work: Work) -> None:
    """Read files of one kind."""
    name = work.case.name.partition(".")[2]
    (content,) = good(name)
    words = 0
    tracemalloc.start()
    try:
        for number in work.tries():
            tracemalloc.reset_peak()
            words += refused(name, mutated(content, random.Random(f"{name} {work.seed} {number}"))) is not None
            peak = tracemalloc.get_traced_memory()[1]
            work.expect(peak < LARGER.get(name, MEMORY), f"reading took {peak >> 20} MB", number)
    finally:
        tracemalloc.stop()
    work.notes.append(f"{words} refused")


CASES = [
    Case(
        f"files.{name}", f"2,000 mutated files of {name}: read, or refused by an error of ours",
        "files", 2000, 15 if name in SLOW else 30, _mutations, seconds=80 if name in SLOW else 10,
    )
    for name in READERS
]  # fmt: skip
