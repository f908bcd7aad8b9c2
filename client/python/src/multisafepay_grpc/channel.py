# SPDX-License-Identifier: Apache-2.0

"""What a client's channels are made of, the blocking one's and the asyncio one's alike: address, TLS, options."""

from __future__ import annotations

import os
import pathlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import Optional, Union

import grpc

from multisafepay_grpc.connect import CONNECT_MAX

_Path = Union[str, os.PathLike]
# Addresses on this machine.
_LOCAL = re.compile(r"^(dns:(///)?|ipv[46]:)?(localhost|127\.[\d.]+|\[::1\])(:\d+)?$|^unix:")
# The largest accepted reply. The service sends a list of up to 16 MiB of JSON, a page of a thousand transactions
# with full texts; this is twice that. gRPC's default is 4 MiB.
_RECEIVE_MAX_BYTES = 32 << 20
# A peer that disappears without closing the connection leaves it ready: all calls would end at their deadlines, and a
# watch never, until TCP gives up after some 15 minutes. During calls gRPC pings it after this time without a byte, and
# closes the connection when no answer comes.
_KEEPALIVE_TIME_MS = 30_000
_KEEPALIVE_TIMEOUT_MS = 10_000


@dataclass(frozen=True)
class Tls:
    """TLS with the system's roots, or those of `ca`; with `cert` and `key` it is mutual. All are PEM files."""

    ca: Optional[_Path] = None
    cert: Optional[_Path] = None
    key: Optional[_Path] = None


def _pem(path: Optional[_Path]) -> Optional[bytes]:
    if path is None:
        return None
    text = pathlib.Path(path).read_bytes()
    if b"-----BEGIN " not in text:
        raise ValueError(f"{path}: not a PEM file")
    return text


def _credentials(
    server: str, tls: Optional[Tls], allow_plaintext: bool, proxy: str
) -> Optional[grpc.ChannelCredentials]:
    if proxy and not proxy.startswith("http://"):  # gRPC would pass over it, and connect directly.
        raise ValueError("the proxy is not http://HOST:PORT")
    if tls is None:
        if allow_plaintext or (not proxy and _LOCAL.search(server)):
            return None
        where = "is behind a proxy" if proxy else "is not on this machine"
        raise ValueError(f"{server} {where}: set tls=Tls(), or allow_plaintext=True behind a mesh")
    if (tls.cert is None) != (tls.key is None):
        raise ValueError("a client certificate and its key require each other")
    return grpc.ssl_channel_credentials(_pem(tls.ca), _pem(tls.key), _pem(tls.cert))


class Target:
    """The service's address, and how its channels are made. ValueError names the setting that is wrong."""

    def __init__(self, server: str, tls: Optional[Tls], allow_plaintext: bool, proxy: str) -> None:
        self._server, self._pid = server, os.getpid()
        self._credentials = _credentials(server, tls, allow_plaintext, proxy)
        self._options: list[tuple[str, object]] = [
            ("grpc.max_receive_message_length", _RECEIVE_MAX_BYTES),
            # The retry policy comes from here, never from DNS records.
            ("grpc.service_config_disable_resolution", 1),
            ("grpc.max_reconnect_backoff_ms", int(1000 * CONNECT_MAX)),
            ("grpc.keepalive_time_ms", _KEEPALIVE_TIME_MS),
            ("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
            # Since gRPC 1.60 this is how long an answer to a ping may take, by default a minute.
            ("grpc.http2.ping_timeout_ms", _KEEPALIVE_TIMEOUT_MS),
            # By default gRPC stops after two pings while it sends nothing, as during a watch.
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.enable_http_proxy", 1 if proxy else 0),
        ]
        if proxy:
            self._options.append(("grpc.http_proxy", proxy))
        #: Address and transport, for messages.
        self.tried = f"{server} {'with TLS' if tls else 'in plain text'}{' through the proxy' if proxy else ''}"

    def check_process(self) -> None:
        """Raises RuntimeError in a process that was forked later: gRPC's threads are not in it, and a call would hang."""
        if os.getpid() != self._pid:
            raise RuntimeError("the client was made before a fork: make one in each process")

    def reads(self, library):
        """A channel on which gRPC itself tries reads again. `library` is grpc or grpc.aio."""
        config = resources.files("multisafepay_grpc").joinpath("service-config.json").read_text(encoding="utf-8")
        return self._channel(library, ("grpc.service_config", config))

    def writes(self, library):
        """A channel on which nothing is ever tried again."""
        return self._channel(library, ("grpc.enable_retries", 0))

    def _channel(self, library, option):
        options = [*self._options, option]
        if self._credentials is None:
            return library.insecure_channel(self._server, options)
        return library.secure_channel(self._server, self._credentials, options)
