"""Certificates made by openssl for one test: authorities, and what they sign."""

import os
import shutil
import subprocess
import tempfile


def _openssl(*arguments, stdin=None):
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl {arguments}: {done.stderr.decode()}")
    return done.stdout


class Certificates:
    """with Certificates() as made: made.ca, made.issue("a.example") -> (cert, key)"""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="frontdoor-tls-")
        self._count = 0
        self.ca, self._ca_key = self.authority("test authority")

    def path(self, name):
        return os.path.join(self.directory, name)

    def _fresh(self):
        self._count += 1
        return self.path(f"cert-{self._count}.pem"), self.path(f"key-{self._count}.pem")

    def authority(self, name):
        cert, key = self._fresh()
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                 cert, "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE")
        return cert, key

    def authority_below(self, name):
        """One that the authority has signed, as those that people get certificates from are."""
        cert, key = self._fresh()
        request = _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
                           f"/CN={name}")
        extensions = self.path(f"extensions-{self._count}")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write("basicConstraints = critical,CA:TRUE\n")
        _openssl("x509", "-req", "-CA", self.ca, "-CAkey", self._ca_key, "-CAcreateserial", "-days", "30", "-out", cert,
                 "-extfile", extensions, stdin=request)
        return cert, key

    def chain(self, *certs):
        """One file of them, in this order."""
        path = self.path("chain-" + "-".join(os.path.basename(cert) for cert in certs))
        with open(path, "w", encoding="utf-8") as file:
            for cert in certs:
                with open(cert, encoding="utf-8") as part:
                    file.write(part.read())
        return path

    def issue(self, *names, rsa=False, days=30, by=None, subject=None, usage="serverAuth", not_after=None):
        """A certificate for these names, signed by the authority (or the (cert, key) of `by`), with its key."""
        ca, ca_key = by or (self.ca, self._ca_key)
        cert, key = self._fresh()
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        request = _openssl("req", "-new", "-newkey", *kind, "-nodes", "-keyout", key, "-subj",
                           subject or f"/CN={names[0] if names else 'nobody'}")
        extensions = self.path(f"extensions-{self._count}")
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"extendedKeyUsage = {usage}\n")
            if names:
                kinds = ["IP" if name.replace(".", "").isdigit() or ":" in name else "DNS" for name in names]
                file.write("subjectAltName = " + ",".join(f"{kind}:{name}" for kind, name in zip(kinds, names)) + "\n")
        _openssl("x509", "-req", "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", str(days), "-out", cert,
                 "-extfile", extensions, stdin=request)
        return cert, key

    def staple(self, cert, into, expired=False, revoked=False):
        """An OCSP response of the authority about this certificate, put there in one moment."""
        serial = _openssl("x509", "-in", cert, "-noout", "-serial").decode().strip().split("=")[1]
        index = self.path("index.txt")
        state = "R\t491231235959Z\t200101000000Z" if revoked else "V\t491231235959Z\t"
        with open(index, "w", encoding="utf-8") as file:
            file.write(f"{state}\t{serial}\tunknown\t/CN=x\n")
        made = self.path("staple.der")
        _openssl("ocsp", "-index", index, "-CA", self.ca, "-rsigner", self.ca, "-rkey", self._ca_key, "-issuer", self.ca,
                 "-cert", cert, "-nmin", "600", "-respout", made)
        if expired:  # no tool makes one; its signature is the clients' to check
            with open(made, "rb") as file:
                der = file.read()
            head, mark, rest = der.rpartition(b"\xa0\x11\x18\x0f")  # nextUpdate
            with open(made, "wb") as file:
                file.write(head + mark + b"20200101000000Z" + rest[15:])
        replace(made, into)

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def replace(source, target):
    """As those do that know how: another file by the same name, in one moment."""
    shutil.copy(source, target + ".new")
    os.replace(target + ".new", target)


def fingerprint(cert):
    """Of the first certificate in a PEM file: its DER, as a TLS client sees it."""
    return _openssl("x509", "-in", cert, "-outform", "DER")
