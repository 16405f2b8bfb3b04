"""A network of its own for the run: its ports are nobody else's, and the machine has an address besides the loopback's."""

import ctypes
import fcntl
import os
import socket
import struct

OWN = "192.0.2.53"
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFADDR, SIOCSIFFLAGS, TUNSETIFF = 0x8916, 0x8914, 0x400454CA
IFF_UP, IFF_TUN, IFF_NO_PI = 1, 1, 0x1000


def enter():
    """Whether there is such a network with OWN in it. Without, all runs where it is, and what needs OWN is left out."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET):
        return False
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        try:
            make_interface(s, b"own0")
        except OSError:
            return False
    return True


def make_interface(s, name):
    """One that leads nowhere, with the address."""
    tun = os.open("/dev/net/tun", os.O_RDWR)  # it is there as long as this is open: to the end of the process
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name, IFF_TUN | IFF_NO_PI))
    with open(f"/proc/sys/net/ipv6/conf/{name.decode()}/disable_ipv6", "w") as no_link_local:
        no_link_local.write("1")
    fcntl.ioctl(s, SIOCSIFADDR, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(OWN)))
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh14x", name, IFF_UP))
