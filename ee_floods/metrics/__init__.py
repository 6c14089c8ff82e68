"""Scores in NumPy: confusion counts, intervals, calibration."""
