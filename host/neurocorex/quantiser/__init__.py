"""From floats to the integers of one `CoreConfig`, with a report of what was rounded, clipped or does not fit."""
