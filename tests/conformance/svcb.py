"""The option `svcb`, which is headns's own: SVCB and HTTPS records (RFC 9460) of ports named https and http, in worlds, in questions and in
the model. CoreDNS has none."""

import struct

import extended
import messages as m
import model
import questions
import worlds

APP_PROTOCOLS = ["h2", "http2", "grpc", "h3", "http3", "http", "kubernetes.io/h2c", "kubernetes.io/ws"]
ALPN = {"h2": b"h2", "http2": b"h2", "grpc": b"h2", "h3": b"h3", "http3": b"h3"}
HTTPS_PORT = 443
TYPES = (m.SVCB, m.HTTPS)


class Maker(worlds.Maker):
    def ports(self, headless):
        ports = super().ports(headless)
        for port in ports:
            if self.chance(0.5) and port.get("name") not in ("http", "https"):
                free = {"http", "https"} - {p.get("name") for p in ports}
                port["name"] = self.pick(sorted(free)) if free else port.get("name", "a")
            if self.chance(0.5):
                port["appProtocol"] = self.pick(APP_PROTOCOLS)
            if self.chance(0.2) and (HTTPS_PORT, port["protocol"]) not in {(p["port"], p["protocol"]) for p in ports}:
                port["port"] = HTTPS_PORT
        return ports


class Asker(questions.Asker):
    def question(self):
        asked = super().question()
        return asked._replace(type=self.pick(TYPES)) if self.chance(0.4) else asked


def binding(target, port, implied, alpn):
    """The rdata of one record in service mode."""
    parameters = b""
    if alpn:
        parameters += struct.pack("!HHB", 1, 1 + len(alpn), len(alpn)) + alpn
    if port != implied:
        parameters += struct.pack("!HHH", 3, 2, port)
    return struct.pack("!H", 1) + target + parameters


def alpn_of(names):
    """What the Service says that its https port speaks; the first port of that name with a protocol that has a name for it."""
    ports = names.service["spec"].get("ports", [])
    return next((ALPN[p["appProtocol"]] for p in ports if p.get("name") == "https" and p.get("appProtocol") in ALPN), b"")


class Reply(model.Reply):
    def find(self, name, origin):
        self.at = name
        return super().find(name, origin)

    def records_of(self, names, node, zone):
        secure = names.nodes.get(("_https", "_tcp"))
        secure = secure if secure and secure.srv else None
        if self.q.type == m.HTTPS and node is names.own and secure:
            return self.https(names, secure, zone)
        if self.q.type == m.SVCB and node.srv and node in (secure, names.nodes.get(("_http", "_tcp"))):
            alpn = alpn_of(names) if node is secure else b""
            rdata = [binding(self.whole(names, target, zone), port, 0, alpn) for _, port, target in node.srv]
            return self.found({m.SVCB, m.SRV}, [(m.SVCB, self.settings.ttl, data) for data in rdata])
        return super().records_of(names, node, zone)

    def https(self, names, secure, zone):
        rdata = [binding(b"\0" if target is names.own else self.whole(names, target, zone), port, HTTPS_PORT, alpn_of(names)) for _, port, target in secure.srv]
        glue = [] if names.headless else [(self.at, rtype, m.IN, self.settings.ttl, packed) for rtype in (m.A, m.AAAA) for packed in names.own.addresses(rtype)]
        return self.found({m.HTTPS, m.A}, [(m.HTTPS, self.settings.ttl, data) for data in rdata], glue)


class Model(extended.Model):
    reply = Reply
