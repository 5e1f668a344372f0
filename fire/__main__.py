"""Runner of all campaigns: ``python -m fire``; prints a table, and exits with 1 if anything failed."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))  # what tests share is shared with them

from .runner import main

sys.exit(main())
