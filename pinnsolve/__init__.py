"""pinnsolve: partial differential equations, solved by neural networks and checked against a reference.

The public surface is listed once, in ``__init__.pyi``. It is loaded on first use, so that importing the package
(and asking the command for its help) does not wait for torch.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
