"""Real SCIM servers for the tests: `scim2-server` in processes of their own, on 127.0.0.1."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.platforms.scim.extension import SCHEMA, URN

TOKEN = "of-the-test"


def with_our_extension(folder: Path) -> list[str]:
    """Write the server's schemas with ours among them; return the options that make it use them."""
    # Every worker collects every test, and this import takes a second.
    from scim2_server.utils import load_default_resource_types, load_default_schemas

    schemas = [_plain(schema) for schema in load_default_schemas().values()]
    types = [_plain(kind) for kind in load_default_resource_types().values()]
    for kind in types:
        if kind["name"] == "User":
            kind["schemaExtensions"].append({"schema": URN, "required": False})
    (folder / "schemas.json").write_text(json.dumps([*schemas, SCHEMA]), encoding="utf-8")
    (folder / "types.json").write_text(json.dumps(types), encoding="utf-8")
    return [
        *("--schema", str(folder / "schemas.json")),
        *("--resource-type", str(folder / "types.json")),
    ]


def without(folder: Path, *features: str) -> list[str]:
    """Return the option that makes a server announce that it lacks `features`."""
    every = ("patch", "bulk", "filter", "changePassword", "sort", "etag")
    config: dict[str, Any] = {name: {"supported": name not in features} for name in every}
    config["schemas"] = ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]
    config["bulk"] |= {"maxOperations": 1000, "maxPayloadSize": 1_048_576}
    config["filter"] |= {"maxResults": 1000}
    config["authenticationSchemes"] = []
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return ["--service-provider-config", str(path)]


@contextmanager
def running(options: list[str]) -> Iterator[str]:
    """Run a server, yield its address; `/TENANT/v2` after it is a tenant with users of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(Path(sys.executable).parent / "scim2-server")
    command = [program, "--port", str(port), "--bearer-token", TOKEN, "--dynamic-tenants"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _until_it_answers(f"{url}/ready/v2/ServiceProviderConfig", process)
            yield url
        finally:
            process.kill()  # whoever starts the tests may ignore SIGTERM, and that is inherited


def _until_it_answers(url: str, process: "subprocess.Popen[bytes]") -> None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310 our own server
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 our own server
                return
        except urllib.error.URLError:
            time.sleep(0.05)
    msg = "scim2-server did not start"
    raise RuntimeError(msg)


def _plain(model: Any) -> dict[str, Any]:  # noqa: ANN401 scim2-models ships its own types
    value: dict[str, Any] = model.model_dump()
    return value
