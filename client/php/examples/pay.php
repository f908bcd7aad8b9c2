<?php
// SPDX-License-Identifier: Apache-2.0

/**
 * A first payment: create an order, watch it until it is paid, refund a part.
 *
 * usage: php examples/pay.php [ORDER_ID]      MSP_SERVER is the service, 127.0.0.1:50051 when absent
 */

declare(strict_types=1);

use Multisafepay\Grpc\Client;
use Multisafepay\Grpc\InvalidRequest;
use Multisafepay\Grpc\OutcomeUnknown;
use Multisafepay\V1\CreateOrderRequest;
use Multisafepay\V1\GatewayInfo;
use Multisafepay\V1\PaymentState;
use Multisafepay\V1\RefundOrderRequest;

// In your own project: vendor/autoload.php.
require __DIR__ . '/../autoload.php';

$orderId = $argv[1] ?? 'first-' . hrtime(true);
$client = new Client(getenv('MSP_SERVER') ?: '127.0.0.1:50051');

try {
    $order = $client->createOrder(new CreateOrderRequest([
        'type' => 'direct',
        'order_id' => $orderId,
        'currency' => 'EUR',
        'amount' => 4995,
        'gateway' => 'CREDITCARD',
        'description' => 'Forty red tulips',
        'gateway_info' => new GatewayInfo([
            'card_number' => '4111111111111111',
            'card_expiry_date' => '3012',
            'card_cvc' => '123',
        ]),
    ]))->getOrder();
} catch (InvalidRequest $error) {
    fwrite(STDERR, "correct the request: {$error->getMessage()}\n");
    exit(1);
} catch (OutcomeUnknown $error) {
    fwrite(STDERR, "$orderId may be paid; run this again with the same id: {$error->getMessage()}\n");
    exit(1);
}
echo "created $orderId: transaction {$order->getTransactionId()}\n";
$redirect = $order->getNextAction()?->getRedirect();
if ($redirect !== null) {
    echo "send the customer to {$redirect->getUrl()}\n";
}

foreach ($client->watchOrder($orderId, timeout: 600) as $change) {
    echo "watched $orderId: ", PaymentState::name($change->getOrder()->getPaymentState()), "\n";
}

$refund = $client->refundOrder(new RefundOrderRequest([
    'order_id' => $orderId,
    'amount' => 1500,
    'currency' => 'EUR',
    'refund_order_id' => "$orderId-r1",
]))->getRefund();
echo "refunded {$refund->getAmount()} of $orderId: {$refund->getPspRefundId()}\n";
