"""A plain HTTP server on loopback, whose answers a test writes down."""

import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, answer):
        self.answer = answer
        self.seen = []
        self.sockets = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self):
        client, address = super().get_request()
        self.sockets.add(client)
        return client, address

    def shutdown_request(self, request):
        self.sockets.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the tests."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def headers_seen(self, name):
        return [headers.get(name) for _, headers in self.seen]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self):
        self.server.seen.append((self.path, self.headers))
        answer = self.server.answer(self)
        if answer is None:
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in ({"Content-Length": len(body)} | headers).items():
            if value is not None:
                self.send_header(name, str(value))
        if headers.get("Content-Length", 0) is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Nothing on standard error."""


@contextmanager
def plain_server(answer):
    """A server that answers each GET with `answer(handler)`: status, headers, body; None when it has answered."""
    server = _Server(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        for client in list(server.sockets):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)  # the client keeps idle connections, and a thread waits at each
        server.server_close()


def ranged(data, **headers):
    """A server's answer function that serves `data` with ranges, as it should be done."""

    def answer(handler):
        asked = handler.headers.get("Range")
        if asked is None:
            return 200, headers, data
        first, last = asked.removeprefix("bytes=").split("-")
        start, stop = int(first), min(int(last) + 1, len(data))
        if start >= len(data):
            return 416, {"Content-Range": f"bytes */{len(data)}"}, b""
        return 206, {"Content-Range": f"bytes {start}-{stop - 1}/{len(data)}"} | headers, data[start:stop]

    return answer
