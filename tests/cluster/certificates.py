"""The certificates of a test's control plane, by openssl."""

import subprocess

SERVER = "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,DNS:kubernetes,IP:127.0.0.1,IP:192.168.77.1,IP:10.0.0.1"
CLIENT = "extendedKeyUsage=clientAuth"
SUBJECTS = {
    "apiserver": ("/CN=kube-apiserver", SERVER),
    "admin": ("/O=system:masters/CN=admin", CLIENT),
    "controllers": ("/CN=system:kube-controller-manager", CLIENT),
    "headns": ("/CN=headns", CLIENT),
}


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def make_all(folder, subjects=SUBJECTS):
    """ca and all subjects as .crt and .key, and service-accounts.key."""
    folder.mkdir(parents=True, exist_ok=True)
    ca, ca_key = folder / "ca.crt", folder / "ca.key"
    make_key(ca_key)
    openssl(
        *("req", "-x509", "-new", "-key", ca_key, "-days", "30", "-subj", "/CN=test-ca", "-out", ca),
        *("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,digitalSignature"),
    )
    make_key(folder / "service-accounts.key")
    for name, (subject, extensions) in subjects.items():
        key, request, extra = (folder / f"{name}.{end}" for end in ("key", "csr", "ext"))
        make_key(key)
        extra.write_text("keyUsage=critical,digitalSignature\n" + extensions + "\n")
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
        signing = ("-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "30", "-extfile", extra)
        openssl("x509", "-req", "-in", request, *signing, "-out", folder / f"{name}.crt")
