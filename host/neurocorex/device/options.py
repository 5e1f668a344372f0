"""Options of a run that are given by keyword: what acts besides spikes, and how long it may take."""

from __future__ import annotations

import difflib

from .teaching import Teaching


class Options(Teaching, total=False):
    """Keywords of `Device.run`, all of them optional: those of `Teaching`, and these.

    Attributes
    ----------
    deadline_s : float
        Seconds that the call may take, waiting for its turn included. Then it ends with NoAnswerError, and
        `Device.resume` finishes the run. By default `Device.deadline_s`.
    """

    deadline_s: float | None


def known(options: Options) -> Options:
    """Return what was given; raises TypeError, as Python does, for a keyword that `Device.run` does not have."""
    for name in options:
        if name not in Options.__annotations__:
            near = difflib.get_close_matches(name, Options.__annotations__, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TypeError(f"Device.run() got an unexpected keyword argument {name!r}{hint}")
    return options
