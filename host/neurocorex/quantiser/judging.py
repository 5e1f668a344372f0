"""Groups of a network on a chip: of which one neuron fires, and registers of praise, blame and conscience."""

from __future__ import annotations

import numpy as np

from ..image import Image
from ..network.data import NetworkData
from ..spec import Control, CoreConfig, Region
from .imagerows import signed_value
from .rounded import Rounded

#: Registers of what errors get, and what a network calls it.
ON_ERRORS = ((Control.PRAISE, "praise"), (Control.BLAME, "blame"))
REMEDY = "take praise and blame of about one size"


def judge_registers(net: NetworkData, config: CoreConfig, scale: float) -> tuple[dict[Control, int], list[Rounded]]:
    """Return the registers of praise and blame at the scale of errors, and these numbers as the chip holds them."""
    registers, rounded = dict[Control, int](), list[Rounded]()
    for register, name in ON_ERRORS:
        wanted, bits = float(getattr(net, name)), register.bits(config)
        whole = min(max(round(wanted * scale), -(1 << bits >> 1)), (1 << bits >> 1) - 1)
        registers[register] = whole & ((1 << bits) - 1)
        rounded.append(Rounded(name, wanted, whole / scale, clipped=whole != round(wanted * scale)))
    return registers, rounded


def judge_warnings(net: NetworkData, *, by_errors: bool) -> list[str]:
    """Warn of judgements that do nothing."""
    if not (net.praise or net.blame or net.conscience):
        return []
    if not net.groups:
        return ["Network.judge was called, but no neuron is in a group: neurons.set(group=...)"]
    if not by_errors and (net.praise or net.blame):
        return ["neurons are judged, but no rule learns from it: call Network.learn(learning.errors(...))"]
    return []


def lone_warnings(net: NetworkData) -> list[str]:
    """Warn of groups in which no neuron has another one to exclude."""
    lone = [group for group in net.exclusive if np.count_nonzero(net.parameters["group"] == group) < 2]
    return [
        f"one_fires names group {group}, which has fewer than two neurons: neurons.set(group=...) tells theirs"
        for group in lone
    ]


def exclusion_told(image: Image) -> list[str]:
    """Say of which groups at most one neuron fires in a step."""
    register = int(image.regions[Region.CONTROL][Control.ONE_FIRES]) if image.config.groups else 0
    groups = [group for group in range(1, image.config.groups + 1) if register >> group & 1]
    named = [f"group {group} ({np.count_nonzero(image.regions[Region.GROUP] == group)} neurons)" for group in groups]
    named += ["the neurons of no group"] * (register & 1)
    return [f"one fires: in a step at most one neuron each of {', '.join(named)}"] if named else []


def judge_line(image: Image, error_scale: float) -> str | None:
    """Return what a judgement does as a line of the report; None where no neuron is in a group."""
    if not image.config.groups or not image.regions[Region.GROUP].any():
        return None
    group = image.regions[Region.GROUP]
    praise, blame = (signed_value(image, register) / error_scale for register, _ in ON_ERRORS)
    conscience = signed_value(image, Control.CONSCIENCE) / image.scale
    numbers = f"praise {praise:.4g}, blame {blame:.4g}, conscience {conscience:.4g}"
    return f"judge: {numbers}; {np.count_nonzero(group)} neurons in {len(np.unique(group[group > 0]))} groups"
