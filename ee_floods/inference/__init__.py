"""From a scene to a flood product: windows, blending, runtimes, the COG."""
