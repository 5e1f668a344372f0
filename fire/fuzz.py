"""Target of the coverage-guided campaign: ``python -m fire.fuzz NAME ...`` runs libFuzzer on one reader.

Further words are those of libFuzzer: a folder of inputs to begin with, ``-runs=N``, or a file to read again. With
``--hex`` and the bytes of a finding it is read again without libFuzzer.
"""

from __future__ import annotations

import io
import random
import sys
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

#: Marks the line that has a finding.
FINDING = "fire-finding: "
#: Compiled from its source by numba, which must find it as it was written.
UNTOUCHED = ["neurocorex.emulator.kernel", "neurocorex.emulator.machine_code"]


def main(words: list[str]) -> None:
    """Read inputs until there were enough; ends the process."""
    name, *rest = words
    if rest[:1] == ["--hex"]:
        _take(name)(bytes.fromhex(rest[1]))
        return
    import atheris

    with atheris.instrument_imports(include=["neurocorex"], exclude=UNTOUCHED):
        take = _take(name)
        for data in seeds(name):  # imports what is imported when it is first needed
            take(data)

    def one(data: bytes) -> None:
        try:
            take(data)
        except BaseException:
            print(f"{FINDING}{data.hex()}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            raise

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        return _mutated(data, limit, random.Random(seed), atheris.Mutate)

    atheris.Setup([name, *rest], one, custom_mutator=mutate)
    atheris.Fuzz()


def seeds(name: str) -> list[bytes]:
    """Return good inputs of a target."""
    from .readers import READERS, good
    from .talks import TALKS

    return good(name) if name in READERS else TALKS[name].seeds()


def _take(name: str) -> Callable[[bytes], object]:
    """Return what takes one input; it raises nothing but what is a finding."""
    from .readers import refused
    from .talks import TALKS

    return TALKS[name].take if name in TALKS else lambda data: refused(name, data)


def _mutated(data: bytes, limit: int, source: random.Random, mutate: Callable[[bytes, int], bytes]) -> bytes:
    """Mutate an input: its bytes, or what is packed inside, so that a checksum does not end every second try."""
    if data[:2] == b"PK" and source.random() < 0.7:
        try:
            return _in_archive(data, source, mutate)[:limit]
        except Exception:
            return mutate(data, limit)  # it is none any more, in one of the many ways of zipfile
    return mutate(data, limit)


def _in_archive(data: bytes, source: random.Random, mutate: Callable[[bytes, int], bytes]) -> bytes:
    """Mutate one entry of a zip archive, or double it, take it away or rename it."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        entries = [(entry.filename, old.read(entry)) for entry in old.infolist() if entry.file_size < 1 << 20]
    at = source.randrange(len(entries))
    name, content = entries[at]
    kind = source.random()
    if kind < 0.85:
        entries[at] = name, mutate(content, len(content) + 64)
    elif kind < 0.9:
        del entries[at]
    elif kind < 0.95:
        entries[at] = mutate(name.encode(), 40).decode(errors="replace") or "x", content
    else:
        entries[at] = entries[source.randrange(len(entries))][0] + ".npy", content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, content in entries:
            new.writestr(zipfile.ZipInfo(name or "x"), content)  # of 1980, so that equal inputs give equal ones
    return out.getvalue()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    main(sys.argv[1:])
