"""Build of the kernel: its Python source to an object file, by numba and llvmlite, in a process of its own.

    python -m neurocorex.emulator.kernel.build [WIDE LEARNS ERRORS RULES] > FILE

All four are 0 or 1, see `neurocorex.emulator.machine_code.Kind`; without them it is `draws`. The code is for the
processor that `NUMBA_CPU_NAME` names. It needs neither Python nor numba: it allocates nothing and raises nothing.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-untyped-decorators
# mypy: disable-error-code="attr-defined, call-arg, arg-type"

from __future__ import annotations

import inspect
import os
import sys
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import carray, cfunc, from_dtype, types
from numba.extending import intrinsic, overload, register_jitable

from . import (
    arithmetic,
    changes,
    draws,
    drift,
    learning,
    lessons,
    neurons,
    noise,
    registers,
    rest,
    rewards,
    rulecolumns,
    rulerows,
    scaling,
    spikes,
    steps,
    synapses,
    tallies,
    traces,
    winners,
)  # fmt: skip
from .arguments import Core, Feedback, Learner, Output, RuleRows, Scratch, Sizes, Stimulus
from .block import BLOCK
from .constants import CHOSEN, NEURON_ROWS, ROWS, SYMBOL

MODULES = (
    arithmetic, changes, draws, drift, learning, lessons, neurons, noise, registers, rest, rewards, rulecolumns,
    rulerows,
    scaling, spikes, steps, synapses, tallies, traces, winners,
)  # fmt: skip
#: NumPy's errors, not Python's, and all in one function: what could raise an exception would need Python.
OPTIONS: dict[str, Any] = {"error_model": "numpy", "forceinline": True}
#: Those that nothing else calls need no functions of C around them.
INNER = OPTIONS | {"no_cfunc_wrapper": True}
#: Functions of the C library that LLVM puts in the place of loops.
LIBRARY = {"memcpy", "memmove", "memset"}


@intrinsic
def _trailing_zeros(_context, _bits):
    def generate(_context, builder, _signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@intrinsic
def _pointer(_context, _address):
    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.voidptr(types.int64), generate


@register_jitable(**INNER)
def _array(where, kind):
    return carray(_pointer(where.address), where.items, kind)


@register_jitable(**INNER)
def _table(where, rows, kind):
    return carray(_pointer(where.address), (rows, where.items // rows), kind)


def register() -> None:
    """Have numba compile the functions of the kernel where compiled code calls them."""
    for module in MODULES:
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                register_jitable(**INNER)(function)
    overload(arithmetic.lowest_bit, jit_options=INNER)(lambda bits: lambda bits: _trailing_zeros(bits))


def entry(*, wide: bool, learns: bool, errors: bool, rules: bool) -> Any:
    """Return the kernel as a function of C that is given the address of a block, see `block`."""
    i1, i4, i8, f8, weight = np.uint8, np.int32, np.int64, np.float64, np.int16 if wide else np.int8
    move = np.int32 if wide else np.int16

    def run(block):
        given = carray(block, 1)[0]
        s, c, m, f, w, x, t, o = (
            given.sizes, given.core, given.learner, given.feedback, given.rulerows, given.scratch, given.stimulus,
            given.output,
        )  # fmt: skip
        sizes = Sizes(
            s.inputs, s.neurons, s.weight_bits, s.state_bits, s.max_delay, s.adapts != 0, s.soft_bounds != 0,
            s.trace_bits, s.window_steps, s.rule_bits, s.contexts, s.tally_bits, s.noise != 0, s.steps, s.budget,
            s.settles != 0,
        )  # fmt: skip
        core = Core(
            _table(c.neurons, NEURON_ROWS, i4), _array(c.history, i8), _array(c.control, i8),
            _array(c.control_bits, i8), _array(c.weights, weight), _array(c.keep_membrane, f8),
            _array(c.keep_current, f8), _table(c.context_bias, s.contexts, i4), _table(c.context_gain, s.contexts, i4),
            _array(c.axon_start, i8), _array(c.axon, i8), _array(c.axon_delay, i8), _array(c.now, i8),
            _array(c.most, i8), _array(c.most_count, i8), _array(c.noisy, i8), _array(c.noise_word, np.uint32),
            _array(c.noise, f8),
        )  # fmt: skip
        learner = None
        if learns:
            learner = Learner(
                _array(m.plastic, i1), _array(m.kinds, i1), _array(m.numbers, i8), _array(m.axon_codes, i4),
                _array(m.neuron_codes, i4), _array(m.pre, i4), _array(m.post, i4), _array(m.pre_table, i8),
                _array(m.post_table, i8), _array(m.eligibility, weight),
            )  # fmt: skip
        feedback = None
        if errors:
            feedback = Feedback(
                _array(f.axons, i1), _array(f.brought, i4), _array(f.factors, i8), _array(f.first, i8),
                _array(f.best, i8),
            )  # fmt: skip
        rule_rows = None
        if rules:
            rule_rows = RuleRows(
                _table(w.chosen, 2 * CHOSEN, i4), _table(w.called, ROWS, i4), _table(w.spiked, 2, i8),
                _table(w.erred, 2, i8), _table(w.factors, 2, i8), _array(w.spikes, i8), _array(w.errors, i8),
            )  # fmt: skip
        scratch = Scratch(
            _array(x.ones, f8), _array(x.rules, i8), _array(x.g, i4), _array(x.noise, i4), _array(x.added, i4),
            _array(x.limit, i4), _array(x.excess, i4), _array(x.bias, i4), _array(x.held, i4), _array(x.marks, i1),
            _array(x.words, i8), _array(x.fired, i8), _array(x.rows, i8),
            _table(x.due, s.max_delay, i8), _table(x.before, 4, i4), _array(x.learns, i1), _array(x.randoms, i8),
            _array(x.pre_change, i4), _array(x.post_change, i4), _array(x.pre_before, i4), _array(x.post_before, i4),
            _array(x.pre_table, i8), _array(x.post_table, i8), _array(x.total, i8), _array(x.seen, i8),
            _array(x.moves, move), _array(x.uncounted, i8),
        )  # fmt: skip
        stimulus = Stimulus(
            _array(t.event_step, i8), _array(t.event_index, i8), _array(t.graded_step, i8),
            _array(t.graded_index, i8), _array(t.graded_value, i8), _array(t.graded_forced, i8),
            _array(t.change_step, i8), _array(t.change_register, i8), _array(t.change_value, i8),
        )  # fmt: skip
        output = Output(
            _array(o.fired_step, i8), _array(o.fired_neuron, i8), _array(o.watched, i8),
            _table(o.membranes, s.steps, i8), _array(o.counts, i8), _array(o.position, i8),
        )  # fmt: skip
        steps.run_steps(sizes, core, learner, feedback, rule_rows, scratch, stimulus, output)

    return cfunc(types.void(types.CPointer(from_dtype(BLOCK))), **OPTIONS)(run)


def drawing() -> Any:
    """Return `draws.draw` as a function of C that is given the address of its block, of 64-bit integers."""
    i1, u4, i8 = np.uint8, np.uint32, np.int64

    def run(address):
        block = carray(address, draws.BLOCK_WORDS)
        axons, words, room = block[draws.AXONS], block[draws.WORDS], block[draws.ROOM]
        draws.draw(
            block, carray(_pointer(block[draws.NUMBERS]), axons, u4), carray(_pointer(block[draws.LIMITS]), axons, u4),
            carray(_pointer(block[draws.MARKS]), axons, i1), carray(_pointer(block[draws.MARKS_AS_WORDS]), words, i8),
            carray(_pointer(block[draws.STEP]), room, i8), carray(_pointer(block[draws.AXON]), room, i8),
        )  # fmt: skip

    return cfunc(types.void(types.CPointer(types.int64)), **OPTIONS)(run)


def object_code(kernel: Any) -> bytes:
    """Return an object file that holds a kernel as `SYMBOL` and what it calls, and needs no more than `LIBRARY`."""
    module = llvm.parse_assembly(kernel.inspect_llvm().replace(kernel.native_name, SYMBOL))
    # Numba's copies of the kernel for callers in Python go; they would need its runtime.
    for value in (*module.functions, *module.global_variables):
        if not value.is_declaration and value.name != SYMBOL:
            value.linkage = "internal"
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=os.environ.get("NUMBA_CPU_NAME", "generic"), opt=3, reloc="pic", codemodel="default"
    )
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    needed = {function.name for function in module.functions if function.is_declaration}
    foreign = sorted(name for name in needed - LIBRARY if not name.startswith("llvm."))
    if foreign:
        raise SystemExit(f"the kernel calls {', '.join(foreign)}, which is not there without numba")
    return bytes(machine.emit_object(module))


if __name__ == "__main__":
    register()
    chosen = [argument == "1" for argument in sys.argv[1:]]
    made = entry(**dict(zip(("wide", "learns", "errors", "rules"), chosen, strict=True))) if chosen else drawing()
    sys.stdout.buffer.write(object_code(made))
