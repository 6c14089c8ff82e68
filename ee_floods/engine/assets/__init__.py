"""Assets: what clients create, what folders are mounted, and the one library made of all of them."""
