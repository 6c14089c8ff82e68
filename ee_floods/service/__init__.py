"""Talking to Earth Engine and Cloud Storage: faults, retry, tasks, pixels, files, assets."""
