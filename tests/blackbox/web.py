"""Pages over HTTP: what a kubelet and Prometheus see."""

import http.client
import re

import harness


class Page:
    """A response."""

    def __init__(self, response):
        self.status, self.type = response.status, response.getheader("Content-Type")
        self.headers = dict(response.getheaders())
        self.text = response.read().decode()


def get(port, path, method="GET", host="127.0.0.1", body=None):
    connection = http.client.HTTPConnection(host, port, timeout=harness.PATIENCE_S)
    try:
        connection.request(method, path, body=body)
        return Page(connection.getresponse())
    finally:
        connection.close()


def until(port, path, status):
    """Asks until the page has that status."""
    deadline = harness.Deadline()
    while True:
        page = get(port, path)
        if page.status == status:
            return page
        deadline.check(f"{path} is {page.status}, not {status}: {page.text!r}")


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def labels_of(text):
    """{name: value}; what is no list of labels is an error."""
    labels, at = {}, 0
    while at < len(text):
        match = LABEL.match(text, at)
        assert match, f"no label at {text[at:]!r}"
        assert match[1] not in labels, f"{match[1]} is there twice"
        labels[match[1]] = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
    return labels


class Metrics:
    """A text of the exposition format 0.0.4, checked as a strict reader would."""

    def __init__(self, text):
        self.samples, self.types, self.text = {}, {}, text
        family = None
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                assert family not in self.types, f"{family} begins twice"
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and kind in ("counter", "gauge", "histogram")
                self.types[name] = kind
            else:
                self._take(family, line)
        self._check_histograms()

    def _take(self, family, line):
        match = SAMPLE.match(line)
        assert match, f"no sample: {line!r}"
        name, labels = match[1], tuple(sorted(labels_of(match[2] or "").items()))
        suffixes = ("_bucket", "_sum", "_count") if self.types[family] == "histogram" else ("",)
        assert name in [family + suffix for suffix in suffixes], f"{name} stands in the family {family}"
        assert (name, labels) not in self.samples, f"{line!r} is there twice"
        value = float(match[3])
        assert self.types[family] == "gauge" or value >= 0
        self.samples[name, labels] = value

    def _check_histograms(self):
        for name in (n for n, kind in self.types.items() if kind == "histogram"):
            series = {}
            for (sample, labels), value in self.samples.items():
                if sample == name + "_bucket":
                    le = float(dict(labels)["le"])
                    series.setdefault(tuple(l for l in labels if l[0] != "le"), []).append((le, value))
            for labels, buckets in series.items():
                values = [value for _, value in sorted(buckets)]
                assert values == sorted(values), f"{name}{labels} does not grow"
                assert max(buckets)[0] == float("inf")
                assert values[-1] == self.samples[name + "_count", labels]
                assert (name + "_sum", labels) in self.samples

    def find(self, name, **labels):
        """{labels: value} of all samples that have these labels."""
        return {l: v for (n, l), v in self.samples.items() if n == name and labels.items() <= dict(l).items()}

    def sum(self, name, **labels):
        return sum(self.find(name, **labels).values())

    def one(self, name, **labels):
        found = self.find(name, **labels)
        assert len(found) == 1, f"{name} {labels}: {found}"
        return next(iter(found.values()))


def metrics(port):
    page = get(port, "/metrics")
    assert page.status == 200, page.text
    assert page.type == "text/plain; version=0.0.4; charset=utf-8"
    return Metrics(page.text)
