"""The local Earth Engine: a server that answers Earth Engine's own clients on this machine.

It imports nothing of this package but `errors`, `grid` and `contracts`, and only the command line starts it.
"""
