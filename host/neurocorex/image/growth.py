"""Growth of image files: a row that a file lacks takes its default, a row that is unknown here is refused by name.

A file names its regions by its arrays, its control registers and the geometry in its header. So it can be read by a
version that has more of them, and a version that has fewer knows what it would lose.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..spec import Control, CoreConfig, Region, controls
from .content import blank, file_dtype, program_regions, region_shape, state_regions
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
        default; for an array of another shape or dtype.
    """
    wanted = [*program_regions(config), *(state_regions(config) if file_name(Region.MEMBRANE) in file.names else ())]
    known = {file_name(region): region for region in Region}
    _refuse(file, {name for name in file.names if name not in known}, "array(s)")
    present = {known[name] for name in file.names}
    if strange := sorted(present - set(wanted)):
        raise file.error(f"holds {_listed(strange)}: nothing that its geometry has; save the image again")
    _require(file, [region for region in wanted if region not in present and region.row.default is None])
    registers = _registers(file, config)
    formats = {
        file_name(region): (region_shape(region, config), file_dtype(region, config)) for region in sorted(present)
    }
    if Region.CONTROL in present:
        formats[file_name(Region.CONTROL)] = (len(registers),), np.dtype("<u4")
    arrays = file.arrays(formats)
    regions = {region: arrays.get(file_name(region), blank(region, config)) for region in wanted}
    control = blank(Region.CONTROL, config)
    control[registers] = regions[Region.CONTROL]
    return {**regions, Region.CONTROL: control}


def _registers(file: ImageFile, config: CoreConfig) -> list[Control]:
    """Control registers that a file has, in its order."""
    names = file.header.get("registers")
    if names is None:
        return [register for register in controls(config) if register <= LAST_UNNAMED]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise file.error("bad header (registers are no list of names); save the image again")
    _refuse(file, set(names) - set(Control.__members__), "register(s)")
    registers = [Control[name] for name in names]
    strange = sorted(set(registers) - set(controls(config)))
    if strange or len(set(registers)) != len(registers):
        what = f"{_listed(strange)}, which a chip of its geometry lacks" if strange else "one register twice"
        raise file.error(f"its header names {what}; save the image again")
    _require(file, [each for each in controls(config) if each not in registers and each.row.default is None])
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


def header_of(config: CoreConfig, scale: float, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Header of a file: what `geometry` and `contents` read, and the rest as it is."""
    registers = [register.name for register in controls(config)]
    return {"config": config.to_dict(), "registers": registers, "scale": scale, "meta": dict(meta)}
