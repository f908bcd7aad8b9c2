<?php
// SPDX-License-Identifier: Apache-2.0

/**
 * Moves money for the chaos harness: one HTTP POST for each call of the client, which follows its retry policy.
 *
 * The body is {"server", "method", "request" (base64 of the method's message), "attempt_ms"}; the answer is {"ok": true,
 * "response"} or the error's facts. Prints a ready line; runs until it is killed. PHP has no threads: each of WORKERS processes takes
 * one call at a time.
 */

declare(strict_types=1);

use Multisafepay\Grpc\Client;
use Multisafepay\Grpc\RetryPolicy;
use Multisafepay\Grpc\ServiceException;
use Multisafepay\V1\CancelOrderRequest;
use Multisafepay\V1\CaptureOrderRequest;
use Multisafepay\V1\CreateOrderRequest;
use Multisafepay\V1\RefundOrderRequest;
use Multisafepay\V1\VoidOrderRequest;

require __DIR__ . '/../autoload.php';

// As many as the harness has callers at once.
const WORKERS = 48;
const BODY_MAX_BYTES = 1 << 20;

function call(array $asked): array
{
    static $clients = [];
    $server = $asked['server'];
    $clients[$server] ??= new Client($server, retryPolicy: new RetryPolicy(budget: 20.0, attemptsMax: 5, pause: 0.03));
    $client = $clients[$server];
    [$request, $method] = match ($asked['method']) {
        'CreateOrder' => [new CreateOrderRequest(), $client->createOrder(...)],
        'CaptureOrder' => [new CaptureOrderRequest(), $client->captureOrder(...)],
        'VoidOrder' => [new VoidOrderRequest(), $client->voidOrder(...)],
        'CancelOrder' => [new CancelOrderRequest(), $client->cancelOrder(...)],
        'RefundOrder' => [new RefundOrderRequest(), $client->refundOrder(...)],
    };
    $request->mergeFromString(base64_decode($asked['request'], true));
    try {
        $reply = $method($request, $asked['attempt_ms'] / 1000);
    } catch (ServiceException $error) {
        return [
            'ok' => false, 'code' => $error->status->value, 'message' => $error->statusMessage,
            'reason' => $error->reason, 'outcome' => $error->outcome, 'error_code' => $error->errorCode,
            'order_id' => $error->orderId, 'from_service' => $error->fromService,
        ];
    }
    return ['ok' => true, 'response' => base64_encode($reply->serializeToString())];
}

/** @param resource $connection */
function answer($connection): void
{
    $length = 0;
    while (($line = fgets($connection)) !== false && rtrim($line) !== '') {
        if (preg_match('/^content-length:\s*(\d+)/i', $line, $found)) {
            $length = min((int) $found[1], BODY_MAX_BYTES);
        }
    }
    if ($line === false) {
        return;
    }
    try {
        $asked = json_decode((string) stream_get_contents($connection, $length), true, flags: JSON_THROW_ON_ERROR);
        [$status, $text] = ['200 OK', json_encode(call($asked), JSON_THROW_ON_ERROR)];
    } catch (Throwable $problem) { // The harness says what it was and ends.
        [$status, $text] = ['500 Internal Server Error', (string) $problem];
    }
    $length = strlen($text);
    fwrite($connection, "HTTP/1.1 $status\r\nContent-Length: $length\r\nConnection: close\r\n\r\n$text");
}

/** @param resource $listener */
function work($listener, int $parent): void
{
    while (posix_getppid() === $parent) {
        $connection = @stream_socket_accept($listener, 1.0);
        if ($connection !== false) {
            answer($connection);
            fclose($connection);
        }
    }
}

$listener = stream_socket_server('tcp://127.0.0.1:0', context: stream_context_create(['socket' => ['backlog' => 128]]));
stream_set_blocking($listener, false); // A connection wakes all workers, and one of them gets it.
$parent = getmypid();
for ($i = 0; $i < WORKERS; ++$i) {
    if (pcntl_fork() === 0) {
        work($listener, $parent);
        exit(0);
    }
}
echo json_encode(['event' => 'serving', 'listen' => stream_socket_get_name($listener, false)]), "\n";
while (pcntl_wait($status) > 0) {
    fwrite(STDERR, "a worker has ended\n");
    exit(1);
}
