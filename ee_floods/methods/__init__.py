"""One file per method: its Earth Engine graph beside its NumPy twin."""
