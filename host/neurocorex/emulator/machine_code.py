"""Machine code of the kernel: found in the package or in a cache, else compiled once, and linked into the process.

`pip` compiles the kernel when it builds the package (`tools/build_kernels.py`), so that no process has to. A file is
named for the processor, the kind of chip and a digest of the source: code of another source is never taken. To load one
takes milliseconds and llvmlite; numba is needed only to compile.
"""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ..errors import FileFormatError
from ..files import cache, write_atomic
from ..spec import CoreConfig
from ..spec.rows import has_rule_rows
from .kernel import constants

#: Code that came with the package.
SHIPPED = Path(__file__).parent / "objects"
#: Features beyond its baseline that a processor of the level x86-64-v3 has.
_V3 = ("avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
#: Program that compiles, with the folder of the package before its arguments.
_BUILD = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('neurocorex.emulator.kernel.build', run_name='__main__')"
)
#: What holds the code in memory, until the process ends.
_linked_for_good: list[object] = []

_log = logging.getLogger(__name__)


class Kind(NamedTuple):
    """Kind of chip: each has code of its own.

    Attributes
    ----------
    wide : bool
        Weights of more than eight bits.
    learns : bool
        With a learning engine.
    errors : bool
        With errors, or with groups.
    rules : bool
        With several rules, or with terms. Such code knows errors, too.
    """

    wide: bool
    learns: bool
    errors: bool
    rules: bool

    @classmethod
    def of(cls, config: CoreConfig) -> Kind:
        """Return the kind of a chip."""
        rules = has_rule_rows(config)
        errors = config.errors or config.groups > 0 or rules
        return cls(config.weight_bits > 8, bool(config.learning), errors, rules)

    @property
    def choices(self) -> tuple[bool, ...]:
        """What is chosen when it is compiled."""
        return tuple(self)

    @property
    def name(self) -> str:
        """Part of a file's name."""
        return f"{'w16' if self.wide else 'w8'}-{_ENGINES[self[1:]]}"


#: Names of what there is code for: each engine that learns knows what those before it do.
_ENGINES = {
    (False, False, False): "static", (False, True, False): "groups", (True, False, False): "learning",
    (True, True, False): "errors", (True, True, True): "rules",
}  # fmt: skip


class Draws(NamedTuple):
    """Kind of the code that draws input spikes: there is one, for chips of all kinds."""

    name: str = "draws"

    @property
    def choices(self) -> tuple[bool, ...]:
        """See `Kind`."""
        return ()


DRAWS = Draws()
KINDS: tuple[Kind | Draws, ...] = *(Kind(wide, *engine) for wide, engine in product((False, True), _ENGINES)), DRAWS
#: The kernel as a function of C: it is given the address of a block, see `kernel.block` and `kernel.draws`.
Code = Callable[[int], None]


@lru_cache
def load(kind: Kind | Draws) -> Code | None:
    """Return the kernel for a kind of chip, or None if it cannot be had; it is looked for once in a process."""
    try:
        return _found(kind) or _linked(_compiled_and_kept(kind))
    except (OSError, RuntimeError, ImportError, subprocess.SubprocessError) as error:
        _log.warning(
            "the emulator runs as plain Python, some thousand times slower, since its kernel cannot be compiled: %s. "
            "To install the compiler anew: pip install --force-reinstall numba llvmlite", error,
        )  # fmt: skip
        return None


def _found(kind: Kind | Draws) -> Code | None:
    """Return what was compiled before."""
    for read in (_shipped, _kept):
        try:
            code = read(kind)
            if code is not None:
                return _linked(code)
        except RuntimeError as error:
            _log.warning("the kernel that was compiled before is damaged (%s), it is compiled anew", error)
    return None


def _shipped(kind: Kind | Draws) -> bytes | None:
    try:
        return (SHIPPED / file_name(kind)).read_bytes()
    except OSError:
        return None


