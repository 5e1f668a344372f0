"""The integers that a chip holds, as arrays and as a file: a network that is ready to load, or a snapshot of a run."""

from .image import MATRICES as MATRICES
from .image import Image as Image
from .image import program_regions as program_regions
from .image import region_shape as region_shape
from .image import state_regions as state_regions
