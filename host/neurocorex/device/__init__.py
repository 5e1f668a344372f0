"""Device: one chip as a user sees it; load a network, run it, record, change, read back."""
