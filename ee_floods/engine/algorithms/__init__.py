"""The families of algorithms, one module each; `registry.algorithms` loads all of them."""
