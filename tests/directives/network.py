"""A network of one server's own: the server and who asks it in this one, the world outside in another behind it, at whatever addresses a
Corefile names. So Corefiles are served as they are, port 53 and all."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PORTS = ("53", "5300")
INSIDE, OUTSIDE = "100.64.0.1", "100.64.0.2"


def ip(*words, within=None):
    place = ["nsenter", "--net", f"--target={within}"] if within else []
    subprocess.run([*place, "ip", *words], check=True, capture_output=True)


class Network:
    """Of this process, which must have none yet (unshare --net)."""

    def __init__(self):
        ip("link", "set", "lo", "up")
        command = ["unshare", "--net", sys.executable, HERE / "outside.py", *PORTS]
        self.outside = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.outside.stdout.readline() == "ready\n"
        pid = str(self.outside.pid)
        ip("link", "add", "way", "type", "veth", "peer", "name", "way", "netns", pid)
        for address, within in ((INSIDE, None), (OUTSIDE, pid)):
            ip("link", "set", "lo", "up", within=within)
            ip("addr", "add", f"{address}/30", "dev", "way", within=within)
            ip("link", "set", "way", "addrgenmode", "none", "up", within=within)  # no address of IPv6
        ip("route", "add", "default", "via", OUTSIDE)
        self.have = set()

    def place(self, addresses, inside):
        """Makes them addresses of one of the two; what is there stays."""
        for address in addresses:
            if (address, inside) not in self.have:
                self.have.add((address, inside))
                ip("addr", "add", f"{address}/32", "dev", "lo", within=None if inside else str(self.outside.pid))

    def remove_inside(self):
        """What one Corefile binds may be another's upstream."""
        for address, inside in list(self.have):
            if inside:
                self.have.remove((address, inside))
                ip("addr", "del", f"{address}/32", "dev", "lo")

    def stop(self):
        self.outside.stdin.close()
        self.outside.wait(60)
