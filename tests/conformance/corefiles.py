"""Corefiles of all spellings, which CoreDNS and headns read: what one refuses the other does, else the same zones are served at the same addresses."""

import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import servers
from servers import harness

COREFILES = 60
PORTS = ("DEFAULT", "OTHER")  # by -dns.port, and by an environment variable
KEYS = ["a", "b.c", "Ab.C.", "10.0.0.0/8", "10.1.0.0/15", "10.2.0.0/23", "fd00::/31", "{$AA}", "x{$AA}", "{%AA%}.d", "{$NEST}", "{$EMPTY}e"]
KEYS += ["192.168.1.77/32", "q#w", "p\\.q", "k{$", "m}n", "(z", "z)", "dns://f", "dns://{$AA}.g"]
BLANKS = [" ", "  ", "\t", " \t", "\u00a0", "\r "]
GOOD = ["bind 127.0.0.1", 'bind "127.0.0.1" 127.0.0.3', "bind 127.0.0.1 # x y", "bind {$EMPTY}127.0.0.5", "bind 127.0.0.6\r", "bind 127.0.0.4#z\n"]
GOOD += ["bind 127.0.0.1 {\n  except 127.0.0.9\n }", "bind 127.0.0.2 127.0.0.9 { except 127.0.0.9\n }", "# only", ""]
GOOD += ["import s", "import t", "loadbalance", "loadbalance {\n}", '"loadbalance" round_robin']
BAD = ["bind nowhere", "bind \\\n 127.0.0.1", "bind 127.0.0.4#zz yy", "frob", "loadbalance nonsense"]
LINES = 4 * GOOD + BAD
SNIPPETS = ["(s) {\n loadbalance\n}\n", "(s) {\n bind 127.0.0.7\n}\n", "(s)\n{\n}\n"]
VARIABLES = {"AA": "aa", "EMPTY": "", "NEST": "{$AA}b"}

# What CoreDNS refuses and headns does not: docs/configuration.md.
OURS = re.compile(r"zone overlap listener capacity|already defined")


def key(random):
    text = random.choice(KEYS) + random.choice(["", "", ":{$OTHER}"])
    return f'"{text}"' if random.random() < 0.15 else text


def keys(random):
    text = key(random)
    for _ in range(random.choice([0, 0, 1, 2])):
        text += random.choice([random.choice(BLANKS), "," + random.choice(BLANKS), ",\n", ", # c , d\n"]) + key(random)
    return text


def block(random):
    lines = [random.choice(LINES) for _ in range(random.choice([0, 1, 1, 2]))]
    opening = random.choice([" {\n", "\n{\n", " { \n", " {# c\n", " { "])
    return keys(random) + opening + "".join(f" {line}\n" for line in lines) + random.choice(["}\n", "} ", "}\n\n"])


def corefile(random):
    if random.random() < 0.1:
        return keys(random) + "\n" + random.choice(LINES) + "\n"
    head = random.choice(["", "\ufeff"]) + random.choice(SNIPPETS) + "(t) {\n import s\n}\n"
    return head + "".join(block(random) for _ in range(random.choice([1, 1, 2, 3])))


def ports():
    default = other = servers.free_port()
    while other == default:
        other = servers.free_port()
    return dict(zip(PORTS, (default, other)))


def until_started(command, environment, started):
    """What it printed up to that line, and whether that came. The process is ended."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if re.search(started, line):
            break
    process.terminate()
    process.stdout.read()
    process.wait()
    return lines, bool(lines and re.search(started, lines[-1]))


def served(pattern, lines, numbers):
    """{(zone, address, which port)}; an address of None is all of them. How special characters are shown is left out."""
    names = {str(number): name for name, number in numbers.items()}
    found = set()
    for line in lines:
        match = re.fullmatch(pattern, line)
        if match:
            address = match["address"]
            everywhere = address in (None, "0.0.0.0", "[::]")
            found.add((match["zone"].replace("\\", ""), None if everywhere else address, names[match["port"]]))
    return found


def read_by_coredns(path):
    numbers = ports()
    environment = {**VARIABLES, "OTHER": str(numbers["OTHER"])}
    command = [servers.COREDNS, "-conf", path, "-dns.port", str(numbers["DEFAULT"])]
    lines, started = until_started(command, environment, r"^CoreDNS-")
    return lines, served(r"(?!Warning|maxprocs)(?P<zone>\S+):(?P<port>\d+)( on (?P<address>\S+))?", lines, numbers) if started else None


def read_by_headns(path):
    numbers = ports()
    environment = {**VARIABLES, "OTHER": str(numbers["OTHER"])}
    command = harness.headns("-conf", path, "-dns.port", str(numbers["DEFAULT"]), "--log-level", "debug")
    lines, started = until_started(command, environment, r"listening on")
    return lines, served(r"headns: debug: zone (?P<zone>\S+) at (?P<address>\S+):(?P<port>\d+)", lines, numbers) if started else None


def compare(text, folder):
    """What is different, or None; and whether it was refused."""
    path = Path(folder) / "Corefile"
    path.write_text(text, newline="")
    theirs, wanted = read_by_coredns(path)
    if wanted is None and any(OURS.search(line) for line in theirs):
        return None, True
    ours, found = read_by_headns(path)
    if found == wanted:
        return None, wanted is None
    return f"{text!r}: CoreDNS {wanted or theirs[-1:]}, headns {found or ours[-1:]}", wanted is None


def run(count=COREFILES, seed=1):
    """[(what, problem or None)], a Corefile each."""
    results, refused, chosen = [], 0, random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            problem, was_refused = compare(corefile(chosen), folder)
            results.append((f"Corefile {number}", problem))
            refused += was_refused
    print(f"{count} Corefiles read by both, {refused} of them refused, {sum(bool(problem) for _, problem in results)} read differently")
    return results


if __name__ == "__main__":
    outcome = run(int(sys.argv[1]), int(sys.argv[2]))
    print("\n".join(problem for _, problem in outcome if problem))
