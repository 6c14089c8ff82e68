"""From files to arrays and tensors."""
