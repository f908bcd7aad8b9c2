# SPDX-License-Identifier: Apache-2.0

"""A first payment: create an order, watch it until it is paid, refund a part.

usage: python examples/pay.py [ORDER_ID]      MSP_SERVER is the service, 127.0.0.1:50051 when absent
"""

import os
import sys
import time

import multisafepay_grpc as msp
from multisafepay_grpc import v1

order_id = sys.argv[1] if len(sys.argv) > 1 else f"first-{time.time_ns()}"

with msp.Client(os.environ.get("MSP_SERVER", "127.0.0.1:50051")) as client:
    try:
        reply = client.create_order(
            v1.CreateOrderRequest(
                type="direct",
                order_id=order_id,
                currency="EUR",
                amount=4995,
                gateway="CREDITCARD",
                description="Forty red tulips",
                gateway_info=v1.GatewayInfo(card_number="4111111111111111", card_expiry_date="3012", card_cvc="123"),
            )
        )
    except msp.InvalidRequest as error:
        sys.exit(f"correct the request: {error}")
    except msp.OutcomeUnknown as error:
        sys.exit(f"{order_id} may be paid; run this again with the same id: {error}")
    print(f"created {order_id}: transaction {reply.order.transaction_id}")
    if reply.order.next_action.HasField("redirect"):
        print(f"send the customer to {reply.order.next_action.redirect.url}")

    for change in client.watch_order(order_id, timeout=600):
        print(f"watched {order_id}: {v1.PaymentState.Name(change.order.payment_state)}")

    refund = client.refund_order(
        v1.RefundOrderRequest(order_id=order_id, amount=1500, currency="EUR", refund_order_id=f"{order_id}-r1")
    ).refund
    print(f"refunded {refund.amount} of {order_id}: {refund.psp_refund_id}")
