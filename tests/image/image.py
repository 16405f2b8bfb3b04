"""An image as deploy/build writes it, unpacked, and containers of it that runc runs as a kubelet has them run."""

import gzip
import itertools
import json
import os
import signal
import subprocess
from pathlib import Path

import harness

ROOT = Path(__file__).resolve().parents[2]
CAPABILITY = "CAP_NET_BIND_SERVICE"


class Image:
    def __init__(self, arch, folder):
        self.arch = arch
        packed = folder / "packed"
        self.root = folder / "root"
        for path in (packed, self.root):
            path.mkdir()
        unpack(ROOT / "build" / "image" / f"headns-{arch}.tar", packed)
        (manifest,) = json.loads((packed / "manifest.json").read_text())
        self.about = json.loads((packed / manifest["Config"]).read_text())
        self.layers = [packed / layer for layer in manifest["Layers"]]
        for layer in self.layers:
            unpack(layer, self.root)

    def compressed_size(self):
        return sum(len(gzip.compress(layer.read_bytes())) for layer in self.layers)


def unpack(archive, folder):
    subprocess.run(["tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", archive, "-C", folder], check=True)


# --- as a kubelet has it run ---


def seccomp_of_runtimes():
    """What container runtimes take for the profile RuntimeDefault, of the form that runc reads, for a process with that one capability."""
    profile = json.loads(Path("/usr/share/containers/seccomp.json").read_text())

    def counts(rule):
        includes, excludes = rule.get("includes", {}), rule.get("excludes", {})
        return (
            set(includes.get("caps", [])) <= {CAPABILITY}
            and CAPABILITY not in excludes.get("caps", [])
            and "amd64" in includes.get("arches", ["amd64"])
            and "amd64" not in excludes.get("arches", [])
        )

    def form(rule):
        plain = {key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key)}
        return {**plain, "args": [{k: v for k, v in a.items() if k in ("index", "value", "valueTwo", "op")} for a in rule.get("args") or []]}

    rules = [form(rule) for rule in profile["syscalls"] if counts(rule)]
    return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": rules}


def configuration(image, arguments, *, binds, env, user, capabilities):
    """Read-only, without new privileges and with no other network than ours."""
    about = image.about["config"]
    uid, gid = map(int, (user or about["User"]).split(":"))
    read_only = [{"destination": where, "type": "bind", "source": str(source), "options": ["rbind", "ro"]} for where, source in binds.items()]
    return {
        "ociVersion": "1.0.2",
        "root": {"path": str(image.root), "readonly": True},
        "process": {
            "user": {"uid": uid, "gid": gid},
            "args": [*about["Entrypoint"], *map(str, arguments)],
            "env": [*about["Env"], *(f"{name}={value}" for name, value in env.items())],
            "cwd": about["WorkingDir"],
            "capabilities": {kind: capabilities for kind in ("bounding", "effective", "permitted")},
            "noNewPrivileges": True,
        },
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            *read_only,
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
            "seccomp": seccomp_of_runtimes(),
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger"],
        },
    }


numbers = itertools.count(1)


class Container:
    """One that runs until stop(), or to its end by itself: wait_end()."""

    def __init__(self, image, folder, *arguments, binds=None, env=None, user=None, capabilities=(CAPABILITY,)):
        self.name = f"headns-{os.getpid()}-{next(numbers)}"
        self.state = folder / "runc"
        bundle = folder / self.name
        bundle.mkdir(parents=True)
        config = configuration(image, arguments, binds=binds or {}, env=env or {}, user=user, capabilities=list(capabilities))
        (bundle / "config.json").write_text(json.dumps(config, indent=1))
        self.process = subprocess.Popen(
            ["runc", "--root", self.state, "run", "--bundle", bundle, self.name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.log = harness.Lines(self.process.stderr)

    def first_process(self):
        state = subprocess.run(["runc", "--root", self.state, "state", self.name], check=True, capture_output=True, text=True)
        return json.loads(state.stdout)["pid"]

    def stop(self):
        """Its log; it must end cleanly."""
        self.process.send_signal(signal.SIGTERM)
        assert self.wait_end() == 0, self.log.join()
        return self.log.join()

    def wait_end(self):
        try:
            return self.process.wait(harness.PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
