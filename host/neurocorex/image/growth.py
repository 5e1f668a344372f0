"""Growth of image files: a row that a file lacks takes its default, a row that is unknown here is refused by name.

A file names its regions, its control registers and the fields of its geometry. So it can be read by a version that has
more of them, and a version that has fewer knows what it would lose. In files from before traces had a law for each kind
of axon, that of inputs is that of all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec import Control, CoreConfig, Region, controls
from ..spec.registers import OTHERS
from .content import blank, file_dtype, program_regions, region_shape, state_regions
from .conversion import converted, had_drift
from .file import ImageFile

#: Last register of files that do not name their registers.
LAST_UNNAMED = Control.RANDOM


def file_name(region: Region) -> str:
    """Name of the array of a region in a file."""
    return region.name.lower()


def geometry(file: ImageFile) -> CoreConfig:
    """Geometry that a file is made for; fields that it lacks are as by default.

    Raises
    ------
    FileFormatError
        For a field that is unknown here, by name, and for a geometry that cannot be.
    """
    values = file.header.get("config")
    if not isinstance(values, dict):
        raise file.error("bad header (no geometry); save the image again")
    _refuse(file, set(values) - {field.name for field in fields(CoreConfig)}, "geometry")
    try:
        return CoreConfig.from_dict(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise file.error(f"bad header ({error}); save the image again") from None


def contents(file: ImageFile, config: CoreConfig) -> dict[Region, NDArray[Any]]:
    """Regions of a file, complete: those of a snapshot if it has a membrane.

    Raises
    ------
    FileFormatError
        For a region or register that is unknown here or on such a chip, by name; for one that is missing and has no
        default; for an array of another shape or dtype; for a drift that today's chips cannot hold.
    """
    wanted = [*program_regions(config), *(state_regions(config) if file_name(Region.MEMBRANE) in file.names else ())]
    known = {file_name(region): region for region in Region}
    _refuse(file, {name for name in file.names if name not in known}, "array(s)")
    _check_whole(file)
    present = {known[name] for name in file.names}
    if strange := sorted(present - set(wanted)):
        raise file.error(f"holds {_listed(strange)}, which its geometry or other arrays rule out; save it again")
    _require(file, [region for region in wanted if region not in present and region.row.default is None])
    registers = _registers(file, config)
    formats = {
        file_name(region): (region_shape(region, config), file_dtype(region, config)) for region in sorted(present)
    }
    if Region.CONTROL in present:
        formats[file_name(Region.CONTROL)] = (len(registers),), np.dtype("<u4")
    arrays = file.arrays(formats)
    regions = {region: arrays[file_name(region)] if region in present else blank(region, config) for region in wanted}
    control = blank(Region.CONTROL, config)
    control[registers] = regions[Region.CONTROL]
    for own, others in OTHERS.items():
        if others.bits(config) and others not in registers:
            control[others] = control[own]
    return converted(file, {**regions, Region.CONTROL: control}, config)


def _check_whole(file: ImageFile) -> None:
    """Refuse a file that has lost an array: none that its header names may be missing, lest it took its default."""
    names = _names(file, "regions")
    if names is not None and sorted(names) != sorted(file.names):
        wrong = ", ".join(sorted(set(names) ^ set(file.names)))
        raise file.error(f"array(s) {wrong} lost, or not named in the header; the file is damaged")


def _names(file: ImageFile, field: str) -> list[str] | None:
    """List of names in the header; None in files from before it was there."""
    names = file.header.get(field)
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise file.error(f"bad header ({field} are no list of names); save the image again")
    return names


def _registers(file: ImageFile, config: CoreConfig) -> list[Control]:
    """Control registers that a file has, in its order."""
    names = _names(file, "registers")
    if names is None:
        return [each for each in Control if each <= LAST_UNNAMED and (each.bits(config) or had_drift(each, config))]
    _refuse(file, set(names) - set(Control.__members__), "register(s)")
    registers = [Control[name] for name in names]
    strange = sorted(set(registers) - set(controls(config)))
    if strange or len(set(registers)) != len(registers):
        what = f"{_listed(strange)}, which a chip of its geometry lacks" if strange else "one register twice"
        raise file.error(f"its header names {what}; save the image again")
    _require(
        file,
        [
            each
            for each in controls(config)
            if each not in (*registers, *OTHERS.values()) and each.bits(config) and each.row.default is None
        ],
    )
    return registers


def _refuse(file: ImageFile, unknown: Collection[str], what: str) -> None:
    if unknown:
        names = ", ".join(name.upper() for name in sorted(unknown))
        given = ", ".join(sorted(unknown))
        raise file.error(f"holds {names}, which this version does not know ({what} {given}); update neurocorex")


def _require(file: ImageFile, missing: Collection[Region] | Collection[Control]) -> None:
    if missing:
        names = ", ".join(row.name.lower() for row in missing)
        raise file.error(f"lacks {_listed(missing)} ({names}); the file is damaged, or of another format")


def _listed(rows: Collection[Region] | Collection[Control]) -> str:
    return ", ".join(row.name for row in rows)


def names_of(regions: Iterable[Region], config: CoreConfig) -> dict[str, Any]:
    """Part of a header that names what the file has: geometry, regions and control registers."""
    return {
        "config": config.to_dict(),
        "regions": [file_name(region) for region in regions],
        "registers": [register.name for register in controls(config)],
    }
