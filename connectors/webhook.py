"""A web address of the company that takes what we tell it: one POST of JSON.

Nothing is read from the answer but its status: 2xx means that it has it.
"""

import time
from collections.abc import Callable
from typing import Any, Final

from connectors.http_client import Call, HttpClient

_VENDOR: Final = "webhook"
_TAKEN: Final = frozenset({200, 201, 202, 204})


class Webhook:
    """One address, with the token that it knows us by."""

    def __init__(
        self, url: str, token: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Keep them; nothing is sent. `sleep` is how to wait between attempts."""
        bearer = f"Bearer {token}" if token else ""
        self._client = HttpClient(_VENDOR, url, authorization=bearer, sleep=sleep)

    def post(self, operation: str, content: Any) -> None:  # noqa: ANN401 any JSON value
        """Send `content`; whoever takes it may get it twice.

        Raises:
            ConnectorError: it was not taken, however often it was tried.
        """
        try:
            call = Call("POST", "", operation, json=content, accept=_TAKEN)
            self._client.send(call)
        finally:
            self._client.close()
