"""Process that ends in the middle of its work: ``python -m fire.victim SIGNAL LINES WORDS...``.

It does what WORDS say, and sends itself the signal once so many lines of Python have been executed in this project, and
in the modules that write its files. With 0 lines it does all of its work and prints how many there were.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

#: Parts of paths of the modules whose lines are counted.
COUNTED = (
    "/neurocorex/",
    "/neurocorex_sim/",
    "/neurocorex_hdl/",
    "/zipfile.py",
    "/numpy/lib/",
    "/csv.py",
    "/fire/works.py",
)


class Counter:
    """Lines of Python, and what happens after so many."""

    def __init__(self, limit: int, number: int) -> None:
        self.lines, self._limit, self._signal = 0, limit, number

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Callable[..., Any] | None:
        """Count the lines of a module of `COUNTED`; for `sys.settrace`."""
        if event == "call":
            return self.trace if any(part in frame.f_code.co_filename for part in COUNTED) else None
        if event == "line":
            self.lines += 1
            if self.lines == self._limit:
                os.kill(os.getpid(), self._signal)
        return self.trace


def main(words: list[str]) -> int:
    """Do the work; return the exit code."""
    from .works import work

    name, lines, *rest = words
    counter = Counter(int(lines), getattr(signal, name))
    prepared = work(rest)
    threading.settrace(counter.trace)
    sys.settrace(counter.trace)
    try:
        prepared()
    finally:
        sys.settrace(None)
        print(f"lines: {counter.lines}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
