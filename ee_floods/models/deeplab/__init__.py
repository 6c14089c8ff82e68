"""DeepLabV3+ in `keras.ops` and Keras layers, for any number of bands and any height and width.

Importing this package does not import Keras; its modules do.
"""
