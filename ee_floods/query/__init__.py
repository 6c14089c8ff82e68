"""Server-side graphs without pixels: scenes, pairs, water, terrain, labels, the stack."""
