"""The nginx of docs/deploy-proxy.md as it stands there: who gets through, and as whom."""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.mail.tls import HOST, free_port

PAGE = Path(__file__).parents[2] / "docs" / "deploy-proxy.md"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
SECRET = "known-to-the-proxy"
SIGNED_ON = {"Cookie": "signed-on=hr.kowalska"}
FORGED = {"X-Forwarded-User": "legal.weber", "X-Proxy-Secret": SECRET}

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not on this machine")


class _Answers(BaseHTTPRequestHandler):
    """Stands for everything behind nginx: asked who is there it says so, else what it was sent."""

    def do_GET(self) -> None:
        user = re.search(r"signed-on=([\w.]+)", self.headers.get("Cookie") or "")
        asks = self.path == "/oauth2/auth"
        self.send_response(200 if user or not asks else 401)
        if asks and user:
            self.send_header("X-Auth-Request-User", user[1])
        told = json.dumps({"path": self.path, "headers": dict(self.headers.items())}).encode()
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def behind() -> Iterator[int]:
    """Run what is behind nginx; yield its port."""
    with ThreadingHTTPServer((HOST, 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


def configuration(folder: Path, port: int, upstream: int) -> str:
    """Return the page's configuration on ports of the test, without TLS."""
    (written,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    secret = folder / "secret.conf"
    secret.write_text(f'proxy_set_header X-Proxy-Secret "{SECRET}";\n', "utf-8")
    text = re.sub(r" *ssl_certificate.*\n", "", written)
    text = re.sub(r"127\.0\.0\.1:\d+;", f"{HOST}:{upstream};", text)
    text = text.replace("listen 443 ssl;", f"listen {HOST}:{port};")
    text = text.replace("/etc/nginx/alumni-sync-secret.conf", str(secret))
    text = text.replace("/var/log/nginx/", f"{folder}/")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    return (
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log {folder}/access.log;\n{places}\n{text}\n}}\n"
    )


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Run nginx with the page's configuration; yield its port."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    with behind() as upstream:
        config = folder / "nginx.conf"
        config.write_text(configuration(folder, port, upstream), "utf-8")
        errors = folder / "start.log"
        command = [str(NGINX), "-p", str(folder), "-e", str(errors), "-c", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
            try:
                wait_for(port, running)
                yield port
            finally:
                running.terminate()


def wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    """Wait until nginx answers, or has ended."""
    pause = threading.Event()
    for _ in range(200):
        assert running.poll() is None, running.communicate()[1]
        try:
            asked(port, "/", host="alumni.acme.example")
        except OSError:
            pause.wait(0.05)
        else:
            return
    raise AssertionError("nginx does not answer")


def asked(
    port: int, path: str, host: str = "hr.acme.example", **headers: str
) -> tuple[HTTPResponse, Any]:
    """Ask nginx for a page; return its answer, and what was asked of what is behind it."""
    connection = HTTPConnection(HOST, port, timeout=10)
    connection.request("GET", path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, json.loads(content) if content.startswith(b"{") else None


@pytest.mark.parametrize("path", ["/desk/case/EX-000001?done=x", "/dagster/graphql", "/desk"])
def test_whoever_is_signed_on_gets_through_under_their_name(nginx: int, path: str) -> None:
    """Whatever a browser sent by itself, the two headers that name somebody are the proxy's."""
    _, seen = asked(nginx, path, **SIGNED_ON, **FORGED)

    assert path == seen["path"]
    assert ("hr.kowalska", SECRET, "hr.acme.example") == tuple(
        seen["headers"][name] for name in ("X-Forwarded-User", "X-Proxy-Secret", "Host")
    )


@pytest.mark.parametrize("path", ["/desk/", "/dagster/assets/exclusion_queue"])
def test_whoever_is_not_is_sent_to_sign_on(nginx: int, path: str) -> None:
    """Nobody reaches the desk, and everybody can reach the page where they sign on."""
    _, seen = asked(nginx, path, **FORGED)

    assert "/oauth2/sign_in" == seen["path"]
    assert path == seen["headers"]["X-Auth-Request-Redirect"]


@pytest.mark.parametrize("path", ["/oauth2/start?rd=/desk/", "/oauth2/callback?code=1"])
def test_signing_on_asks_nobody_who_they_are(nginx: int, path: str) -> None:
    """A sign-on behind the sign-on lets nobody in at all; and it needs no secret of ours."""
    answer, seen = asked(nginx, path)

    assert (200, path) == (answer.status, seen["path"])
    assert {"X-Proxy-Secret", "X-Forwarded-User"}.isdisjoint(seen["headers"])


def test_the_consent_site_knows_no_sign_on(nginx: int) -> None:
    """A leaver has no account; and nothing that names a colleague belongs there."""
    _, seen = asked(nginx, "/c/secret", host="alumni.acme.example", **SIGNED_ON)

    assert ("/c/secret", "alumni.acme.example") == (seen["path"], seen["headers"]["Host"])
    assert "X-Proxy-Secret" not in seen["headers"]
