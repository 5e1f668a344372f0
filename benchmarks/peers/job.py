"""What all peers share: the network they are given, and how they are told to run it.

A peer is a child process. It reads the network from a file, builds it, prints one line of JSON about that, and
then runs it once for every line that it reads, printing a line about each. So runs of several simulators can take
turns on a machine that is not quiet; and what is measured is the time of the processor, of which others take none.
This file is read by interpreters that have NumPy and nothing of this project.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def load() -> dict[str, Any]:
    """Read the network named on the command line: arrays by name, and numbers as numbers."""
    with np.load(sys.argv[1]) as file:
        return {name: file[name] if file[name].ndim else file[name].item() for name in file}


def serve(version: str, build: Callable[[dict[str, Any]], Callable[[], dict[str, Any]]]) -> None:
    """Build and run as often as asked.

    Parameters
    ----------
    version : str
        Of the simulator.
    build : callable
        Given the network, returns a callable that runs it and returns at least the number of ``spikes``; and its own
        ``seconds``, if more than the run passes in a call.
    """
    network = load()
    start = time.perf_counter()
    run = build(network)
    answer({"version": version, "construct_s": time.perf_counter() - start})
    for _ in sys.stdin:
        start = time.process_time()
        outcome = run()
        answer({"seconds": time.process_time() - start} | outcome)


def answer(values: dict[str, Any]) -> None:
    """Print a line that the other end reads."""
    print("@" + json.dumps(values), flush=True)
