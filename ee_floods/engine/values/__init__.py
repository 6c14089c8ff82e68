"""The values that flow along the edges of an expression graph."""
