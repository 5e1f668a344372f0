"""Demonstrations: complete jobs from data to accuracy, on any device."""
