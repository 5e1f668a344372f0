"""Every reader meets mutated files with errors of ours, in bounded memory and time.

A sample runs here; all of them by ``FILE_MUTATIONS=2000 pytest tests/files/test_mutations.py``.
"""

import os
import random
import signal
import tracemalloc
import warnings

import pytest
from neurocorex.encode.file import RASTER_LIMIT
from neurocorex.errors import NeuroCoreXError
from support.mutation import mutated
from support.readers import READERS

COUNT = int(os.environ.get("FILE_MUTATIONS", "100"))
#: Bytes that reading a file of some kilobytes may take, and seconds, with much room for a busy computer. A list of
#: spikes may name a late step, up to a raster of this size.
MEMORY, SECONDS = 100 << 20, 60
LARGER = {"spikes as text": RASTER_LIMIT + MEMORY}


@pytest.fixture(autouse=True)
def no_hanging():
    def late(*_) -> None:
        raise AssertionError(f"reading takes more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("kind", READERS)
def test_good_file_is_read(kind) -> None:
    reader = READERS[kind]
    if kind == "result as text":  # it has only the spikes, which its reader says
        with pytest.raises(NeuroCoreXError, match="only the spikes"):
            reader.read(reader.good())
    else:
        assert reader.read(reader.good()) is not None


@pytest.mark.parametrize("kind", READERS)
def test_mutated_files_are_read_or_refused_by_an_error_of_ours(kind) -> None:
    reader = READERS[kind]
    good = reader.good()
    words = []
    tracemalloc.start()
    try:
        for seed in range(COUNT):
            data = mutated(good, random.Random(f"{kind} {seed}"))
            tracemalloc.reset_peak()
            signal.alarm(SECONDS)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error")
                    reader.read(data)
            except NeuroCoreXError as error:
                words.append(str(error))
            except Exception as error:
                raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
            assert tracemalloc.get_traced_memory()[1] < LARGER.get(kind, MEMORY), f"seed {seed}"
    finally:
        tracemalloc.stop()
    assert len(words) > COUNT // 20
    assert not [each for each in words if not each.isprintable() or len(each) > 1000]
