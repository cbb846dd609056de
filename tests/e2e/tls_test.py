#!/usr/bin/env python3
"""TLS to clients: real ones, over the real program."""

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

from support import App, Client, Frontdoor, binary, curl, eventually, main, pool
from support.admin import command
from support.certificates import Certificates, fingerprint, replace
from support.client import connect


class TlsClient(Client):
    """A Client that speaks TLS."""

    def __init__(self, address, context, name="a.example", session=None):
        super().__init__(address)
        self.plain = self.socket
        self.socket = context.wrap_socket(self.plain, server_hostname=name, session=session)

    def shown(self):
        return self.socket.getpeercert(binary_form=True)


def listener(certificates, more="", name="https"):
    list_of = ", ".join(f"{{ cert = {json.dumps(cert)}, key = {json.dumps(key)} }}" for cert, key in certificates)
    return f'[[listener]]\nname = "{name}"\naddress = "127.0.0.1:0"\n[listener.tls]\ncertificates = [{list_of}]\n{more}\n'


class WithCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.made = cls.enterClassContext(Certificates())
        cls.app = cls.enterClassContext(App("app"))
        cls.a = cls.made.issue("a.example", "*.wild.example", "127.0.0.1")

    def context(self, version=None, protocols=(), ca=None):
        context = ssl.create_default_context(cafile=ca or self.made.ca)
        if version:
            context.minimum_version = context.maximum_version = version
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    @contextlib.contextmanager
    def door(self, certificates=None, more="", after="", listeners="", workers=2, config=None):
        head = listener(certificates or [self.a], more) + listeners
        with Frontdoor((config or pool("app", [self.app])) + after, listeners=head, workers=workers) as door:
            door.address_of = door.addresses.get
            self.wait_until_up(door)
            yield door

    def wait_until_up(self, door):
        eventually(lambda: [e for e in door.events() if "upstream up" in str(e)], "the app is up")

    def https(self, door):
        return door.addresses.get("https") or door.address


