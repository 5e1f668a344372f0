"""Build hook of the package: machine code of the emulator, compiled when `pip` makes the wheel or the editable install.

Where it cannot be compiled, the package is built without it, and the emulator compiles what it needs at its first use.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class KernelHook(BuildHookInterface[Any]):
    """Puts an object file for each kind of chip beside the emulator, for the processors of this machine."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile what is not there yet; `version` is the kind of wheel."""
        host = Path(self.root) / "host"
        sys.path.insert(0, str(host))
        try:
            from neurocorex.emulator import machine_code
            from neurocorex.files import write_atomic

            names = {machine_code.file_name(kind): kind for kind in machine_code.KINDS}
            folder = machine_code.SHIPPED
            folder.mkdir(exist_ok=True)
            for path in folder.glob("*.o"):
                if path.name not in names:
                    path.unlink()
            missing = {name: kind for name, kind in names.items() if not (folder / name).exists()}
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                for name, code in zip(missing, pool.map(machine_code.compile_kernel, missing.values()), strict=True):
                    write_atomic(folder / name, code)
        except Exception as error:  # a package without it is slower at first, and works
            self.app.display_warning(f"the emulator is not compiled now, but at its first use: {error}")
            return
        finally:
            sys.path.remove(str(host))
        build_data["artifacts"] += [f"/{path.relative_to(self.root)}" for path in folder.glob("*.o")]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
