# SPDX-License-Identifier: Apache-2.0

"""The example of FastAPI: the MultiSafepay simulator notifies it over HTTP."""

import importlib.util
import json
import pathlib
import threading

import httpx
import pytest
import uvicorn
from test_client import control

SHOP = pathlib.Path(__file__).resolve().parent.parent / "examples" / "shop.py"


class Server(uvicorn.Server):
    """Says when it serves."""

    def __init__(self, app):
        super().__init__(uvicorn.Config(app, port=0, log_level="warning"))
        self.serving = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.serving.set()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.servers[0].sockets[0].getsockname()[1]


@pytest.fixture(scope="module")
def shop():
    """An HTTP client of the shop."""
    spec = importlib.util.spec_from_file_location("shop", SHOP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = Server(module.app)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.serving.wait(30)
        module.SHOP_URL = server.url
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def state_of(shop, order_id):
    return shop.get(f"/orders/{order_id}").json()["state"]


def notified(order_id):
    """The attempts to notify of an order, once there is one."""
    while not (attempts := json.loads(control(f"notifications?order_id={order_id}"))["data"]):
        pass
    return attempts


def pay(order_id):
    control(
        f"orders/{order_id}/pay", {"card_number": "4111111111111111", "card_expiry_date": "3012", "card_cvc": "123"}
    )


def check_out(shop, order_id):
    answer = shop.post(f"/checkout/{order_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_order_is_checked_out_paid_and_notified(shop):
    placed = check_out(shop, "py-shop-paid")
    assert placed["payment_url"].startswith("http")
    assert state_of(shop, "py-shop-paid") == "PAYMENT_STATE_PENDING"
    pay("py-shop-paid")
    assert [one["acked"] for one in notified("py-shop-paid")] == [True]
    assert state_of(shop, "py-shop-paid") == "PAYMENT_STATE_PAID"


@pytest.mark.parametrize("forgery", ["bad_signature", "tamper_body", "stale_timestamp"])
def test_a_notification_that_is_not_genuine_is_refused(shop, forgery):
    order_id = f"py-shop-{forgery}"
    check_out(shop, order_id)
    control("webhooks", {forgery: 1})
    try:
        pay(order_id)
        assert [(one["status"], one["acked"]) for one in notified(order_id)] == [(403, False)]
    finally:
        control("webhooks", {forgery: 0})
    assert state_of(shop, order_id) == "PAYMENT_STATE_PENDING"


def test_a_notification_without_signature_is_refused(shop):
    answer = shop.post("/webhook?transactionid=py-shop-paid", content=b'{"order_id": "py-shop-paid"}')
    assert answer.status_code == 403


def test_an_order_id_that_is_paid_is_not_sold_again(shop):
    check_out(shop, "py-shop-twice")
    assert check_out(shop, "py-shop-twice")["order_id"] == "py-shop-twice"
