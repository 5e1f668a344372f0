"""Pictures of spikes, membranes, weights and classifiers; matplotlib is loaded when the first one is drawn."""

from .classifier import confusion as confusion
from .classifier import learning_curve as learning_curve
from .pictures import membranes as membranes
from .pictures import raster as raster
from .pictures import weights as weights
from .plasticity import learning_window as learning_window
from .plasticity import learning_windows as learning_windows
from .plasticity import weight_change as weight_change
from .plasticity import weight_histogram as weight_histogram
from .plasticity import weights_over_time as weights_over_time
from .receptive import fields as fields
