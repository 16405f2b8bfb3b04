#!/usr/bin/python3
"""How often and how soon an answer comes where upstreams are as they should not be: headns, CoreDNS and unbound beside each other, each with the same
three upstreams, asked the same at the same time.

All of it happens in a network namespace of its own, which ends with it: upstreams have addresses there, so silence is silence and a closed port is
refused by ICMP. What is lost is lost by the upstreams themselves (queries and replies, one in five of both together), since not every kernel has netem.
Names are never asked twice, so caches don't help. Answers that are wrong count as none."""

import argparse
import contextlib
import os
import random
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PATIENCE_S = 5  # what a stub resolver waits for
ADDRESSES = ["10.9.0.1", "10.9.0.2", "10.9.0.3"]
FORGER = "10.9.0.99"
RIGHT, WRONG = bytes([192, 0, 2, 1]), bytes([203, 0, 113, 66])
TC, SERVFAIL, REFUSED, FORMERR = 0x0200, 2, 5, 1

# --- messages ---


def question_end(message):
    at = 12
    while message[at]:
        at += 1 + message[at]
    return at + 5


def respond(query, flags=0, address=RIGHT, lower=False):
    """With a record where there is no flag."""
    end = question_end(query)
    question = query[12:end]
    if lower:
        question = question.lower()
    record = b"" if flags else struct.pack("!HHHIH", 0xC00C, 1, 1, 60, 4) + address
    return query[:2] + struct.pack("!HHHHH", 0x8180 | flags, 1, bool(record), 0, 0) + question + record


def make_query(number, name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", number & 0xFFFF, 0x0100, 1, 0, 0, 1) + labels + b"\0\0\1\0\1" + b"\0\0\x29\x04\xd0\0\0\0\0\0\0"


# --- upstreams: each takes a query and a function that sends, and sends what it likes ---


def answers(query, tcp, send, later):
    send(respond(query))


def loses(query, tcp, send, later):
    if tcp or random.random() > 0.2:
        send(respond(query))


def truncates(query, tcp, send, later):
    send(respond(query, 0 if tcp else TC))


def tcp_only(query, tcp, send, later):
    if tcp:
        send(respond(query))


def fails(query, tcp, send, later):
    send(respond(query, SERVFAIL))


def refuses(query, tcp, send, later):
    send(respond(query, REFUSED))


def slow(query, tcp, send, later):
    later(1, lambda: send(respond(query)))


def silent(query, tcp, send, later):
    pass


def lowers_case(query, tcp, send, later):
    send(respond(query, lower=not tcp))


def minds_edns(query, tcp, send, later):
    send(respond(query, FORMERR) if query[11] else respond(query))


def is_spoofed(query, tcp, send, later):
    if not tcp:
        send(respond(query, address=WRONG), forged=True)
    send(respond(query))


class Upstream:
    """One thread; manner None: nobody is there."""

    def __init__(self, host, manner):
        self.manner = manner
        self.over = False
        self.due = []
        if not manner:
            return
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.udp.bind((host, 53))
        self.forger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.forger.bind((FORGER, 0))
        self.tcp = socket.create_server((host, 53), backlog=64)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.udp, selectors.EVENT_READ, self.on_datagram)
        self.selector.register(self.tcp, selectors.EVENT_READ, self.on_connection)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def later(self, seconds, what):
        self.due.append((time.monotonic() + seconds, what))

    def run(self):
        while not self.over:
            for key, _ in self.selector.select(0.01):
                with contextlib.suppress(OSError):
                    key.data()
            now = time.monotonic()
            while self.due and self.due[0][0] <= now:
                with contextlib.suppress(OSError):
                    self.due.pop(0)[1]()

    def on_datagram(self):
        query, client = self.udp.recvfrom(65535)
        self.manner(query, False, lambda octets, forged=False: (self.forger if forged else self.udp).sendto(octets, client), self.later)

    def on_connection(self):
        stream, _ = self.tcp.accept()
        state = bytearray()
        self.selector.register(stream, selectors.EVENT_READ, lambda: self.on_stream(stream, state))

    def on_stream(self, stream, state):
        octets = stream.recv(65535)
        state += octets
        while len(state) >= 2 and len(state) >= 2 + struct.unpack_from("!H", state)[0]:
            (length,) = struct.unpack_from("!H", state)
            query = bytes(state[2 : 2 + length])
            del state[: 2 + length]
            self.manner(query, True, lambda octets, forged=False: stream.sendall(struct.pack("!H", len(octets)) + octets), self.later)
        if not octets:
            self.selector.unregister(stream)
            stream.close()

    def stop(self):
        if not self.manner:
            return
        self.over = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
        self.forger.close()


# name: (manners of the three, what the line or server needs)
TRIALS = {
    "all well": ((answers,) * 3, ""),
    "1 of 3 silent": ((silent, answers, answers), ""),
    "1 of 3 refused by ICMP": ((None, answers, answers), ""),
    "20 % lost": ((loses,) * 3, ""),
    "replies cut": ((truncates,) * 3, ""),
    "TCP only": ((tcp_only,) * 3, "tcp"),
    "1 of 3 SERVFAIL": ((fails, answers, answers), "failover"),
    "1 of 3 lame (REFUSED)": ((refuses, answers, answers), "failover"),
    "1 of 3 takes 1 s": ((slow, answers, answers), ""),
    "forged from elsewhere": ((is_spoofed,) * 3, ""),
    "letters in lower case": ((lowers_case,) * 3, ""),
    "FORMERR to EDNS": ((minds_edns,) * 3, ""),
}

# --- servers ---


def corefile(port, need):
    lines = {"tcp": "force_tcp", "failover": "failover SERVFAIL REFUSED"}.get(need, "")
    return f".:{port} {{\n bind 127.0.0.1\n forward . {' '.join(ADDRESSES)} {{\n {lines}\n }}\n}}\n"


