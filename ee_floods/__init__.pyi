from . import errors as errors
from .workflows.surface import (
    FloodModel as FloodModel,
    FloodProduct as FloodProduct,
    PairingRule as PairingRule,
    connect as connect,
    current as current,
    evaluate as evaluate,
    events as events,
    export_chips as export_chips,
    find_pairs as find_pairs,
    load_model as load_model,
    open_product as open_product,
    provenance as provenance,
    publish as publish,
)

__all__ = [
    "FloodModel",
    "FloodProduct",
    "PairingRule",
    "connect",
    "current",
    "errors",
    "evaluate",
    "events",
    "export_chips",
    "find_pairs",
    "load_model",
    "open_product",
    "provenance",
    "publish",
]
__version__: str
