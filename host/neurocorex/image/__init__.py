"""Image: the integers that a chip holds, as arrays and as a file; a network ready to load, or a snapshot of a run."""

from .content import MATRICES as MATRICES
from .content import blank as blank
from .content import program_regions as program_regions
from .content import region_shape as region_shape
from .content import state_regions as state_regions
from .image import Image as Image