def _kept(kind: Kind | Draws) -> bytes | None:
    try:
        return cache.content(cache_folder() / file_name(kind), _made_from(kind))
    except (OSError, FileFormatError):  # there is no cache, which is said when something cannot be kept
        return None


# Files -----------------------------------------------------------------------------------------------


def file_name(kind: Kind | Draws) -> str:
    """Name of the object file for a kind of chip, this source and this processor."""
    return f"{processor()}-{kind.name}-{digest():08x}.o"


def cache_folder() -> Path:
    """Folder for code that did not come with the package; raises FileFormatError if there can be none."""
    chosen = cache.absolute("NUMBA_CACHE_DIR")
    return cache.cache_folder(variable="NUMBA_CACHE_DIR") if chosen else cache.cache_folder("kernel")


@lru_cache
def digest() -> int:
    """Return a checksum of the source of the kernel, and of the numbers of the contract that it is compiled with."""
    numbers, source = _source()
    return crc32(numbers, crc32(source))


def _source() -> tuple[bytes, bytes]:
    """Numbers of the contract that the kernel is compiled with, and its source."""
    files = sorted(Path(constants.__file__).parent.glob("*.py"))
    numbers = {name: value for name, value in vars(constants).items() if name.isupper()}
    return repr(numbers).encode(), b"".join(path.read_bytes() for path in files)


def _made_from(kind: Kind | Draws) -> str:
    return cache.origin(file_name(kind), *_source())


@lru_cache
def processor() -> str:
    """Operating system and level of processor that code is for; every processor of the level can run it."""
    machine = platform.machine().lower().replace("amd64", "x86_64")
    if machine == "x86_64":
        import llvmlite.binding as llvm

        features = llvm.get_host_cpu_features()
        machine = "x86-64-v3" if all(features.get(name) for name in _V3) else "x86-64"
    return f"{sys.platform}-{machine}"


def compile_kernel(kind: Kind | Draws) -> bytes:
    """Compile for a kind of chip, in a process of its own; return an object file.

    Raises
    ------
    OSError, subprocess.SubprocessError
        If the compiler cannot be started, or fails; with the last line that it said.
    """
    level = processor().partition("-")[2]
    settings = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    # The level, not this very processor: a file may be shared by machines, by a home folder or an image.
    settings |= {"NUMBA_CPU_NAME": level if level.startswith("x86") else "generic", "NUMBA_CPU_FEATURES": ""}
    # Not by PYTHONPATH: where pip builds an editable install anew, it takes the paths of the old one away.
    command = [
        sys.executable,
        "-P",
        "-c",
        _BUILD,
        str(Path(__file__).parents[2]),
        *(str(int(choice)) for choice in kind.choices),
    ]
    done = subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise subprocess.SubprocessError(lines[-1] if lines else f"exit code {done.returncode}")
    return done.stdout


def _compiled_and_kept(kind: Kind | Draws) -> bytes:
    """Compile, and write the cache if that is possible."""
    _log.info("compiling the emulator for chips of kind %s, once on this machine: some ten seconds", kind.name)
    code = compile_kernel(kind)
    try:
        entry = cache_folder() / file_name(kind)
        cache.obtained(entry, _made_from(kind), lambda path: write_atomic(path, code), fresh=True)
    except FileFormatError as error:
        _log.warning(
            "the compiled emulator cannot be kept, so every process compiles it anew for some ten seconds: %s; "
            "or set NUMBA_CACHE_DIR", error,
        )  # fmt: skip
    return code


def _linked(code: bytes) -> Code:
    """Link an object file into this process."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple().create_target_machine(reloc="pic", jit=True)
    linker = llvm.create_lljit_compiler(target)
    library = llvm.JITLibraryBuilder().add_object_img(code).add_current_process().export_symbol(constants.SYMBOL)
    linked = library.link(linker, "kernel")
    _linked_for_good.append((linker, linked))
    return ctypes.CFUNCTYPE(None, ctypes.c_void_p)(linked[constants.SYMBOL])
