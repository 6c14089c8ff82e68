"""Pictures: map tiles, thumbnails and their encodings."""
