"""What is left in memory of tokens, passwords and private keys. Root reads all that the process can write to: its heap, its stacks, its data.

What is no longer used must be nowhere, in whosever memory: not where libcurl had it either, whose allocator we give. What is used has its places:
with us the configuration and the header line, with libcurl each request under way. Two libraries free memory as it is, out of our reach: libyaml,
where a value outgrew its block (a piece of it then, never the whole), and nghttp2, which the API server of these tests does not speak.
"""

import base64
import json
import os
import re
import secrets

import pytest

import harness
from harness import WEB0, until, web
from test_process import credential_of, plugin

MAPPING_MAX = 1 << 28  # a sanitizer's shadow is larger, and nothing else

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or bool(harness.WRAP), reason="root reads another process's memory, and no valgrind's")


def secret(what):
    return f"{what}-{secrets.token_hex(24)}"


def writable(server):
    """The octets of all writable mappings."""
    pid = server.process.pid
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            begin, end, rights = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            begin, end = int(begin, 16), int(end, 16)
            if "w" not in rights or end - begin > MAPPING_MAX:
                continue
            try:
                memory.seek(begin)
                yield memory.read(end - begin)
            except OSError:
                continue  # it has gone since, or is a device's


def count(server, *texts):
    """How often each is in memory."""
    found = dict.fromkeys(texts, 0)
    for octets in writable(server):
        for text in texts:
            found[text] += octets.count(text.encode())
    return found


def until_gone(server, *texts):
    """What a turn of the loop or a closed connection still holds goes by itself; nothing else does."""
    deadline = harness.Deadline()
    while any((found := count(server, *texts)).values()):
        deadline.check(f"still there: {found}")


def write_kubeconfig(api, path, user, others):
    """With users that are not used, as most people's file has them; as YAML."""
    api.kubeconfig(path, user)
    config = json.loads(path.read_text())
    config["users"] += [{"name": f"other-{number}", "user": other} for number, other in enumerate(others)]
    path.write_text(as_yaml(config))
    return path


def as_yaml(value, indent=0):
    """Block style: each text is plain."""
    pad = " " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{k}: {v}\n" if isinstance(v, str) else f"{pad}{k}:\n{as_yaml(v, indent + 2)}" for k, v in value.items())
    return "".join(f"{pad}-\n{as_yaml(v, indent + 2)}" for v in value)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_the_kubeconfig_of_many(serve, api, tmp_path, form):
    """Of its users one is us: of the others nothing stays."""
    others = {"token": secret("token"), "password": secret("9password"), "key": secret("key"), "variable": secret("variable")}
    encoded = base64.b64encode(others["key"].encode() * 20).decode()
    users = [
        {"token": others["token"]},
        {"username": "me", "password": others["password"]},
        {"client-certificate-data": "Zm9v", "client-key-data": encoded},
        {"exec": {"command": "true", "env": [{"name": "X", "value": others["variable"]}]}},
    ]
    api.token = secret("ours")
    path = write_kubeconfig(api, tmp_path / "kubeconfig", {"token": api.token}, users)
    if form == "json":
        config = json.loads(api.kubeconfig(tmp_path / "plain").read_text())
        config["users"] += [{"name": f"other-{number}", "user": user} for number, user in enumerate(users)]
        path.write_text(json.dumps(config))
    server = serve("--kubeconfig", path)
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    assert count(server, api.token)[api.token] >= 2  # that of the configuration, and a header
    until_gone(server, others["token"], others["password"], others["variable"], others["key"], encoded, f"X={others['variable']}")


def renew_everything(api, server, address):
    """All connections end, and with them the requests that showed the old token."""
    api.stop()
    api.put(web(0, address))
    api.start()
    until(server, WEB0, {address})
    api.wait_watched()


def test_a_token_file_that_is_rotated(serve, api, tmp_path):
    file = tmp_path / "token"
    old = []
    api.token = secret("first")
    file.write_text(api.token + "\n")
    server = serve("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig", {"tokenFile": str(file)}))
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    for number in range(3):
        old.append(api.token)
        assert count(server, api.token)[api.token]
        api.token = secret("next")
        file.write_text(api.token)
        renew_everything(api, server, f"10.244.1.{number}")
        until_gone(server, *old)
    assert count(server, api.token)[api.token]


def test_a_password(serve, api, tmp_path):
    """It is kept, for the server may ask anew. What is made of it on the way is not: "user:password" in the clear."""
    password = secret("password")
    server = serve("--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig", {"username": "me", "password": password}))
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    assert count(server, password)[password]
    until_gone(server, f"me:{password}")


def test_what_a_credential_plugin_gave(serve, api, tmp_path):
    """The token of each run, and what it printed besides; its words, too."""
    printed = tmp_path / "credential"
    beside, said = secret("beside"), secret("said")

    def give(token):
        api.token = token
        whole = json.loads(credential_of(token, "2099-01-01T00:00:00Z"))
        whole["status"]["refreshToken"] = beside
        fresh = tmp_path / "credential.fresh"
        fresh.write_text(json.dumps(whole))
        fresh.rename(printed)

    give(secret("first"))
    old = []
    server = serve(
        "--kubeconfig", api.kubeconfig(tmp_path / "kubeconfig", plugin(tmp_path, f"#!/bin/sh\necho 'token: {said}' >&2\ncat {printed}\n"))
    )
    assert server.addresses_of(WEB0) == {"10.244.0.7"}
    for number in range(3):
        old.append(api.token)
        assert count(server, api.token)[api.token]
        give(secret("next"))
        renew_everything(api, server, f"10.244.1.{number}")
        until_gone(server, *old, beside, said)
    assert count(server, api.token)[api.token]
