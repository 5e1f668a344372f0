"""Options for the geometry of a chip, one for each field of `CoreConfig`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import common

if TYPE_CHECKING:
    from ..spec import CoreConfig


def geometry_options(command: Any) -> Any:
    """Add one option for every field of `CoreConfig`."""
    from ..spec.config import LIMITS

    for name, allowed in reversed(LIMITS.items()):
        span = f"{allowed[0]} to {allowed[1]}" if isinstance(allowed, tuple) else ", ".join(map(str, sorted(allowed)))
        command = click.option(f"--{name.replace('_', '-')}", name, type=int, help=f"{span}.")(command)
    return command


def configured(path: Path | None, fields: dict[str, int | None], base: CoreConfig | None = None) -> CoreConfig:
    """Geometry from a file, or `base`, or the default, with single fields replaced."""
    from ..errors import InputError
    from ..spec import CoreConfig

    start = common.read_config(path) or base or CoreConfig()
    try:
        return CoreConfig.from_dict({**start.to_dict(), **{k: v for k, v in fields.items() if v is not None}})
    except ValueError as error:
        raise InputError(str(error)) from error
