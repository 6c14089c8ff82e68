"""Products as Earth Engine assets."""
