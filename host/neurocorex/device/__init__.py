"""A chip as the user sees it: load, run, record, change, read back."""