class Termination(WithCertificates):
    def test_curl_gets_posts_and_keeps_its_connection(self):
        with self.door() as door:
            port = self.https(door).rsplit(":", 1)[1]
            options = ["--cacert", self.made.ca, "--resolve", f"a.example:{port}:127.0.0.1"]
            done = subprocess.run(
                ["curl", "-sS", "--max-time", "20", *options, "-w", "%{num_connects}\n", f"https://a.example:{port}/received",
                 "-o", "/dev/null", f"https://a.example:{port}/received", "-o", "/dev/null"],
                capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, "1\n0\n"), done.stderr)
            body = b"x" * 300_000
            done = subprocess.run(["curl", "-sS", "--max-time", "20", *options, "--data-binary", "@-",
                                   f"https://a.example:{port}/echo"], input=body, capture_output=True, check=False)
            self.assertEqual(done.stdout, body, done.stderr)

    def test_both_versions_and_what_the_app_and_the_log_are_told(self):
        with self.door() as door:
            for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
                with TlsClient(self.https(door), self.context(version)) as client:
                    headers = client.get("/received", host="a.example").json()["headers"]
                    self.assertEqual(headers["x-forwarded-proto"], "https")
                    self.assertEqual(client.get("/received", host="a.example").status, 200)
                    cipher = client.socket.cipher()[0]
                line = eventually(lambda: [line for line in door.access() if line.get("tls") == name], "its line")[0]
                self.assertEqual((line["tls_server_name"], line["tls_resumed"]), ("a.example", False))
                self.assertEqual(line["tls_cipher"], cipher)

    def test_old_versions_and_plain_ciphers_are_refused(self):
        with self.door() as door, self.door(more='min_version = "1.3"') as strict:
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
            old.set_ciphers("ALL:@SECLEVEL=0")
            self.refused(door, old)
            self.refused(strict, self.context(ssl.TLSVersion.TLSv1_2))
            weak = self.context(ssl.TLSVersion.TLSv1_2)
            weak.set_ciphers("AES128-SHA256:ECDHE-ECDSA-AES128-SHA256")
            self.refused(door, weak)
            eventually(lambda: [e for e in door.events() if "TLS handshakes failed" in str(e)], "that they are told of")

    def refused(self, door, context):
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            TlsClient(self.https(door), context).close()

    def test_the_certificate_is_the_one_that_the_client_asks_for(self):
        b = self.made.issue("b.example")
        rsa = self.made.issue("a.example", rsa=True)
        with self.door([self.a, b, rsa]) as door:
            cases = [("a.example", self.a), ("A.Example", self.a), ("x.wild.example", self.a), ("b.example", b)]
            for name, (cert, _) in cases:
                with TlsClient(self.https(door), self.context(), name) as client:
                    self.assertEqual(client.shown(), fingerprint(cert), name)
            unchecked = self.context()
            unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
            for name in ("c.example", None):
                with TlsClient(self.https(door), unchecked, name) as client:
                    self.assertEqual(client.shown(), fingerprint(self.a[0]), "the first one")
            only_rsa = self.context(ssl.TLSVersion.TLSv1_2)
            only_rsa.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
            with TlsClient(self.https(door), only_rsa) as client:
                self.assertEqual(client.shown(), fingerprint(rsa[0]))

    def test_the_chain_is_sent_in_its_order_whatever_the_files_is(self):
        first, second = self.made.authority_below("first"), self.made.authority_below("second")
        a, b = self.made.issue("a.example", by=first), self.made.issue("b.example", by=second)
        files = [(self.made.chain(a[0], first[0]), a[1]),
                 (self.made.chain(b[0], self.made.ca, second[0]), b[1])]  # the wrong order: check warns of it
        with self.door(files) as door:
            for name, (cert, _), (above, _) in (("a.example", a, first), ("b.example", b, second)):
                for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                    with TlsClient(self.https(door), self.context(version), name) as client:  # it knows the root alone
                        self.assertEqual(client.shown(), fingerprint(cert))
                port = self.https(door).rsplit(":", 1)[1]
                told = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, "-showcerts"],
                                      input="", capture_output=True, text=True, check=False).stdout
                subjects = [line.split(":", 1)[1].strip() for line in told.splitlines() if line.strip()[1:3] == " s"]
                self.assertEqual(subjects[:2], [f"CN = {name}", f"CN = {'first' if above == first[0] else 'second'}"], told)

    def test_protocols_are_agreed_on(self):
        with self.door() as door:
            with TlsClient(self.https(door), self.context(protocols=("foo", "http/1.1"))) as client:
                self.assertEqual(client.socket.selected_alpn_protocol(), "http/1.1")
                self.assertEqual(client.get("/", host="a.example").status, 200)
            self.refused(door, self.context(protocols=("foo",)))

    def test_plain_http_is_told_that_this_is_tls(self):
        with self.door() as door:
            for request in ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE"):
                with Client(self.https(door)) as client:
                    client.send(request)
                    answer = client.read_response()
                    self.assertEqual((answer.status, answer.header("Connection")), (400, "close"), request)
                    self.assertIn("plain_http_to_tls", answer.text)
                    self.assertTrue(client.at_end())
            with Client(self.https(door)) as client:
                client.send(b"\x00\x01\x02\x03\x04\x05\x06\x07")
                client.read_to_end()
            eventually(lambda: any(line["outcome"] == "plain_http_to_tls" for line in door.access()), "a line")

    def test_a_handshake_that_does_not_end_is_ended(self):
        with self.door(after='[timeouts]\ntls_handshake = "300ms"\n') as door:
            with Client(self.https(door)) as silent, Client(self.https(door)) as begun:
                begun.send(b"\x16\x03\x01\x02")
                started = time.monotonic()
                self.assertEqual((silent.read_to_end(), begun.read_to_end()), (b"", b""))
                self.assertLess(time.monotonic() - started, 15)
            eventually(lambda: [e for e in door.events() if "timeouts.tls_handshake" in str(e)], "the event")

    def test_many_half_open_handshakes_keep_nobody_out(self):
        with self.door() as door, contextlib.ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(Client(self.https(door))).send(b"\x16\x03\x01\x02\x00\x01")
            with TlsClient(self.https(door), self.context()) as client:
                self.assertEqual(client.get("/", host="a.example").status, 200)

    def test_a_large_answer_waits_for_a_slow_reader(self):
        with self.door() as door, TlsClient(self.https(door), self.context()) as client:
            client.request("GET", "/big?bytes=8000000", host="a.example")
            time.sleep(0.2)
            answer = client.read_response()
            self.assertEqual(len(answer.body), 8_000_000)
            self.assertEqual(client.get("/", host="a.example").status, 200)

    def test_a_proxy_header_comes_before_the_handshake(self):
        keys = 'proxy_protocol = true\ntrusted_proxies = ["127.0.0.1"]\n'
        head = listener([self.a]).replace("[listener.tls]", keys + "[listener.tls]")
        with Frontdoor(pool("app", [self.app]), listeners=head) as door:
            self.wait_until_up(door)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = self.context().wrap_bio(incoming, outgoing, server_hostname="a.example")
            with contextlib.suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            with Client(door.address) as client:
                # In one segment: what is behind the header is ciphertext already.
                client.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n" + outgoing.read())
                while True:
                    incoming.write(client.socket.recv(65536))
                    try:
                        tls.do_handshake()
                        break
                    except ssl.SSLWantReadError:
                        pass
                tls.write(b"GET /received HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                client.send(outgoing.read())
                incoming.write(client.read_to_end())
                incoming.write_eof()
                answer = b""
                while part := tls.read(65536):
                    answer += part
            self.assertIn(b'"x-forwarded-for":"203.0.113.7"', answer)

    def test_the_end_is_announced(self):
        with self.door(after='[timeouts]\nclient_idle = "300ms"\n') as door:
            with TlsClient(self.https(door), self.context()) as client:
                client.socket.suppress_ragged_eofs = False
                self.assertEqual(client.get("/", host="a.example").status, 200)
                self.assertEqual(client.socket.recv(1), b"", "close_notify, then the end")

    def test_a_client_that_goes_without_a_word_is_no_error(self):
        with self.door() as door:
            client = TlsClient(self.https(door), self.context())
            self.assertEqual(client.get("/", host="a.example").status, 200)
            client.plain.close()
            client.socket.detach()
            with TlsClient(self.https(door), self.context()) as other:
                self.assertEqual(other.get("/", host="a.example").status, 200)
            eventually(lambda: len(door.access()) >= 2, "both lines")
            self.assertEqual({line["outcome"] for line in door.access() if line.get("tls")}, {"served"})
            self.assertFalse([e for e in door.events() if "down" in str(e)])

    def test_a_websocket_over_tls(self):
        with App("ws", script="websocket.js") as app, self.door(config=pool("app", [app])) as door:
            with TlsClient(self.https(door), self.context()) as client:
                client.request("GET", "/", [("Connection", "Upgrade"), ("Upgrade", "websocket"),
                                            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
                                            ("Sec-WebSocket-Version", "13")], host="a.example")
                self.assertEqual(client.read_response().status, 101)
                client.send(b"\x82\x85\0\0\0\0hello")
                self.assertEqual(client._take(7), b"\x82\x05hello")
                client.send(b"\x88\x82\0\0\0\0\x03\xe8")
                self.assertEqual(client._take(4), b"\x88\x02\x03\xe8")
            line = eventually(lambda: [line for line in door.access() if line["status"] == 101], "its line")[0]
            self.assertEqual((line["outcome"], line["tls"]), ("served", "TLSv1.3"))


class Changes(WithCertificates):
    """Certificate files that are replaced while it runs."""

    def shown(self, door, name="a.example"):
        with TlsClient(self.https(door), self.context(), name) as client:
            self.assertEqual(client.get("/", host=name).status, 200)
            return client.shown()

    def until_shown(self, door, cert):
        eventually(lambda: self.shown(door) == fingerprint(cert), "the new certificate")

    def test_a_renewal_costs_no_connection_and_no_reload(self):
        renewed = self.made.issue("a.example")
        with tempfile.TemporaryDirectory() as directory:
            cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
            replace(self.a[0], cert), replace(self.a[1], key)
            with self.door([(cert, key)]) as door, TlsClient(self.https(door), self.context()) as client:
                self.assertEqual(client.get("/", host="a.example").status, 200)
                replace(renewed[0], cert), replace(renewed[1], key)
                self.until_shown(door, renewed[0])
                self.assertEqual(client.get("/", host="a.example").status, 200, "on the connection of before")
                self.assertTrue([e for e in door.events() if "certificates taken" in str(e)])

    def test_a_symlink_above_them_is_swapped(self):
        """As Kubernetes does it with ..data, and certbot with live/."""
        renewed = self.made.issue("a.example")
        with tempfile.TemporaryDirectory() as directory:
            for name, (cert, key) in (("one", self.a), ("two", renewed)):
                os.mkdir(os.path.join(directory, name))
                shutil.copy(cert, os.path.join(directory, name, "tls.crt"))
                shutil.copy(key, os.path.join(directory, name, "tls.key"))
            data = os.path.join(directory, "..data")
            os.symlink("one", data)
            for name in ("tls.crt", "tls.key"):
                os.symlink(f"..data/{name}", os.path.join(directory, name))
            with self.door([(os.path.join(directory, "tls.crt"), os.path.join(directory, "tls.key"))]) as door:
                self.assertEqual(self.shown(door), fingerprint(self.a[0]))
                os.symlink("two", data + ".new")
                os.rename(data + ".new", data)
                self.until_shown(door, renewed[0])

    def test_broken_files_keep_the_old_ones_and_are_told(self):
        other = self.made.issue("a.example")
        with tempfile.TemporaryDirectory() as directory:
            cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
            replace(self.a[0], cert), replace(self.a[1], key)
            with self.door([(cert, key)]) as door:
                replace(other[1], key)  # of another certificate
                event = eventually(lambda: [e for e in door.events() if "can not be used: the old ones stay" in str(e)],
                                   "an error")
                self.assertTrue([e for e in door.events() if "the key does not fit the certificate" in str(e)], event)
                self.assertEqual(self.shown(door), fingerprint(self.a[0]))
                os.unlink(key)
                eventually(lambda: len([e for e in door.events() if "the old ones stay" in str(e)]) == 2, "one more")
                self.assertEqual(self.shown(door), fingerprint(self.a[0]))
                replace(other[0], cert), replace(other[1], key)
                self.until_shown(door, other[0])


    # Files are looked at twice before they are taken by themselves; who asks for a reload has put them there.
    def test_a_reload_takes_what_was_copied_a_moment_ago_or_says_what_is_wrong_with_it(self):
        other = self.made.issue("a.example")
        with tempfile.TemporaryDirectory() as directory:
            cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
            replace(self.a[0], cert), replace(self.a[1], key)
            with self.door([(cert, key)]) as door:
                replace(other[0], cert)
                for words in (("config", "diff"), ("reload",)):
                    done = command(*words, door=door)
                    self.assertEqual(done.returncode, 1, done.stdout)
                    self.assertIn("the key does not fit the certificate", done.stderr)
                    self.assertIn(f"https goes on with what was there before: {cert}, valid until ", done.stderr)
                    self.assertEqual(self.shown(door), fingerprint(self.a[0]))
                replace(other[1], key)
                done = command("reload", door=door)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(self.shown(door), fingerprint(other[0]))
                self.assertIn("nothing has changed", command("reload", door=door).stdout)

    def test_a_reload_takes_another_list_of_certificates(self):
        other, third = self.made.issue("a.example"), self.made.issue("b.example")
        with self.door() as door, TlsClient(self.https(door), self.context()) as client:
            self.assertEqual(self.shown(door), fingerprint(self.a[0]))
            door.head = f"workers = 2\n{listener([other, third])}"
            events = door.reload(pool("app", [self.app]))
            self.assertNotIn("waits for an upgrade or a restart", json.dumps(events))
            self.until_shown(door, other[0])
            self.assertEqual(self.shown(door, "b.example"), fingerprint(third[0]))
            self.assertEqual(client.get("/", host="a.example").status, 200, "on the connection of before")
            door.head = f"workers = 2\n{listener([other, ('/nowhere.pem', third[1])])}"
            door.reload(pool("app", [self.app]))
            eventually(lambda: [e for e in door.events() if e["event"].startswith("reload refused")], "the refusal")
            self.assertTrue([e for e in door.events() if 'certificate "/nowhere.pem"' in e["event"]], "with its place")
            self.assertEqual(self.shown(door), fingerprint(other[0]))

    def test_a_staple_is_sent_as_long_as_it_holds(self):
        with tempfile.TemporaryDirectory() as directory:
            staple = os.path.join(directory, "staple.der")
            cert, key = self.a
            self.made.staple(cert, staple)
            head = (f'[[listener]]\nname = "https"\naddress = "127.0.0.1:0"\n[listener.tls]\ncertificates = '
                    f'[{{ cert = "{cert}", key = "{key}", ocsp = "{staple}" }}]\n')
            with Frontdoor(pool("app", [self.app]), listeners=head, workers=1) as door:
                def asked(*options):
                    done = subprocess.run(["openssl", "s_client", "-connect", door.address, "-servername", "a.example", "-CAfile",
                                           self.made.ca, "-status", *options], input="", capture_output=True, text=True, check=False)
                    return done.stdout

                for version in ("-tls1_2", "-tls1_3"):
                    answer = asked(version)
                    self.assertIn("OCSP Response Status: successful", answer)
                    self.assertIn("Cert Status: good", answer)
                os.unlink(staple)
                self.made.staple(cert, staple, revoked=True)  # the file is looked at as the others are
                eventually(lambda: "Cert Status: revoked" in asked(), "the new one")
                self.made.staple(cert, staple, expired=True)
                eventually(lambda: "no response sent" in asked(), "none that has expired")
                self.assertTrue([e for e in door.events() if "its OCSP response has expired" in str(e)])
                self.made.staple(self.made.issue("b.example")[0], staple)
                eventually(lambda: [e for e in door.events() if "is about another certificate" in str(e)], "none of another")
                self.assertIn("no response sent", asked())


class Rules(WithCertificates):
    def test_plain_http_is_redirected(self):
        plain = '[[listener]]\nname = "http"\naddress = "127.0.0.1:0"\nredirect = "https"\n'
        with self.door(listeners=plain) as door:
            port = self.https(door).rsplit(":", 1)[1]
            cases = [("GET", "/a?b=%20c", "a.example:8080", 308, f"https://a.example:{port}/a?b=%20c"),
                     ("POST", "/", "A.Example", 308, f"https://a.example:{port}/"),
                     ("GET", "/", "[::1]:80", 308, f"https://[::1]:{port}/"),
                     ("OPTIONS", "*", "a.example", 400, None)]
            with Client(door.addresses["http"]) as client:
                for method, target, host, status, location in cases:
                    client.request(method, target, body=b"" if method == "POST" else None, host=host)
                    answer = client.read_response(method)
                    self.assertEqual((answer.status, answer.header("Location")), (status, location), target)
            eventually(lambda: "redirected" in {line["outcome"] for line in door.access()}, "its line")

    def test_hsts_is_added_where_an_app_says_nothing(self):
        with self.door(more='hsts = "1h"') as door, TlsClient(self.https(door), self.context()) as client:
            self.assertEqual(client.get("/", host="a.example").headers("Strict-Transport-Security"), ["max-age=3600"])
        with self.door() as door, TlsClient(self.https(door), self.context()) as client:
            self.assertEqual(client.get("/", host="a.example").headers("Strict-Transport-Security"), [])

    def test_a_host_that_the_certificate_does_not_cover_is_misdirected(self):
        with self.door() as door:
            with TlsClient(self.https(door), self.context()) as client:
                for host, status in (("a.example", 200), ("A.example.:443", 200), ("x.wild.example", 200),
                                     ("b.example", 421), ("x.y.wild.example", 421), ("a.example", 200)):
                    self.assertEqual(client.get("/", host=host).status, status, host)
            line = eventually(lambda: [line for line in door.access() if line["status"] == 421], "its line")[0]
            self.assertEqual((line["outcome"], line["tries"]), ("misdirected_request", 0))

    def test_sessions_are_resumed_by_any_worker(self):
        with self.door(workers=4) as door:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context, session = self.context(version), None
                for number in range(8):
                    with TlsClient(self.https(door), context, session=session) as client:
                        self.assertEqual(client.get("/", host="a.example").status, 200)
                        self.assertEqual(client.socket.session_reused, number != 0)
                        session = client.socket.session

    def test_client_certificates_are_asked_for_and_told(self):
        authority = self.made.authority("clients")
        alice = self.made.issue(by=authority, subject="/CN=alice/O=Example", usage="clientAuth")
        stranger = self.made.issue(subject="/CN=mallory", usage="clientAuth")
        forged = [("X-Client-Cert-Subject", "CN=root"), ("X_Client_Cert_Subject", "CN=root"), ("X-Client-Cert-Mine", "1")]
        open_door = listener([self.a], name="open")
        with self.door(more=f"client_ca = {json.dumps(authority[0])}", listeners=open_door) as door:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context, session = self.context(version), None
                context.load_cert_chain(*alice)
                seen = []
                for _ in range(2):
                    with TlsClient(self.https(door), context, session=session) as client:
                        headers = client.get("/received", forged, host="a.example").json()["headers"]
                        session = client.socket.session
                        resumed = client.socket.session_reused
                        seen.append({name: value for name, value in headers.items() if "client" in name and "cert" in name})
                self.assertTrue(resumed)
                self.assertEqual(seen[0], seen[1], "as in the full handshake")
                self.assertEqual(sorted(seen[0]), [f"x-client-cert-{what}" for what in
                                                   ("fingerprint", "issuer", "not-after", "serial", "subject")])
                self.assertEqual(seen[0]["x-client-cert-subject"], "O=Example,CN=alice")
                self.assertEqual(seen[0]["x-client-cert-issuer"], "CN=clients")
                # Its ticket is of no use where nobody asks for a certificate, and the other way round.
                with TlsClient(door.addresses["open"], context, session=session) as client:
                    headers = client.get("/received", forged, host="a.example").json()["headers"]
                    self.assertFalse(client.socket.session_reused)
                    self.assertEqual([name for name in headers if "client" in name and "cert" in name], [])
                # … and one that was made where nobody asks opens no door where somebody does.
                stranger_to_both = self.context(version)
                with TlsClient(door.addresses["open"], stranger_to_both) as client:
                    client.get("/", host="a.example")
                    session_of_open = client.socket.session
                with self.assertRaises((ssl.SSLError, ConnectionError, EOFError)):
                    with TlsClient(self.https(door), stranger_to_both, session=session_of_open) as client:
                        client.get("/", host="a.example")
                for nobody in (self.context(version), self.context(version)):
                    if nobody is not None and version == ssl.TLSVersion.TLSv1_2:
                        nobody.load_cert_chain(*stranger)
                    with self.assertRaises((ssl.SSLError, ConnectionError, EOFError)):
                        with TlsClient(self.https(door), nobody) as client:
                            client.get("/", host="a.example")
            line = eventually(lambda: [line for line in door.access() if "tls_client" in line], "its line")[0]
            self.assertEqual(line["tls_client"], "O=Example,CN=alice")


class Commands(WithCertificates):
    def run_program(self, *words, cwd):
        return subprocess.run([binary(), *words], cwd=cwd, capture_output=True, text=True, check=False)

    def check(self, directory, config):
        with open(os.path.join(directory, "fd.toml"), "w", encoding="utf-8") as file:
            file.write(config)
        return self.run_program("check", "--config", "fd.toml", cwd=directory)

    def test_a_self_signed_certificate_serves_at_once(self):
        with tempfile.TemporaryDirectory() as directory:
            made = self.run_program("cert", "self-signed", "a.example", "127.0.0.1", cwd=directory)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn('tls = { cert = "cert.pem", key = "key.pem" }', made.stdout)
            cert, key = os.path.join(directory, "cert.pem"), os.path.join(directory, "key.pem")
            self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
            again = self.run_program("cert", "self-signed", "b.example", cwd=directory)
            self.assertEqual((again.returncode, again.stderr), (1, "frontdoor: cannot write key.pem: File exists\n"))
            os.unlink(key)
            again = self.run_program("cert", "self-signed", "b.example", cwd=directory)
            self.assertEqual((again.returncode, again.stderr), (1, "frontdoor: cannot write cert.pem: File exists\n"))
            self.assertFalse(os.path.exists(key))
            os.unlink(cert)
            self.run_program("cert", "self-signed", "a.example", cwd=directory)
            with self.door([(cert, key)]) as door, TlsClient(self.https(door), self.context(ca=cert)) as client:
                self.assertEqual(client.get("/", host="a.example").status, 200)

    def test_a_listener_makes_one_itself_and_warns(self):
        head = 'listen = "127.0.0.1:0"\ntls = "self-signed"\n'
        with Frontdoor(pool("app", [self.app]) + '[[route]]\nhost = "dev.example"\n', listeners=head) as door:
            self.wait_until_up(door)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with TlsClient(door.address, context, "dev.example") as client:
                self.assertEqual(client.get("/", host="dev.example").status, 200)
                self.assertEqual(client.get("/", host="localhost").status, 404, "covered, and without a route")
            self.assertTrue([e for e in door.events() if "no client trusts it" in str(e)])

    def test_check_reads_every_certificate(self):
        old = self.made.issue("old.example", days=1)
        other = self.made.issue("b.example")
        with tempfile.TemporaryDirectory() as directory:
            def config(cert, key, more=""):
                return (f'listen = ":8443"\ntls = {{ cert = {json.dumps(cert)}, key = {json.dumps(key)} }}\n'
                        f'[pool.app]\nupstreams = ["127.0.0.1:1"]\n{more}')
            good = self.check(directory, config(*self.a))
            self.assertEqual((good.returncode, good.stderr), (0, ""))
            self.assertIn("the key does not fit the certificate", self.check(directory, config(self.a[0], other[1])).stderr)
            self.assertEqual(self.check(directory, config(self.a[0], other[1])).returncode, 78)
            soon = self.check(directory, config(*old))
            self.assertEqual(soon.returncode, 0)
            self.assertIn("warning: certificate", soon.stderr)
            self.assertIn("it expires on", soon.stderr)
            chain = os.path.join(directory, "chain.pem")
            with open(chain, "w", encoding="utf-8") as file:
                for part in (self.made.ca, self.a[0]):
                    with open(part, encoding="utf-8") as source:
                        file.write(source.read())
            self.assertIn("its chain is in the wrong order", self.check(directory, config(chain, self.a[1])).stderr)
            self.assertIn('its name "b.example" is the host of no [[route]]',
                          self.check(directory, config(*other, '[[route]]\nhost = "a.example"\n')).stderr)
            gone = self.check(directory, config(os.path.join(directory, "gone.pem"), other[1]))
            self.assertIn("No such file", gone.stderr)

    def test_a_start_without_its_certificate_says_which(self):
        door = Frontdoor(pool("app", [self.app]), listeners=listener([("/nowhere/cert.pem", self.a[1])]))
        door.expected_status = None
        with contextlib.suppress(AssertionError):
            door.start()
        self.assertIn("/nowhere/cert.pem", door.stderr())


if __name__ == "__main__":
    main()
