# SPDX-License-Identifier: Apache-2.0

"""The blocking client and that of asyncio pass the same tests: the fixture `connect` is one after the other."""

import asyncio
import inspect

import pytest

import multisafepay_grpc as msp
from multisafepay_grpc import aio


class Blocking:
    """An aio.Client in an event loop of its own, each of whose coroutines is run to its end."""

    def __init__(self, *arguments, **settings):
        async def make():
            return aio.Client(*arguments, **settings)

        self._loop = asyncio.new_event_loop()
        try:
            self._client = self._run(make())
        except ValueError:
            self._loop.close()
            raise

    def _run(self, coroutine):
        return self._loop.run_until_complete(coroutine)

    def _each(self, iterator):
        async def step():
            async for message in iterator:
                return message

        while (message := self._run(step())) is not None:
            yield message

    def __getattr__(self, name):
        method = getattr(self._client, name)
        run = self._each if inspect.isasyncgenfunction(method) else self._run
        return lambda *arguments, **settings: run(method(*arguments, **settings))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()


CLIENTS = {"blocking": msp.Client, "asyncio": Blocking}


@pytest.fixture(params=CLIENTS)
def kind(request):
    return request.param


@pytest.fixture
def connect(kind):
    """What makes a client: connect(server, **settings)."""
    return CLIENTS[kind]


@pytest.fixture
def id_of(kind):
    """An order id of this kind of client's own."""
    return lambda name: f"py-{name}-{kind}"
