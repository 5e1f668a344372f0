"""Reader of FST waveforms."""

from dataclasses import dataclass
from pathlib import Path

import pylibfst


@dataclass(frozen=True)
class Fst:
    """Times of the first and last cycle, and the values of chosen signals.

    Attributes
    ----------
    names : set of str
        All signals, by their path.
    values : dict
        Of the chosen signals: every value that they take, in order.
    """

    start: int
    end: int
    names: set[str]
    values: dict[str, list[int]]

    @classmethod
    def read(cls, path: Path, *chosen: str) -> "Fst":
        lib = pylibfst.lib
        reader = lib.fstReaderOpen(str(path).encode())
        assert reader != pylibfst.ffi.NULL, f"{path} is no waveform"
        _, signals = pylibfst.get_scopes_signals2(reader)
        handles = {name.partition(" [")[0]: signal.handle for name, signal in signals.by_name.items()}
        values: dict[int, list[int]] = {handles[name]: [] for name in chosen}

        def change(_user: object, _time: int, handle: int, value: object) -> None:
            if handle in values:
                values[handle].append(int(pylibfst.string(value), 2))

        lib.fstReaderSetFacProcessMaskAll(reader)
        pylibfst.fstReaderIterBlocks(reader, change)
        times = lib.fstReaderGetStartTime(reader), lib.fstReaderGetEndTime(reader)
        lib.fstReaderClose(reader)
        return cls(*times, set(handles), {name: values[handles[name]] for name in chosen})
