"""Memory placement: the memories that the planner counts are those of the gates."""

import re

import pytest
from amaranth.back import rtlil
from neurocorex.fpga.parts import ECP5_25F, GW2AR_18, HX8K, UP5K, XC7A35T_CPG236
from neurocorex.fpga.placement import Style, place, total_blocks, total_large
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.memories import bank_pieces, memories
from neurocorex_hdl.chip import Chip
from neurocorex_hdl.lib.memory import packed_bits
from neurocorex_hdl.synthesis.placement import place_memories

CONFIGS = {
    "plain": CoreConfig(adaptation=False),
    "exponential": CoreConfig(neurons=100, inputs=70, lanes=8, learning=Learning.EXPONENTIAL),
    "errors": CoreConfig(neurons=70, inputs=50, lanes=4, learning=Learning.EXPONENTIAL, errors=True, extra_axons=9),
    "groups": CoreConfig(neurons=40, inputs=50, lanes=4, learning=Learning.EXPONENTIAL, errors=True, groups=10),
    "rules": CoreConfig(neurons=40, inputs=30, lanes=8, learning=Learning.EXPONENTIAL, rules=2, adaptation=False),
    "rules, terms, errors": CoreConfig(
        neurons=30, inputs=50, lanes=4, learning=Learning.EXPONENTIAL, errors=True, rules=4, terms=True
    ),
    "eligibility": CoreConfig(neurons=70, inputs=50, lanes=4, learning=Learning.EXPONENTIAL, eligibility=True),
    "rules, scaling": CoreConfig(neurons=30, inputs=50, lanes=4, learning=Learning.EXPONENTIAL, rules=2, scaling=True),
    "rules, eligibility": CoreConfig(
        neurons=30, inputs=50, lanes=4, learning=Learning.EXPONENTIAL, rules=4, eligibility=True
    ),
    "contexts": CoreConfig(neurons=70, inputs=50, contexts=4),
    "patterns": CoreConfig(neurons=40, inputs=50, patterns=12, rate_bits=4),
    "a pattern": CoreConfig(neurons=40, inputs=50, lanes=1, patterns=1, extra_axons=3),
    "contexts, one lane": CoreConfig(neurons=5, inputs=9, lanes=1, contexts=16),
    "window, extra": CoreConfig(learning=Learning.WINDOW, extra_axons=40, lanes=4),
    "long window": CoreConfig(neurons=5, inputs=3, lanes=2, learning=Learning.WINDOW, window_steps=13),
    "one port": CoreConfig(neurons=16, inputs=16, lanes=2, weight_ports=1),
    "deep banks": CoreConfig(neurons=80, inputs=50, lanes=1),
    "one lane": CoreConfig(neurons=5, inputs=9, lanes=1, learning=Learning.EXPONENTIAL, rules=4, terms=True),
    "smallest": CoreConfig(neurons=1, inputs=1, lanes=1, learning=Learning.EXPONENTIAL, frame_bytes=64, rx_frames=2),
}
PARTS = (UP5K, HX8K, ECP5_25F, GW2AR_18, XC7A35T_CPG236)


def gates(config: CoreConfig) -> str:
    return rtlil.convert(Chip(config, 12_000_000, 1_000_000), name="neurocorex", emit_src=False)


def found(text: str) -> set[tuple[str, str, int, int]]:
    """Return component, name, words and bits of every memory in RTLIL."""
    memories_found, component = set(), ""
    for line in text.splitlines():
        if module := re.match(r"module \\(\S+)", line):
            component = re.sub(r"\$\d+", "", module[1]).removeprefix("neurocorex.bytes.")
        elif memory := re.match(r"  memory width (\d+) size (\d+) \\(\S+)", line):
            memories_found.add((component, memory[3], int(memory[2]), int(memory[1])))
    return memories_found


def expected(config: CoreConfig) -> set[tuple[str, str, int, int]]:
    return {
        (
            each.component,
            f"{each.name}{number}" if each.name.endswith("_") else each.name,
            each.words,
            sum(map(packed_bits, each.fields)) if each.component.endswith(".memory") else each.bits,
        )
        for each in memories(config)
        for number in range(each.count)
    }


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_memories_are_those_of_the_gates(config: CoreConfig) -> None:
    assert found(gates(config)) == expected(config)


def test_every_memory_in_the_gates_is_told_its_style() -> None:
    config = CONFIGS["window, extra"]
    placed = place(config, ECP5_25F)
    text = place_memories(gates(config), "neurocorex.bytes", placed)
    styles = re.findall(r'attribute \\ram_style "(\w+)"\n  memory', text)
    assert len(styles) == text.count("\n  memory width") == sum(each.memory.count for each in placed)
    assert set(styles) == {Style.BLOCK, Style.LUT}


def test_a_memory_that_nobody_knows_is_refused() -> None:
    with pytest.raises(LookupError, match="does not know the memory 'bytes'"):
        place_memories(gates(CONFIGS["smallest"]), "neurocorex.bytes", [])


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_weights_stay_in_block_ram(part) -> None:
    pieces = {name for name, _ in bank_pieces(CONFIGS["exponential"])}
    banks = [each for each in place(CONFIGS["exponential"], part) if each.memory.name in pieces]
    assert {each.style for each in banks} == {Style.BLOCK}
    assert sum(each.blocks for each in banks) >= 8 / part.family.bram_pieces


def test_memories_move_to_luts_only_where_block_ram_is_short() -> None:
    roomy, tight = (CoreConfig(neurons=neurons, lanes=8, learning=Learning.EXPONENTIAL) for neurons in (96, 256))
    moved = [
        sum(each.style is Style.LUT and each.memory.words > 64 for each in place(config, ECP5_25F))
        for config in (roomy, tight)
    ]
    assert moved[0] == 0 < moved[1]
    assert total_blocks(place(tight, ECP5_25F)) <= ECP5_25F.bram


def test_weights_with_one_port_go_to_the_large_ram_where_there_is_one_and_begin_with_anything() -> None:
    config = CoreConfig(neurons=16, inputs=16, lanes=2, weight_ports=1, learning=Learning.EXPONENTIAL)
    for part, style in ((UP5K, Style.HUGE), (HX8K, Style.BLOCK)):
        placed = place(config, part)
        (banks,) = (each for each in placed if each.memory.name == "bank_")
        assert banks.style is style
        text = place_memories(gates(config), "neurocorex.bytes", placed)
        assert ('MEMID "\\\\bank_0"\n    parameter \\ABITS 0' in text) is (style is Style.BLOCK)
    assert banks.large == 0
    assert total_large(place(config, UP5K)) == 2


def test_ice40_has_no_memory_in_luts() -> None:
    assert {each.style for each in place(CONFIGS["exponential"], UP5K)} == {Style.BLOCK, Style.LOGIC}
