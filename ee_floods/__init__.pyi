from . import errors as errors
from .workflows.surface import (
    FloodModel as FloodModel,
)
from .workflows.surface import (
    FloodProduct as FloodProduct,
)
from .workflows.surface import (
    PairingRule as PairingRule,
)
from .workflows.surface import (
    connect as connect,
)
from .workflows.surface import (
    current as current,
)
from .workflows.surface import (
    evaluate as evaluate,
)
from .workflows.surface import (
    events as events,
)
from .workflows.surface import (
    export_chips as export_chips,
)
from .workflows.surface import (
    find_pairs as find_pairs,
)
from .workflows.surface import (
    load_model as load_model,
)
from .workflows.surface import (
    open_product as open_product,
)
from .workflows.surface import (
    provenance as provenance,
)
from .workflows.surface import (
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
