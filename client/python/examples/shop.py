# SPDX-License-Identifier: Apache-2.0

"""A checkout and a webhook with FastAPI: uvicorn --app-dir examples shop:app

MSP_SERVER is the service, 127.0.0.1:50051 when absent; SHOP_URL is where MultiSafepay and the customer reach this shop.
"""

import contextlib
import os

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse

import multisafepay_grpc as msp
from multisafepay_grpc import aio, v1

SHOP_URL = os.environ.get("SHOP_URL", "http://127.0.0.1:8000")
states: dict[str, str] = {}  # By order id: the shop's database.


@contextlib.asynccontextmanager
async def lifespan(app):
    async with aio.Client(os.environ.get("MSP_SERVER", "127.0.0.1:50051")) as app.state.payments:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/checkout/{order_id}")
async def checkout(order_id: str):
    options = v1.PaymentOptions(notification_url=f"{SHOP_URL}/webhook", redirect_url=f"{SHOP_URL}/thanks",
                                cancel_url=f"{SHOP_URL}/cart")  # fmt: skip
    request = v1.CreateOrderRequest(type="redirect", order_id=order_id, currency="EUR", amount=4995,
                                    description="Forty red tulips", payment_options=options)  # fmt: skip
    try:
        order = (await app.state.payments.create_order(request)).order
    except msp.Rejected as error:
        raise HTTPException(409, error.reason) from error
    except (msp.NotSent, msp.OutcomeUnknown) as error:  # The same order id may be tried again; never another one.
        raise HTTPException(503, error.reason) from error
    return {"order_id": order_id, "state": v1.PaymentState.Name(order.payment_state), "payment_url": order.payment_url}


@app.post("/webhook")
async def webhook(request: Request, transactionid: str = ""):
    notification = v1.HandleNotificationRequest(
        body=await request.body(), auth=request.headers.get("auth", ""), transactionid=transactionid
    )
    try:
        verified = await app.state.payments.handle_notification(notification)
    except msp.ServiceError as error:  # Whatever is not 200 with the service's text makes MultiSafepay send it again.
        raise HTTPException(403 if error.from_service else 503, error.reason) from error
    states[verified.order.order_id] = v1.PaymentState.Name(verified.order.payment_state)
    return PlainTextResponse(verified.reply_body)


@app.get("/orders/{order_id}")
async def state(order_id: str):
    return {"order_id": order_id, "state": states.get(order_id, "PAYMENT_STATE_PENDING")}
