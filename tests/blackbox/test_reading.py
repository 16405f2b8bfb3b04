"""What people's manifests look like beside what is right in them: it is read, or a line says what is not and what to do."""

import re

import pytest

import harness
from harness import service, write_manifest


def svc(name, extra=""):
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n{extra}spec:\n  ports: [{{port: 80}}]\n"


HEADLESS = "apiVersion: v1\nkind: Service\nmetadata: {name: nginx}\nspec: {clusterIP: None, selector: {app: nginx}, ports: [{port: 80, name: web}]}\n"


def stateful_set(version="apps/v1", kind="StatefulSet"):
    return (
        f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  serviceName: nginx\n  replicas: 2\n"
        "  selector: {matchLabels: {app: nginx}}\n  template: {metadata: {labels: {app: nginx}}}\n"
    )


SERVICE_LIST = (
    '{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"nginx"},'
    '"spec":{"clusterIP":"None","selector":{"app":"nginx"},"ports":[{"port":80,"name":"web"}]}}]}'
)
STATEFUL_SET_LIST = (
    '{"kind":"StatefulSetList","apiVersion":"apps/v1","metadata":{},"items":[{"metadata":{"name":"web"},"spec":{"serviceName":"nginx","replicas":2,'
    '"selector":{"matchLabels":{"app":"nginx"}},"template":{"metadata":{"labels":{"app":"nginx"}}}}}]}'
)
SECRET_TWICE = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: Opaque\ntype: other\n"
SURROGATES = '{"apiVersion":"v1","kind":"Service","metadata":{"name":"db","annotations":{"a":"\\ud83d\\ude00 \\/ \\u0000 \\ud83d"}},"spec":{"ports":[{"port":80}]}}'
DEEP = '{"apiVersion":"example.com/v1","kind":"Deep","spec":' + "[" * 5000 + "]" * 5000 + "}\n"
FLOW = "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: e}\nspec: {addresses: [1.2.3.4, 001:db8::, ::1]}\n---\n"

# What; the file's name; its octets; A records by name; what a line says, or None: nothing is said.
READ = [
    ("a key twice", "m.yaml", svc("db", "  labels:\n    app: a\n    app: b\n"), {"db": 1}, r'm\.yaml:7: the key "app" is given twice, first in line 6'),
    ("a key twice in a kind that is left out", "m.yaml", SECRET_TWICE + "---\n" + svc("db"), {"db": 1}, None),
    ("a name to be made up", "m.yaml", HEADLESS + "---\napiVersion: v1\nkind: Pod\nmetadata: {generateName: web-, labels: {app: nginx}}\n", {"nginx": 1}, None),
    ("escapes of JSON in YAML", "m.yaml", SURROGATES, {"db": 1}, None),
    ("the same as JSON", "m.json", SURROGATES, {"db": 1}, None),
    ("deep nests that nothing reads", "m.json", DEEP + SURROGATES, {"db": 1}, None),
    ("a mark at a later document", "m.yaml", svc("a") + "---\n\ufeff" + svc("b"), {"a": 1, "b": 1}, None),
    ("typed lists, one after another", "m.json", SERVICE_LIST + STATEFUL_SET_LIST, {"nginx": 2, "web-1.nginx": 1}, None),
    ("UTF-16, as PowerShell writes it", "m.yaml", (HEADLESS + "---\n" + stateful_set()).encode("utf-16"), {"nginx": 2}, None),
    ("UTF-16 the other way round", "m.yaml", ("\ufeff" + HEADLESS + "---\n" + stateful_set()).encode("utf-16-be"), {"nginx": 2}, None),
    ("a comment in Latin-1", "m.yaml", ("# déjà vu\n" + svc("db")).encode("latin-1"), {"db": 1}, None),
    ("IPv6 in a flow list", "m.yaml", FLOW + svc("db"), {"db": 1}, None),
    ("an old version", "m.yaml", HEADLESS + "---\n" + stateful_set("apps/v1beta1"), {"nginx": 0}, r"warning: m\.yaml:6: apps/v1beta1 StatefulSet is left out: .*apps/v1"),
    ("a slip of the pen", "m.yaml", HEADLESS + "---\n" + stateful_set(kind="Statefulset"), {"nginx": 0}, r"warning: m\.yaml:6: .*is StatefulSet meant"),
]


def dump(folder, *arguments, stdin=None):
    done = harness.run_headns("dump", *arguments, cwd=folder, stdin=stdin)
    return done.returncode, done.stdout, done.stderr


def count(zone, name):
    return len(re.findall(rf"^{re.escape(name)}\.default\.svc\.cluster\.local\.\s+\d+\s+IN\s+A\s", zone, re.M))


@pytest.mark.parametrize("name, octets, counts, says", [pytest.param(*row[1:], id=row[0]) for row in READ])
def test_what_is_read(tmp_path, name, octets, counts, says):
    (tmp_path / name).write_bytes(octets if isinstance(octets, bytes) else octets.encode())
    status, zone, said = dump(tmp_path, name)
    assert status == 0, said
    assert {n: count(zone, n) for n in counts} == counts
    assert re.search(says, said) if says else not said


WRONG_YAML = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {a: b}\n"


