"""A web server on loopback that does to whoever connects what its script says, over TLS as well."""

import datetime
import socket
import ssl
import struct
from contextlib import suppress
from threading import Event, Lock, Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PATIENCE = 5.0
"""Seconds after which a connection that should have ended is given up."""


class Asked:
    """One request as it came; `sni` is None without TLS."""

    def __init__(self, raw, sni):
        head, _, self.rest = raw.partition(b"\r\n\r\n")
        self.line, *lines = head.decode("latin-1").split("\r\n")
        self.headers = [tuple(line.split(": ", 1)) for line in lines]
        self.sni = sni

    def header(self, name):
        (value,) = [value for key, value in self.headers if key.lower() == name]
        return value

    @property
    def url(self):
        scheme = "http" if self.sni is None else "https"
        return f"{scheme}://{self.header('host')}{self.line.split(' ')[1]}"


class Peer:
    """The client, as a script sees it. Sending to one that has gone is no failure of the script."""

    def __init__(self, connection, stopped):
        self.connection, self.stopped = connection, stopped

    def send(self, data):
        self.connection.sendall(data)

    def drip(self, data, seconds):
        for octet in data:
            if self.stopped.wait(seconds):
                return
            self.send(bytes([octet]))

    def wait(self):
        """Says nothing until the client or the server has had enough."""
        while not self.stopped.is_set() and self.connection.recv(1024):
            pass

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class HostileServer:
    """Serves `script(asked, peer)` from construction until `close`; `on_hello(peer)` may take TLS's place."""

    def __init__(self, script, tls, host="127.0.0.1", on_hello=None):
        self._script, self._tls, self._on_hello = script, tls, on_hello
        self._stopped, self._lock = Event(), Lock()
        self._connections, self._threads = [], []
        self.asked = []
        self.accepted = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = self._listener.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self._start(self._accept)

    def close(self):
        self._stopped.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, work, *arguments):
        thread = Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self):
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._connections.append(connection)
            self.accepted += 1
            self._start(self._serve, connection)

    def _serve(self, connection):
        with connection, suppress(OSError):
            sni = None
            if connection.recv(1, socket.MSG_PEEK) == b"\x16":
                if self._on_hello:
                    self._on_hello(Peer(connection, self._stopped))
                    return
                connection = self._tls.wrap_socket(connection, server_side=True)
                sni = connection.named
            with connection:
                raw = b""
                while not raw.endswith(b"\r\n\r\n"):
                    if not (piece := connection.recv(4096)):
                        return
                    raw += piece
                asked = Asked(raw, sni)
                self.asked.append(asked)
                self._script(asked, Peer(connection, self._stopped))


class NamedSocket(ssl.SSLSocket):
    """Keeps the name that the client asked for."""

    named = ""


def throw_away_tls(folder):
    """A server's TLS context with a self-signed certificate that ended long ago, for another name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another.example.org")])
    began = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(began)
        .not_valid_after(began + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "throw-away.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.sslsocket_class = NamedSocket
    context.sni_callback = lambda connection, name, _: setattr(connection, "named", name or "")
    return context


def answer(body=b"", status=200, *headers):
    """A response as octets, with its length and `headers` as lines."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def redirect(location, status=302):
    return answer(b"", status, f"Location: {location}")
