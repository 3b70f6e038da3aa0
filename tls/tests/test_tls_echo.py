#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_tls_echo.py TLS_ECHO: the example, and clients that are not ours: Python's.

Prints TAP.
"""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

EXAMPLE = os.path.abspath(sys.argv.pop(1))


class Echo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.own, cls.key = (os.path.join(cls.folder.name, name) for name in ("own.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", cls.key, "-out", cls.own], check=True, capture_output=True)
        # The tests' own disposition of Ctrl-C may be "ignored", and would be inherited.
        cls.server = subprocess.Popen(
            [EXAMPLE, "0", cls.own, cls.key], stdout=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        cls.port = int(cls.server.stdout.readline())

    @classmethod
    def tearDownClass(cls):
        cls.server.send_signal(signal.SIGINT)
        cls.server.communicate()
        cls.folder.cleanup()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def talk(self, most):
        """What comes back, and the version of TLS, if it may be at most `most`."""
        context = ssl.create_default_context(cafile=self.own)
        context.maximum_version = most
        message = bytes(i * 7 % 251 for i in range(300_000))
        with self.connect() as plain, context.wrap_socket(plain, server_hostname="localhost") as sock:
            version, got = sock.version(), b""
            for start in range(0, len(message), 20_000):
                part = message[start:start + 20_000]
                sock.sendall(part)
                while len(got) < start + len(part):
                    got += sock.recv(65536)
            sock.unwrap()  # waits for the server's word that this is the end
        self.assertEqual(got, message)
        return version

    def test_pythons_clients_are_echoed(self):
        self.assertEqual(self.talk(ssl.TLSVersion.TLSv1_3), "TLSv1.3")
        self.assertEqual(self.talk(ssl.TLSVersion.TLSv1_2), "TLSv1.2")

    def test_a_client_that_does_not_trust_it_tells_it_and_others_go_on(self):
        with self.connect() as plain, self.assertRaises(ssl.SSLCertVerificationError):
            ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
        with self.connect() as plain:
            plain.sendall(b"hello in the clear\n")
            while plain.recv(1000):
                pass
        self.assertEqual(self.talk(ssl.TLSVersion.TLSv1_3), "TLSv1.3")

    def test_what_can_not_be_read_is_told(self):
        done = subprocess.run([EXAMPLE, "0", "/there/is/no.pem"], capture_output=True, text=True,
                              check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/there/is/no.pem", done.stderr)


class Tap(unittest.TextTestResult):
    """A line for each test, as TAP has it."""

    def stopTest(self, test):
        super().stopTest(test)
        bad = [text for case, text in self.failures + self.errors if case is test]
        name = test.id().rpartition(".")[2].removeprefix("test_").replace("_", " ")
        for line in "".join(bad).splitlines():
            print("# " + line)
        print(f"{'not ok' if bad else 'ok'} {self.testsRun} - {name}", flush=True)


if __name__ == "__main__":
    with open(os.devnull, "w", encoding="ascii") as nowhere:
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(Echo)
        print(f"1..{suite.countTestCases()}")
        outcome = unittest.TextTestRunner(nowhere, resultclass=Tap).run(suite)
    sys.exit(0 if outcome.wasSuccessful() else 1)
