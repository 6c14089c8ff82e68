"""The HTTP server: Earth Engine's REST interface, answered from worker processes."""