@pytest.mark.parametrize("wrong", [WRONG_YAML, "a: *x\n", "a: 'b\n", "\ta: b\n", "a: [\n", "- [" * 20000 + "\n"])
def test_lenient_goes_on_at_the_next_document(tmp_path, wrong):
    (tmp_path / "m.yaml").write_text(svc("before") + "---\n" + wrong + "---\n" + svc("after"))
    status, zone, said = dump(tmp_path, "--lenient", "m.yaml")
    assert status == 0
    assert (count(zone, "before"), count(zone, "after")) == (1, 1)
    assert re.fullmatch(r"headns: warning: m\.yaml:\d+: .*\n", said)


def test_all_that_is_wrong_is_named(tmp_path):
    """With the line of each, but no more than 20 of a file."""
    wrong = "---\na: [\n---\n" + svc("a_b")
    (tmp_path / "m.yaml").write_text(svc("first") + wrong * 3)
    status, zone, said = dump(tmp_path, "m.yaml")
    assert status == 1 and not zone
    assert [int(n) for n in re.findall(r"m\.yaml:(\d+): not YAML", said)] == [9, 18, 27]
    assert [int(n) for n in re.findall(r"m\.yaml:(\d+): Service default/a_b", said)] == [13, 22, 31]

    (tmp_path / "m.yaml").write_text(wrong * 30)
    assert dump(tmp_path, "m.yaml")[2].count("m.yaml:") == 20
    assert "… and 40 more" in dump(tmp_path, "m.yaml")[2]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n", '{"apiVersion":"v1","kind":"List","items":[]}'])
@pytest.mark.parametrize("options", [(), ("--lenient",)])
def test_a_standard_input_without_any_object(tmp_path, text, options):
    """`kubectl get … | headns …` with a kubectl that failed."""
    status, zone, said = dump(tmp_path, *options, "-", stdin=text)
    assert status == 1 and not zone
    assert "stdin: there is no object in it" in said
    assert dump(tmp_path, "-", stdin="apiVersion: v1\nkind: ConfigMap\n")[0] == 0


def test_a_chart(tmp_path):
    """One line says what it is, and one of its first template; nothing leads to reading the others."""
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    for name in ("a", "b"):
        (tmp_path / "chart" / "templates" / f"{name}.yaml").write_text(svc("{{ .Release.Name }}"))
    said = harness.run_headns("dump", "chart", cwd=tmp_path).stderr
    assert "warning: chart: this is a Helm chart: helm template --no-hooks chart | headns serve -" in said and "sub-folder" not in said
    said = harness.run_headns("dump", "chart/templates", cwd=tmp_path).stderr
    assert len(re.findall("error: chart/templates/[ab].yaml:4", said)) == 2 and said.count("it has {{") == 1, said


def test_a_kustomization(tmp_path):
    """Whatever is in it: a warning, and the folder's manifests as they are."""
    for name, text in (("kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"), ("Kustomization", "{{"), ("kustomization.yml", "")):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_text(text)
        (folder / "db.yaml").write_text(svc("db"))
        status, zone, said = dump(tmp_path, folder.name)
        assert status == 0 and count(zone, "db") == 1
        assert f"kubectl kustomize {folder.name} | headns serve -" in said


def test_sub_folders(tmp_path):
    (tmp_path / "all" / "a" / "b").mkdir(parents=True)
    (tmp_path / "all" / "a" / "b" / "db.yaml").write_text(svc("db"))
    status, _, said = dump(tmp_path, "all")
    assert status == 1 and "-R" in said
    for option in ("-R", "--recursive"):
        status, zone, said = dump(tmp_path, option, "all")
        assert status == 0 and not said and count(zone, "db") == 1


def test_a_template(tmp_path):
    (tmp_path / "m.yaml").write_text("{{- if .Values.on }}\n" + svc("{{ .Release.Name }}") + "{{- end }}\n")
    status, _, said = dump(tmp_path, "m.yaml")
    assert status == 1 and "helm template --no-hooks CHART | headns serve -" in said


def test_new_sub_folders_are_watched(tmp_path, serve):
    """An edit, a new folder, and a file in a folder that was new."""
    folder = tmp_path / "all"
    (folder / "a").mkdir(parents=True)
    write_manifest(folder / "a" / "1.yaml", service("one", headless=False, cluster_ip="10.0.0.71"))
    server = serve("-R", folder)
    assert server.addresses_of("one.default.svc") == {"10.0.0.71"}
    (folder / "b" / "c").mkdir(parents=True)
    write_manifest(folder / "b" / "c" / "2.yaml", service("two", headless=False, cluster_ip="10.0.0.72"))
    harness.until(server, "two.default.svc", {"10.0.0.72"})
    write_manifest(folder / "b" / "c" / "3.yaml", service("three", headless=False, cluster_ip="10.0.0.73"))
    harness.until(server, "three.default.svc", {"10.0.0.73"})
    write_manifest(folder / "a" / "1.yaml", service("one", headless=False, cluster_ip="10.0.0.74"))
    harness.until(server, "one.default.svc", {"10.0.0.74"})


def laughs():
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(lines) + "\n"


def test_bombs_cost_their_document(tmp_path):
    """Each is bounded, and what follows is read."""
    bombs = [laughs(), "a: " + "[" * 100000 + "\n", "a: " + "{a: " * 100000 + "\n", "? " * 20000 + "\n"]
    (tmp_path / "m.yaml").write_text("---\n".join(bombs * 3) + "---\n" + svc("db"))
    status, zone, said = dump(tmp_path, "--lenient", "m.yaml")
    assert status == 0 and count(zone, "db") == 1
    assert said.count("warning: m.yaml:") == 12
