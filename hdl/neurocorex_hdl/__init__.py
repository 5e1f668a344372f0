"""NeuroCoreX in gates: Amaranth components, from saturating arithmetic to the whole chip."""
