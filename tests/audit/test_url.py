"""`audit url`: files at plain addresses, ranged where the server can, else streamed."""

import http.server
import threading
from contextlib import contextmanager
from pathlib import Path

from tests.command import audit, clean_failure
from tests.craft.pickles import system
from tests.hub import repo, serve

TORCH = Path(__file__).parents[1] / "data" / "torch"


@contextmanager
def plain_server(content):
    """The standard library's server: it knows no ranges."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = content.get(self.path.partition("?")[0])
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_checkpoint_of_a_server_without_ranges_is_streamed():
    with plain_server({"/hub/checkpoints/resnet.pth": (TORCH / "legacy.pth").read_bytes()}) as server:
        result = audit("url", f"{server}/hub/checkpoints/resnet.pth?download=1", "--format", "json")
    (file,) = result.json["files"]
    assert (result.code, file["verdict"], file["format"]) == (0, "clean", "torch.legacy"), result
    assert file["bytes_fetched"] == file["size"]


def test_a_malicious_file_is_found_and_a_missing_one_is_incomplete():
    with plain_server({"/a.pkl": system()}) as server:
        result = audit("url", f"{server}/a.pkl", f"{server}/none.pkl", "--format", "json")
    verdicts = {file["path"].rsplit("/", 1)[-1]: file["verdict"] for file in result.json["files"]}
    assert verdicts == {"a.pkl": "malicious", "none.pkl": "incomplete"}
    assert result.code == 1


def test_a_server_with_ranges_sends_only_what_is_needed():
    from audit.demo.content import make_big_torch

    with serve(repo("org/m", {"big.bin": make_big_torch(500_000_000, call=True)})) as hub:
        result = audit("url", f"{hub.endpoint}/org/m/resolve/main/big.bin", "--format", "json", HF_TOKEN="hf_secret")
        assert not [request for request in hub.log.requests() if request.had_authorization]
    assert result.json["verdict"] == "malicious"
    assert result.json["stats"]["bytes_fetched"] < 200_000


def test_only_http_addresses_are_taken(tmp_path):
    (tmp_path / "a.pkl").write_bytes(system())
    result = audit("url", f"file://{tmp_path}/a.pkl", "--format", "json")
    assert result.code in {2, 3}
    assert "Traceback" not in result.err


def test_no_server_is_said():
    result = audit("url", "http://127.0.0.1:9/model.pt", "--format", "json")
    assert result.code == 3
    assert result.json["files"][0]["error"]["code"] == "network"


def test_an_address_is_wanted():
    clean_failure(audit("url"), 2, "URL")


def test_a_password_in_an_address_is_not_repeated():
    with plain_server({"/a.pkl": system()}) as server:
        result = audit("url", server.replace("//", "//user:secret@") + "/a.pkl", "--format", "json")
    stored = audit("sql", "SELECT * FROM audits JOIN files USING (audit_id)", "--format", "csv")
    assert result.code == 1, result
    assert f"{server}/a.pkl" in stored.out
    assert "secret" not in result.out + result.err + stored.out
