"""SPRAM of the UP5K: the planner counts as many as Yosys maps a memory to."""

import re

import pytest
from neurocorex.fpga.parts import UP5K, Family
from neurocorex.fpga.placement import Style, large_blocks, place, total_large
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.memories import Memory
from neurocorex_hdl.synthesis.tools import run
from neurocorex_hdl.synthesis.yosys import synthesis

#: Words, fields of a word that are written apart, and the SPRAMs of Yosys 0.70, which shares an SPRAM among narrow
#: words.
MAPPED = [
    (16384, (5,), 1),
    (32768, (5,), 1),
    (32768, (4, 1), 1),
    (32768, (8,), 1),
    (32769, (8,), 2),
    (32768, (9,), 2),
    (32768, (8, 1), 2),
    (40000, (5,), 2),
    (49152, (4,), 1),
    (65536, (4,), 1),
    (65536, (4, 1), 2),
    (16384, (16, 1), 2),
    (16384, (24,), 2),
    (8192, (20,), 2),
    (20000, (3,), 1),
]


@pytest.mark.parametrize(("words", "fields", "spram"), MAPPED)
def test_planner_counts_what_was_mapped(words, fields, spram) -> None:
    assert large_blocks(Memory("any", "memory", words, fields, ports=1)) == spram


@pytest.mark.slow
@pytest.mark.parametrize(("words", "fields", "spram"), [MAPPED[1], MAPPED[5], MAPPED[10]])
def test_yosys_maps_what_the_planner_counts(words, fields, spram, tmp_path) -> None:
    bits, starts = sum(fields), [sum(fields[:place]) for place in range(len(fields))]
    writes = "\n".join(
        f"if (we[{place}]) memory[address][{start}+:{size}] <= data[{start}+:{size}];"
        for place, (start, size) in enumerate(zip(starts, fields, strict=True))
    )
    (tmp_path / "top.v").write_text(
        f"module top(input clk, input [{(words - 1).bit_length() - 1}:0] address, input [{bits - 1}:0] data,\n"
        f"    input [{len(fields) - 1}:0] we, input read, output reg [{bits - 1}:0] found);\n"
        f'(* ram_style = "huge" *) reg [{bits - 1}:0] memory [0:{words - 1}];\n'
        f"always @(posedge clk) begin\nif (read && !we) found <= memory[address];\n{writes}\nend\nendmodule\n"
    )
    script = f"read_verilog top.v; {synthesis(Family.ICE40, 'top', single_port_ram=True)}; tee -q -o stat.txt stat"
    run("yosys", ["-q", "-p", script], tmp_path, log="yosys.log")
    (counted,) = re.findall(r"(\d+)\s+SB_SPRAM256KA|SB_SPRAM256KA\s+(\d+)", (tmp_path / "stat.txt").read_text())
    assert int("".join(counted)) == spram


def test_two_narrow_weights_share_a_word_on_the_icebreaker() -> None:
    config = CoreConfig(neurons=128, inputs=128, lanes=1, weight_bits=4, weight_ports=1, learning=Learning.EXPONENTIAL)
    (banks,) = (each for each in place(config, UP5K) if each.style is Style.HUGE)
    assert (banks.memory.words, banks.memory.bits) == (32768, 5)
    assert total_large([banks]) == 1
