"""Limits of the fields of `CoreConfig`: the sizes for which chips can be built."""

from __future__ import annotations

from .blocks import USE_BLOCK

#: Allowed values of each field; a pair is an inclusive range, a set a list of choices.
LIMITS: dict[str, tuple[int, int] | frozenset[int]] = {
    "neurons": (1, 4096),
    "inputs": (1, 4096),
    "lanes": frozenset({1, 2, 4, 8, 16, USE_BLOCK}),
    "weight_bits": frozenset({4, 8, 16}),
    "weight_ports": frozenset({1, 2}),
    "state_bits": (16, 24),
    "refractory_bits": (1, 16),
    "max_delay": (1, 32),
    "adaptation": (0, 1),
    "learning": (0, 2),
    "trace_bits": (4, 16),
    "window_steps": (1, 20),
    "soft_bounds": (0, 1),
    "extra_axons": (0, 4096),
    "frame_bytes": frozenset({64, 128, 256, 512, 1024, 2048, 4096}),
    "rx_frames": frozenset({2, 4, 8, 16}),
    "tx_frames": frozenset({2, 4, 8, 16}),
    "errors": (0, 1),
    "groups": (0, 16),
}