def unbound_conf(port, need, folder):
    forward = "".join(f"  forward-addr: {address}\n" for address in ADDRESSES)
    return (
        f'server:\n interface: 127.0.0.1\n port: {port}\n num-threads: 1\n module-config: "iterator"\n use-caps-for-id: yes\n do-daemonize: no\n'
        f' username: ""\n chroot: ""\n pidfile: "{folder}/unbound.pid"\n use-syslog: no\n verbosity: 0\n tcp-upstream: {"yes" if need == "tcp" else "no"}\n'
        f'remote-control:\n control-enable: no\nforward-zone:\n name: "."\n{forward}'
    )


def start(kind, port, need, folder, commands):
    path = Path(folder) / kind
    path.write_text(unbound_conf(port, need, folder) if kind == "unbound" else corefile(port, need))
    arguments = {"headns": ["-conf", path, "--workers=1"], "CoreDNS": ["-conf", path], "unbound": ["-d", "-c", path]}[kind]
    with open(Path(folder) / f"{kind}.log", "wb") as log:
        return subprocess.Popen([commands[kind], *arguments], stdout=log, stderr=log, env={**os.environ, "GOMAXPROCS": "1"})


def wait_until_up(port, process):
    deadline = time.monotonic() + 20
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        s.connect(("127.0.0.1", port))
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                s.send(make_query(1, "up.example"))
                s.recv(512)
                return
            time.sleep(0.05)
    sys.exit(f"{process.args[0]} does not answer")


# --- asking ---


def ask(port, rate, count, times, tag):
    """Fills times with how long each right answer took."""
    sent = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", port))
        s.setblocking(False)
        selector = selectors.DefaultSelector()
        selector.register(s, selectors.EVENT_READ)
        begin = time.monotonic()
        number = 0
        while number < count or (sent and time.monotonic() < last + PATIENCE_S):
            now = time.monotonic()
            while number < count and begin + number / rate <= now:
                s.send(make_query(number, f"{tag}{number}.example"))
                sent[number] = last = time.monotonic()
                number += 1
            for _ in selector.select(0.002):
                with contextlib.suppress(OSError):
                    take(s.recv(65535), sent, times, s)
        selector.close()


def take(reply, sent, times, s):
    (number,) = struct.unpack_from("!H", reply)
    (flags,) = struct.unpack_from("!H", reply, 2)
    began = sent.get(number)
    if began is None:
        return
    if flags & TC:
        reply = over_tcp(reply, s)
    del sent[number]
    if RIGHT in reply and WRONG not in reply and not reply[3] & 15:
        times.append(time.monotonic() - began)


def over_tcp(cut, s):
    """As a stub resolver does it."""
    query = cut[:2] + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + cut[12 : question_end(cut)]
    with contextlib.suppress(OSError, struct.error), socket.create_connection(s.getpeername(), timeout=PATIENCE_S) as stream:
        stream.sendall(struct.pack("!H", len(query)) + query)
        reader = stream.makefile("rb")
        return reader.read(*struct.unpack("!H", reader.read(2)))
    return cut


def percentile(times, share):
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


# --- all of it ---


def run_trial(name, options, commands, ports):
    manners, need = TRIALS[name]
    upstreams = [Upstream(host, manner) for host, manner in zip(ADDRESSES, manners, strict=True)]
    processes, results = {}, {kind: [] for kind in commands}
    with tempfile.TemporaryDirectory() as folder:
        try:
            for kind in commands:
                processes[kind] = start(kind, ports[kind], need, folder, commands)
            for kind, process in processes.items():
                wait_until_up(ports[kind], process)
            threads = [
                threading.Thread(target=ask, args=(ports[kind], options.rate, options.count, results[kind], kind[0].lower())) for kind in commands
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for process in processes.values():
                process.kill()
                process.wait()
            for upstream in upstreams:
                upstream.stop()
    return results


def report(name, results, count):
    ours = percentile(results["headns"], 0.99)
    print(f"{name}:")
    for kind, times in results.items():
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        ratio = f", headns's p99 is {ours / p99:.2f} of that" if kind != "headns" and times else ""
        print(f"  {kind:8} answered {100 * len(times) / count:5.1f} %, p50 {1000 * p50:7.1f} ms, p99 {1000 * p99:7.1f} ms{ratio}", flush=True)


def inside(options):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in [*ADDRESSES, FORGER]:
        subprocess.run(["ip", "address", "add", f"{address}/32", "dev", "lo"], check=True)
    commands = {"headns": options.headns, "CoreDNS": options.coredns, "unbound": options.unbound}
    commands = {kind: command for kind, command in commands.items() if command}
    ports = {kind: 5301 + number for number, kind in enumerate(commands)}
    for name in TRIALS:
        if not options.trial or options.trial in name:
            report(name, run_trial(name, options, commands, ports), options.count)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--headns", default=str(root / "build/src/headns"))
    parser.add_argument("--coredns", default=str(Path.home() / ".cache/headns-cluster/bin/coredns"), help='"": without')
    parser.add_argument("--unbound", default="/usr/sbin/unbound", help='"": without')
    parser.add_argument("--rate", type=float, default=50, help="questions a second and server")
    parser.add_argument("--count", type=int, default=300, help="questions of a trial and server")
    parser.add_argument("--trial", help="only those whose names have this in them")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options)
        return
    command = ["unshare", "--map-root-user", "--net", "--kill-child", "--fork", sys.executable, __file__, *sys.argv[1:], "--inside"]
    if os.geteuid() == 0:
        command.remove("--map-root-user")
    sys.exit(subprocess.run(command, check=False).returncode)


if __name__ == "__main__":
    main()
