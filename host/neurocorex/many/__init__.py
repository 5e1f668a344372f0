"""Many at once: sweeps over grids and seeds, and pools of devices, in processes of this computer or on a cluster."""
