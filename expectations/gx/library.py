"""Loads Great Expectations, once, without letting it write to our log or take over our warnings.

Its import costs seconds of CPU; what no check of ours uses of it is put off. Modules of this
package that import it at their top are themselves imported inside functions only, after
`load_great_expectations`.
"""

from __future__ import annotations

import importlib
import logging
import sys
import threading
import warnings
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import (
        AbstractDataContext,
    )

__all__ = ["ONE_RUN_AT_A_TIME", "load_great_expectations", "quiet_context"]

# Great Expectations keeps one current context per process, so two runs must not interleave.
ONE_RUN_AT_A_TIME = threading.Lock()

# A third of its import: charts, and the tests of one distribution against another.
_PUT_OFF = ("altair", "scipy.stats")
_REPLACING = threading.Lock()


class _PutOff(ModuleType):
    """Stands for a module that is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        with _REPLACING:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@cache
def load_great_expectations() -> None:
    """Import it and make our expectations known to it."""
    logger = logging.getLogger("great_expectations")
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    logger.addHandler(logging.NullHandler())
    for name in _PUT_OFF:
        sys.modules.setdefault(name, _PutOff(name))
    with warnings.catch_warnings():
        # It imports a module that Python 3.11 deprecates, and redirects warnings to the log.
        warnings.simplefilter("ignore", DeprecationWarning)
        shown_by = warnings.showwarning
        # Imported here since it costs seconds of CPU, which only a run may pay.
        import great_expectations  # noqa: F401, PLC0415

        from expectations.gx import custom, value_expectations  # noqa: F401, PLC0415

        if warnings.showwarning is not shown_by:
            logging.captureWarnings(capture=False)
    value_expectations.register_value_expectations()


def quiet_context() -> AbstractDataContext:
    """A context in memory that reports to nobody and shows no progress."""
    import great_expectations as gx  # noqa: PLC0415 - as above
    from great_expectations.data_context.types.base import (  # noqa: PLC0415
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )
