"""A Prometheus that scrapes headns: what dashboards and alerts ask it for is there. Theirs are those of CoreDNS that people have (coredns-mixin,
kube-prometheus-stack, kubernetes-mixin's job names, dotdc, the older ones that ask for what CoreDNS has removed), ours are in deploy/monitoring."""

import contextlib
import json
import re
import signal
import subprocess
import textwrap
import urllib.parse

import pytest

import harness
import web
from test_forward import address
from test_pages import WEB0, Corefile, stamped, utc
from upstream import SOA, Upstream, reply_to

MONITORING = harness.ROOT / "deploy" / "monitoring"

# kubeadm's Corefile, but for addresses and the time that the end takes.
KUBEADM = """errors
health 127.0.0.1:0 {{
 lameduck 10ms
}}
ready 127.0.0.1:0
prometheus 127.0.0.1:0
forward . {upstream} {{
 max_concurrent 1000
}}
cache 30
loop
reload
loadbalance"""

CONFIGURATION = """global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files:
  - {rules}
scrape_configs:
  - job_name: kube-dns
    static_configs:
      - targets: ["127.0.0.1:{port}"]
        labels: {{pod: headns-0, namespace: kube-system, cluster: c}}
"""


class Prometheus:
    def __init__(self, process):
        self.process = process
        self.log = harness.Lines(process.stderr)
        self.port = int(self.log.wait(r"Listening on. address=127\.0\.0\.1:(\d+)")[1])
        web.until(self.port, "/-/ready", 200)

    @staticmethod
    @contextlib.contextmanager
    def run(folder, port):
        configuration = folder / "prometheus.yml"
        configuration.write_text(CONFIGURATION.format(rules=MONITORING / "rules.yaml", port=port))
        command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}", "--web.listen-address=127.0.0.1:0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                yield Prometheus(process)
            finally:
                process.terminate()
                process.wait(harness.PATIENCE_S)

    def ask(self, path, **arguments):
        page = web.get(self.port, f"/api/v1/{path}?{urllib.parse.urlencode(arguments)}")
        answer = json.loads(page.text)
        assert answer["status"] == "success", (arguments, answer)
        return answer["data"]

    def query(self, expression):
        return self.ask("query", query=expression)["result"]

    def until(self, expression):
        deadline = harness.Deadline()
        while not (found := self.query(expression)):
            deadline.check(f"nothing is found by {expression}")
        return found


def moods(query, transport):
    """By the name: an address, no such name, a failure."""
    name = query.question[0].name.to_text().lower()
    if name.startswith("no."):
        return reply_to(query, rcode="NXDOMAIN", authority=[SOA])
    return reply_to(query, rcode="SERVFAIL") if name.startswith("fails.") else address(query)


def ask_all_kinds(server, api):
    """So that every series that dashboards ask for has begun."""
    for name in (WEB0, "no.such.svc", "a.example.", "a.example.", "no.example.", "no.example.", "fails.example."):
        for rdtype in ("A", "AAAA"):
            server.ask(name, rdtype)
    server.tcp(harness.make_query(WEB0, "SRV", ednsflags=0x8000))
    server.ask("7.0.244.10.in-addr.arpa.", "PTR")
    api.put(harness.service("web", selector={"app": "web"}, headless=False, cluster_ip="10.96.0.9"))
    pod = harness.pod("web-9", "10.244.0.9", labels={"app": "nginx"}, hostname="web-9", subdomain="nginx")
    api.put(stamped(pod, ready_since=utc().strftime("%Y-%m-%dT%H:%M:%SZ")))
    harness.until(server, "web-9.nginx.default.svc", {"10.244.0.9"})


class Scraped:
    """headns behind kubeadm's Corefile, and a Prometheus that scrapes it."""

    def __init__(self, headns, port, prometheus):
        self.headns, self.port, self.prometheus = headns, port, prometheus


@pytest.fixture
def scraped(need, serve, api, tmp_path):
    """All kinds of questions have been asked, and it was scraped twice since."""
    need("prometheus")
    upstream = Upstream(moods)
    with contextlib.ExitStack() as stack:
        stack.callback(upstream.stop)
        corefile = Corefile(serve, api, tmp_path / "Corefile")
        headns = corefile.start(KUBEADM.format(upstream=upstream.address))
        with Prometheus.run(tmp_path, corefile.port("/metrics")) as prometheus:
            prometheus.until("up == 1")
            ask_all_kinds(headns, api)
            prometheus.until('rate(coredns_dns_responses_total{rcode="SERVFAIL"}[1m]) >= 0')
            yield Scraped(headns, corefile.port("/metrics"), prometheus)


# What others ask for, without the bound that makes an alert of it.
J = 'job="kube-dns"'
THEIRS = [
    # coredns-mixin: alerts
    f"up{{{J}}} == 1",
    f"histogram_quantile(0.99, sum(rate(coredns_dns_request_duration_seconds_bucket{{{J}}}[5m])) without (instance, pod))",
    f"histogram_quantile(0.99, sum(rate(coredns_dns_request_duration_seconds_bucket{{{J}}}[5m])) by (server, zone, le))",
    f'sum without (pod, instance, server, zone, view, rcode, plugin) (rate(coredns_dns_responses_total{{{J},rcode="SERVFAIL"}}[5m])) / sum without (pod, instance, server, zone, view, rcode, plugin) (rate(coredns_dns_responses_total{{{J}}}[5m]))',
    f"histogram_quantile(0.99, sum(rate(coredns_forward_request_duration_seconds_bucket{{{J}}}[5m])) without (pod, instance, rcode))",
    f"histogram_quantile(0.99, sum(rate(coredns_forward_request_duration_seconds_bucket{{{J}}}[5m])) by (to, le))",
    f'sum(rate(coredns_forward_responses_total{{{J},rcode="SERVFAIL"}}[5m])) / sum(rate(coredns_forward_responses_total{{{J}}}[5m]))',
    f"sum(rate(coredns_forward_healthcheck_failures_total{{{J}}}[5m])) by (to)",
    f"sum without (pod, instance) (rate(coredns_forward_healthcheck_broken_total{{{J}}}[5m]))",
    f'histogram_quantile(0.99, sum(rate(coredns_proxy_request_duration_seconds_bucket{{{J},proxy_name="forward"}}[5m])) by (to, le))',
    f"sum(rate(coredns_proxy_healthcheck_failures_total{{{J}}}[5m])) by (to)",
    # coredns-mixin: dashboard
    f'coredns_build_info{{{J},pod="headns-0"}}',
    f"sum(rate(coredns_panics_total{{{J}}}[5m]))",
    f"sum(rate(coredns_dns_requests_total{{{J}}}[5m])) by (type)",
    f"sum(rate(coredns_dns_requests_total{{{J}}}[5m])) by (zone)",
    f'count(coredns_plugin_enabled{{{J},name="kubernetes"}})',
    f"sum(coredns_plugin_enabled{{{J}}}) by (name)",
    f"histogram_quantile(0.5, sum(rate(coredns_kubernetes_dns_programming_duration_seconds_bucket{{{J}}}[5m])) by (le, service_kind))",
    f"histogram_quantile(0.99, sum(rate(coredns_dns_request_size_bytes_bucket{{{J}}}[5m])) by (le))",
    f"histogram_quantile(0.5, sum(rate(coredns_dns_response_size_bytes_bucket{{{J}}}[5m])) by (le))",
    f"sum(rate(coredns_cache_hits_total{{{J}}}[5m])) / (sum(rate(coredns_cache_hits_total{{{J}}}[5m])) + sum(rate(coredns_cache_misses_total{{{J}}}[5m])))",
    f"sum(coredns_cache_entries{{{J}}}) by (type)",
    f"process_resident_memory_bytes{{{J}}}",
    f"rate(process_cpu_seconds_total{{{J}}}[5m])",
    f"go_goroutines{{{J}}}",
    # kube-prometheus-stack: k8s-coredns
    f'count by (cluster, job, instance) (coredns_dns_requests_total{{{J},cluster="c"}})',
    f"sum(rate(coredns_dns_request_count_total{{{J}}}[5m])) by (proto) or sum(rate(coredns_dns_requests_total{{{J}}}[5m])) by (proto)",
    f"sum(rate(coredns_dns_request_type_count_total{{{J}}}[5m])) by (type) or sum(rate(coredns_dns_requests_total{{{J}}}[5m])) by (type)",
    f"sum(rate(coredns_dns_request_do_count_total{{{J}}}[5m])) or sum(rate(coredns_dns_do_requests_total{{{J}}}[5m]))",
    f'histogram_quantile(0.9, sum(rate(coredns_dns_request_size_bytes_bucket{{{J},proto="udp"}}[5m])) by (le, proto))',
    f'histogram_quantile(0.99, sum(rate(coredns_dns_request_size_bytes_bucket{{{J},proto="tcp"}}[5m])) by (le, proto))',
    f'histogram_quantile(0.99, sum(rate(coredns_dns_response_size_bytes_bucket{{{J},proto="tcp"}}[5m])) by (le, proto))',
    f"sum(rate(coredns_dns_response_rcode_count_total{{{J}}}[5m])) by (rcode) or sum(rate(coredns_dns_responses_total{{{J}}}[5m])) by (rcode)",
    f"histogram_quantile(0.9, sum(rate(coredns_dns_request_duration_seconds_bucket{{{J}}}[5m])) by (le, job))",
    f'sum(coredns_cache_entries{{{J},type="denial"}})',
    f"sum(rate(coredns_cache_hits_total{{{J}}}[5m])) by (type)",
    f"sum(rate(coredns_cache_misses_total{{{J}}}[5m])) or sum(rate(coredns_cache_requests_total{{{J}}}[5m]))",
    # dotdc: k8s-system-coredns
    'sum(rate(coredns_proxy_request_duration_seconds_count{proxy_name="forward"}[5m])) by (rcode)',
    "sum(rate(coredns_forward_requests_total[5m]))",
    "sum(rate(coredns_forward_responses_total[5m])) by (rcode)",
    # others
    "increase(coredns_forward_max_concurrent_rejects_total[5m])",
    'sum(rate(coredns_proxy_conn_cache_misses_total{proto="udp"}[5m]))',
    'sum(rate(coredns_kubernetes_rest_client_requests_total{code="200"}[5m])) by (host)',
    "histogram_quantile(0.99, sum(rate(coredns_kubernetes_rest_client_request_duration_seconds_bucket[5m])) by (verb, host, le))",
    "rate(coredns_health_request_duration_seconds_count[5m])",
    "coredns_reload_failed_total + coredns_health_request_failures_total",
    "process_open_fds / process_max_fds",
    "time() - process_start_time_seconds",
]


