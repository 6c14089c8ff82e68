"""What survives a restart: one folder with SQLite for facts and plain files for bytes."""
