"""Commands inside `headns run`, as one user."""

import subprocess
import tempfile
from pathlib import Path

import harness

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"]


class Place:
    """Runs commands inside `headns run`, as one user."""

    def __init__(self, stage, user):
        self.stage, self.user = stage, user
        self.temporary = Path(tempfile.mkdtemp(dir=stage))
        self.temporary.chmod(0o777)

    def command(self, *arguments):
        return [*(NOBODY if self.user == "ordinary" else []), *harness.WRAP, str(self.stage / "headns"), "run", *map(str, arguments)]

    def start(self, *arguments, **options):
        env = harness.environment({"TMPDIR": str(self.temporary), "HOME": str(self.temporary), **options.pop("env", {})})
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen(self.command(*arguments), env=env, cwd=self.stage, **options)

    def run(self, *arguments, manifest="zones/nginx-observed.yaml", options=(), input=None):
        """Runs a command in the observed cluster; returns its result."""
        process = self.start(*options, manifest, "--", *arguments, **({"stdin": subprocess.PIPE} if input is not None else {}))
        out, err = process.communicate(input, timeout=harness.PATIENCE_S)
        harness.check_sanitizer(err)
        assert process.returncode != 99, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def output(self, *arguments, **options):
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