def test_expressions_of_others_find_their_series(scraped):
    for expression in THEIRS:
        scraped.prometheus.until(expression)
    assert not scraped.prometheus.query("kubernetes_build_info")  # kubernetes-mixin compares it with that of Kubernetes' own


def test_a_scrape_is_whole(scraped):
    """Prometheus takes it as it is, and none of it twice."""
    (target,) = scraped.prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    (samples,) = scraped.prometheus.query("scrape_samples_scraped")
    assert int(samples["value"][1]) == len(web.metrics(scraped.port).samples)
    kinds = {name: entries[0]["type"] for name, entries in scraped.prometheus.ask("metadata").items() if not name.startswith(("scrape_", "up"))}
    assert kinds == web.metrics(scraped.port).types


# A selector, not a function or the name of a label.
SELECTOR = re.compile(r"\b(?:coredns|headns|process|go)_[a-z0-9_]+\b(?:\{[^}]*\})?|\bup\{[^}]*\}")


def test_our_dashboard_finds_its_series(scraped):
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    assert len(expressions) > 30
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    for expression in expressions:
        expression = expression.replace("$__rate_interval", "1m").replace("$job", "kube-dns|coredns").replace("$instance", ".*")
        assert "$" not in expression
        scraped.prometheus.until(expression)
        for selector in SELECTOR.findall(expression):
            assert scraped.prometheus.query(f"count({selector})"), selector
    for variable in dashboard["templating"]["list"]:
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable.get("definition", ""))
        if match:
            values = scraped.prometheus.ask(f"label/{match[2]}/values", **{"match[]": match[1].replace("$job", ".*")})
            assert values, variable


def test_our_alerts_find_their_series(scraped):
    """Each of the series that they ask for is there, but for failures of the API server; nothing fires, and nothing is wrong with a rule."""
    (group,) = scraped.prometheus.ask("rules")["groups"]
    rules = group["rules"]
    assert len(rules) >= 13
    for rule in rules:
        assert (rule["health"], rule.get("lastError", "")) == ("ok", ""), rule
        for selector in SELECTOR.findall(rule["query"]):
            scraped.prometheus.until(f"count({re.sub(r',? *code=~.*(?=})', '', selector)})")
        assert rule["state"] != "firing", rule


def test_what_is_wrong_raises_alerts(scraped):
    """It answers nobody, but is not gone."""
    scraped.headns.process.send_signal(signal.SIGSTOP)
    scraped.prometheus.until("up == 0")
    scraped.prometheus.until('ALERTS{alertname="HeadnsDown", alertstate="pending"}')
    scraped.headns.process.send_signal(signal.SIGCONT)
    scraped.prometheus.until("up == 1")


# --- files ---


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=harness.PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules(need):
    need("promtool")
    promtool("check", "rules", MONITORING / "rules.yaml")
    promtool("test", "rules", MONITORING / "rules_test.yaml")


def test_both_files_have_the_same_rules():
    rules = (MONITORING / "rules.yaml").read_text()
    groups = rules[rules.index("groups:") :]
    assert (MONITORING / "prometheusrule.yaml").read_text().endswith("spec:\n" + textwrap.indent(groups, "  "))
