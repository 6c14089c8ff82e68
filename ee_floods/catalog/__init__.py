"""What exists: data sets, flood events, the Sen1Floods11 index."""
