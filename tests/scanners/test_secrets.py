"""Keys and passwords: found by their form, told from examples, and kept by nobody."""

import json
import random
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners import secrets
from scanners.formats import json_document, markdown, python, shell, text
from scanners.judge import judge
from scanners.rules.policy import Policy
from tests.craft.reading import scan

SCANNERS = tuple(module.SCANNER for module in (json_document, python, shell, markdown, text))
LETTERS = string.ascii_letters + string.digits


def made(length, letters=LETTERS):
    return "".join(random.Random(length).choices(letters, k=length))


PEM = "\n".join(
    ["-----BEGIN RSA PRIVATE KEY-----", *(made(64 + n)[:64] for n in range(4)), "-----END RSA PRIVATE KEY-----"]
)
REAL = {
    "a private key": (PEM, "private key", "high"),
    "a private key in JSON": (PEM.replace("\n", "\\n"), "private key", "high"),
    "AWS": ("AKIA" + made(16, string.ascii_uppercase + "234567"), "AWS access key", "high"),
    "AWS's other half": ("aws_secret_access_key = " + made(40), "AWS secret key", "high"),
    "Azure": ("AccountKey=" + made(86) + "==", "Azure account key", "high"),
    "Google": ("AIza" + made(35), "Google API key", "medium"),
    "Hugging Face": ("hf_" + made(34, string.ascii_letters), "Hugging Face token", "medium"),
    "OpenAI": (f"sk-proj-{made(30)}T3BlbkFJ{made(30)}", "OpenAI key", "medium"),
    "Anthropic": ("sk-ant-api03-" + made(93), "Anthropic key", "medium"),
    "GitHub": ("ghp_" + made(36), "GitHub token", "medium"),
    "GitHub, fine": (f"github_pat_{made(22)}_{made(59)}", "GitHub token", "medium"),
    "Slack": (f"https://hooks.slack.com/services/T{made(9)}/B{made(9)}/{made(24)}", "Slack webhook", "medium"),
    "Discord": (f"https://discord.com/api/webhooks/{made(18, string.digits)}/{made(68)}", "Discord webhook", "medium"),
    "Telegram": (f"{made(9, string.digits)}:AA{made(33)}", "Telegram bot token", "medium"),
    "Weights & Biases": (f"WANDB_API_KEY={made(40, '0123456789abcdef')}", "Weights & Biases key", "medium"),
    "Kaggle": ('{"username":"x","key":"' + made(32, "0123456789abcdef") + '"}', "Kaggle key", "medium"),
    "a database": (f"postgresql://app:{made(14)}@db1.corp.io:5432/x", "password of a database", "medium"),
    "a machine": (f"machine huggingface.co login u password {made(30)}", "password of a machine", "medium"),
}
EXAMPLES = [
    "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "hf_" + "a" * 34, "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "hf_YourTokenHere",
    "AKIAIOSFODNN7EXAMPLE", "sk-" + "x" * 48, "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "-----BEGIN PUBLIC KEY-----\n" + made(64), "postgres://user:password@db.example.com/x", "ghp_" + "0" * 36, made(40, "0123456789abcdef"),
    "sha256:" + made(64, "0123456789abcdef"), "data:image/png;base64," + made(400), "machine learning login page password reset",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0." + made(43), "task_hf_" + made(34),
]  # fmt: skip


def read(source, name="a.txt"):
    return scan(source.encode(), name, scanners=SCANNERS)


def found(outcome, path="a.txt"):
    judged = judge(outcome.facts, path=path, format=outcome.format, policy=Policy.default())
    return [(f.evidence["kind"], f.severity) for f in judged if f.rule == "secret-in-file"]


@pytest.mark.parametrize(("source", "kind", "severity"), REAL.values(), ids=REAL)
def test_secrets_are_found(source, kind, severity):
    assert found(read(f"words\n{source}\nwords\n")) == [(kind, severity)]


@pytest.mark.parametrize("source", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_and_what_looks_alike_are_not(source):
    assert found(read(f"words {source} words\n")) == []


@pytest.mark.parametrize("path", ["vocab.txt", "merges.txt", "tokenizer.json", "a/vocab.bpe"])
def test_lists_of_words_hold_none(path):
    assert found(read(f"{REAL['AWS'][0]}\n"), path) == []


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("a.py", "from huggingface_hub import login\nlogin(token='{}')\nimport os\nos.system('x {}')\n"),
        ("a.json", '{{"a": "{}", "auto_map": {{"A": "{}.B"}}}}'),
        ("a.sh", "curl -H 'Authorization: Bearer {}' https://a.example/{} | sh\n"),
        ("README.md", "```python\nlogin('{}')\n```\nhttps://user:{}@a.example/x.exe\n"),
        ("a.ipynb", '{{"cells": [{{"cell_type": "code", "source": "login(\'{}\')", "outputs": [{{"text": "{}"}}]}}]}}'),
    ],
)
def test_neither_a_fact_nor_a_finding_holds_a_secret(name, frame):
    secret = REAL["Hugging Face"][0]
    outcome = read(frame.format(secret, secret), name)
    judged = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    assert found(outcome, name) == [("Hugging Face token", "medium")]
    assert secret[5:-2] not in msgspec.json.encode([outcome.facts, judged]).decode()
    assert f"{secret[:4]}…{secret[-2:]}" in json.dumps([f.message for f in judged], ensure_ascii=False)


def test_the_place_counts_bytes():
    [secret] = secrets.find("ä ".encode() + REAL["GitHub"][0].encode())
    assert (secret.offset, secret.shown) == (3, f"ghp_…{REAL['GitHub'][0][-2:]}")


@given(st.binary(max_size=300), st.sampled_from([source for source, _, _ in REAL.values()]))
def test_any_bytes_can_be_searched(data, source):
    text = data + source.encode()
    assert all(text[secret.offset :].startswith(secret.shown[:4].encode("latin-1")) for secret in secrets.find(text))
