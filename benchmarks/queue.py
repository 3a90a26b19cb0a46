"""A long exclusion queue in a browser: 50,000 cases that wait, against none and against fifty.

What is measured, and how, stands at the head of `_long_queue.py`.

    python benchmarks/queue.py [--cases N]

The standard library has a module of this name too, and a script's folder comes before it: whoever
imports `queue` in a benchmark finds this file, and is handed that module instead.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from sysconfig import get_path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # mypy looks here first, too

    def __getattr__(name: str) -> Any: ...  # noqa: ANN401 whatever is asked for


if __name__ == "__main__":
    from _long_queue import main

    sys.exit(main())

_spec = spec_from_file_location(__name__, Path(get_path("stdlib")) / "queue.py")
assert _spec is not None
assert _spec.loader is not None
sys.modules[__name__] = module_from_spec(_spec)
_spec.loader.exec_module(sys.modules[__name__])
