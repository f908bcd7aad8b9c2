<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

use Multisafepay\Grpc\Client;
use Multisafepay\Grpc\Code;
use Multisafepay\Grpc\Endpoint;
use Multisafepay\Grpc\HttpCall;
use Multisafepay\Grpc\InvalidRequest;
use Multisafepay\Grpc\NotSent;
use Multisafepay\Grpc\OutcomeUnknown;
use Multisafepay\Grpc\Rejected;
use Multisafepay\Grpc\RetryPolicy;
use Multisafepay\Grpc\ServiceException;
use Multisafepay\Grpc\Tls;
use Multisafepay\V1\CreateOrderRequest;
use Multisafepay\V1\GatewayInfo;
use Multisafepay\V1\Outcome;
use Multisafepay\V1\PaymentOptions;
use Multisafepay\V1\PaymentState;
use Multisafepay\V1\RefundOrderRequest;
use PHPUnit\Framework\TestCase;

/** The client against a real service and its sandbox; tests/clients/with_service.py starts both. */
final class ClientTest extends TestCase
{
    private const CARD = '4111111111111111';
    private const CARD_3DS = '5555555555554444';

    private static function env(string $name): string
    {
        return getenv($name) ?: self::fail("$name is not set: run by tests/clients/with_service.py");
    }

    /** The sandbox's own side; the text of its answer. */
    private static function control(string $path, ?array $body = null): string
    {
        $http = curl_init(self::env('MSP_TEST_CONTROL') . $path);
        curl_setopt_array($http, [CURLOPT_RETURNTRANSFER => true, CURLOPT_FAILONERROR => true, CURLOPT_PROXY => '']);
        if ($body !== null) {
            curl_setopt($http, CURLOPT_POSTFIELDS, json_encode($body));
        }
        $answer = curl_exec($http);
        return $answer === false ? self::fail("$path: " . curl_error($http)) : $answer;
    }

    private static function order(string $orderId, string $card = self::CARD): CreateOrderRequest
    {
        return new CreateOrderRequest([
            'type' => 'direct',
            'order_id' => $orderId,
            'currency' => 'EUR',
            'amount' => 4995,
            'gateway' => 'CREDITCARD',
            'description' => 'Forty red tulips',
            'gateway_info' => new GatewayInfo(['card_number' => $card, 'card_expiry_date' => '3012', 'card_cvc' => '123']),
        ]);
    }

    private static function client(string $server = 'MSP_SERVER', mixed ...$options): Client
    {
        return new Client(self::env($server), ...$options);
    }

    private static function tls(string $name = 'client'): Tls
    {
        $certs = self::env('MSP_TEST_CERTS');
        return new Tls("$certs/ca.pem", "$certs/$name.pem", "$certs/$name.key");
    }

    private static function oneAttempt(): RetryPolicy
    {
        return new RetryPolicy(attemptsMax: 1);
    }

    /**
     * @template E of ServiceException
     * @param class-string<E> $class
     * @return E
     */
    private static function failure(string $class, Closure $call): ServiceException
    {
        try {
            $call();
        } catch (ServiceException $error) {
            self::assertSame($class, $error::class, $error->getMessage());
            return $error;
        }
        self::fail('the call went through');
    }

    public function testAnOrderIsPaidThrough3dSecure(): void
    {
        $client = self::client();
        $reply = $client->createOrder(self::order('php-3ds', self::CARD_3DS));
        self::assertSame(Outcome::OUTCOME_CONFIRMED, $reply->getResult()->getOutcome());
        self::assertSame(PaymentState::PAYMENT_STATE_REQUIRES_ACTION, $reply->getOrder()->getPaymentState());
        self::control('orders/php-3ds/3ds', ['result' => 'Y']);
        self::assertSame(PaymentState::PAYMENT_STATE_PAID, $client->getOrder('php-3ds')->getPaymentState());
    }

    public function testADeclinedCardIsNoException(): void
    {
        $reply = self::client()->createOrder(self::order('php-declined', '4012001038488884'));
        self::assertSame(PaymentState::PAYMENT_STATE_DECLINED, $reply->getOrder()->getPaymentState());
        self::assertSame('4002', $reply->getOrder()->getDecline()->getReasonCode());
    }

    public function testAWrongRequestNamesItsField(): void
    {
        $wrong = self::order('php-wrong')->setPaymentOptions(new PaymentOptions(['redirect_url' => 'not an address']));
        $error = self::failure(InvalidRequest::class, fn () => self::client()->createOrder($wrong));
        self::assertSame(['payment_options.redirect_url'], array_column($error->violations, 'field'));
        self::assertSame([Outcome::OUTCOME_NOT_SENT, Code::INVALID_ARGUMENT], [$error->outcome, $error->status]);
        self::assertTrue($error->fromService);
        self::assertStringContainsString('payment_options.redirect_url: ', $error->getMessage());
    }

    public function testAnswersThatComeAtOnceAreNotLost(): void
    {
        $client = self::client(retryPolicy: self::oneAttempt());
        $wrong = self::order('php-at-once')->setAmount(-1);
        for ($i = 0; $i < 200; ++$i) {
            self::assertTrue(self::failure(InvalidRequest::class, fn () => $client->createOrder($wrong))->fromService);
        }
    }

    public function testARefusalOfMultiSafepaysIsRejectedWithItsCode(): void
    {
        $card = '4242424242424242';
        $call = fn () => self::client()->createOrder(self::order('php-refused', $card));
        $error = self::failure(Rejected::class, $call);
        self::assertSame(['MSP_1024', 1024], [$error->reason, $error->errorCode]);
        self::assertSame('multisafepay.com', $error->domain);
        self::assertGreaterThanOrEqual(400, $error->httpStatus);
        self::assertSame('php-refused', $error->orderId);
        self::assertStringNotContainsString($card, (string) $error);
    }

    public function testATraceHasNoRequestInIt(): void
    {
        ini_set('zend.exception_ignore_args', '0');
        try {
            self::client()->createOrder(self::order('php-trace', '4242424242424242'));
            self::fail('the call went through');
        } catch (Rejected $error) {
        }
        $of = static fn (string $class): array => array_filter($error->getTrace(), fn ($at) => ($at['class'] ?? '') === $class);
        $arguments = array_merge(...array_column([...$of(Client::class)], 'args'));
        self::assertNotEmpty($arguments);
        foreach ($error->getTrace() as $at) {
            foreach (($at['class'] ?? '') === self::class ? [] : $at['args'] ?? [] as $argument) {
                self::assertNotInstanceOf(Google\Protobuf\Internal\Message::class, $argument, $at['function']);
                self::assertNotInstanceOf(Closure::class, $argument, $at['function']);
                self::assertTrue(!is_string($argument) || !str_contains($argument, '4242424242424242'), $at['function']);
            }
        }
    }

    public function testAnUnknownOutcomeIsResolvedAndChargedOnce(): void
    {
        $outcomes = [];
        $policy = new RetryPolicy(onRepeat: function (ServiceException $error) use (&$outcomes): void {
            $outcomes[] = $error->outcome;
        });
        $match = ['order_id' => 'php-unknown', 'path' => '/v1/json/orders*'];
        $effect = ['name' => 'commit_then_fail'];
        self::control('faults', ['match' => $match + ['method' => 'POST', 'times' => 1], 'effect' => $effect]);
        // As many lookups fail as the first attempt has time for, and some of the second. A truncated answer is not
        // requested again.
        $lost = ['name' => 'reset', 'when' => 'in_body'];
        self::control('faults', ['match' => $match + ['method' => 'GET', 'times' => 4], 'effect' => $lost]);
        $client = self::client(retryPolicy: $policy);
        $reply = $client->createOrder(self::order('php-unknown'), timeout: 1.5);
        self::assertSame(Outcome::OUTCOME_UNKNOWN, $outcomes[0]);
        self::assertSame(Outcome::OUTCOME_CONFIRMED, $reply->getResult()->getOutcome());
        self::assertSame(PaymentState::PAYMENT_STATE_PAID, $reply->getOrder()->getPaymentState());
        $again = $client->createOrder(self::order('php-unknown'));
        self::assertTrue($again->getResult()->getReplayed());
        self::assertSame($reply->getOrder()->getTransactionId(), $again->getOrder()->getTransactionId());
    }

    /** @return iterable<string, array{string}> */
    public static function breakers(): iterable
    {
        yield 'a connection that dies' => ['MSP_TEST_BREAKER'];
        yield 'a stream that is refused' => ['MSP_TEST_REFUSER'];
    }

    /** @dataProvider breakers */
    public function testALostPaymentIsUnknownAndWasSentOnce(string $server): void
    {
        $sent = static fn (): array => file(self::env("{$server}_LOG"), FILE_IGNORE_NEW_LINES);
        $before = $sent();
        $request = self::order('php-nobody');
        $client = self::client($server, retryPolicy: self::oneAttempt());
        $error = self::failure(OutcomeUnknown::class, fn () => $client->createOrder($request));
        self::assertFalse($error->fromService);
        $bytes = 5 + strlen($request->serializeToString());
        self::assertSame(['5', "$bytes"], array_slice($sent(), count($before)));
    }

    public function testEachAttemptOfTheRetryPolicyIsOneRequest(): void
    {
        $log = self::env('MSP_TEST_BREAKER_LOG');
        $before = count(file($log));
        $client = self::client('MSP_TEST_BREAKER', retryPolicy: new RetryPolicy(attemptsMax: 3, pause: 0.01));
        self::failure(OutcomeUnknown::class, fn () => $client->createOrder(self::order('php-nobody')));
        // The rest are empty: whether the service is there is asked before each, since it has answered no payment.
        $payments = array_filter(array_slice(file($log, FILE_IGNORE_NEW_LINES), $before), fn ($bytes) => $bytes !== '5');
        self::assertCount(3, $payments);
    }

    public function testALostReadSaysNothingOfMoney(): void
    {
        $error = self::failure(ServiceException::class, fn () => self::client('MSP_TEST_DROPPER')->getOrder('php-nobody'));
        self::assertSame([Code::UNAVAILABLE, Outcome::OUTCOME_UNSPECIFIED], [$error->status, $error->outcome]);
    }

    /** @return iterable<string, array{string, array<string, Tls>, string}> */
    public static function unreachable(): iterable
    {
        yield 'dead port' => ['127.0.0.1:1', [], '127.0.0.1:1 in plain text'];
        yield 'wrong host' => ['nobody..invalid:443', ['tls' => new Tls()], 'nobody..invalid:443 with TLS'];
        $server = self::env('MSP_SERVER');
        yield 'TLS against plain text' => [$server, ['tls' => new Tls()], "$server with TLS"];
        $server = self::env('MSP_TEST_TLS_SERVER');
        yield 'plain text against TLS' => [$server, [], "$server in plain text"];
        yield 'other roots' => [$server, ['tls' => new Tls()], "$server with TLS"];
        $server = self::env('MSP_TEST_DROPPER');
        yield 'a server that drops every call' => [$server, [], "$server in plain text"];
        yield 'no such socket' => ['unix:/nowhere/server.sock', [], 'unix:/nowhere/server.sock in plain text'];
    }

    /**
     * @dataProvider unreachable
     * @param array<string, Tls> $options
     */
    public function testWithoutAConnectionNothingWasSent(string $server, array $options, string $tried): void
    {
        $client = new Client($server, ...$options, retryPolicy: new RetryPolicy(attemptsMax: 2, pause: 0.01));
        $error = self::failure(NotSent::class, fn () => $client->createOrder(self::order('php-not-connected'), timeout: 1.0));
        self::assertStringStartsWith("no connection to $tried within ", $error->statusMessage);
        self::assertSame(['NOT_CONNECTED', Outcome::OUTCOME_NOT_SENT], [$error->reason, $error->outcome]);
        self::assertSame([Code::UNAVAILABLE, 0.0, false], [$error->status, $error->retryAfter, $error->fromService]);
    }

    public function testTheServiceKnowsTheDeadlineAndAnswersBeforeIt(): void
    {
        $match = ['order_id' => 'php-slow', 'path' => '/v1/json/orders*', 'times' => 99];
        self::control('faults', ['match' => $match, 'effect' => ['name' => 'latency', 'ms' => 20_000]]);
        $client = self::client(retryPolicy: self::oneAttempt());
        $call = fn () => $client->createOrder(self::order('php-slow'), timeout: 3.0);
        $error = self::failure(OutcomeUnknown::class, $call);
        self::assertSame(['OUTCOME_UNKNOWN', true], [$error->reason, $error->fromService]);
    }

    public function testAServerThatNeverAnswersIsLeftAtTheDeadline(): void
    {
        $listener = stream_socket_server('tcp://127.0.0.1:0');
        $client = new Client(stream_socket_get_name($listener, false), retryPolicy: self::oneAttempt());
        $start = hrtime(true);
        $error = self::failure(ServiceException::class, fn () => $client->getOrder('php-silent', timeout: 0.3));
        self::assertSame(Code::DEADLINE_EXCEEDED, $error->status);
        $watch = fn () => iterator_to_array($client->watchOrder('php-silent', timeout: 0.3));
        $error = self::failure(ServiceException::class, $watch);
        self::assertSame(Code::DEADLINE_EXCEEDED, $error->status);
        $call = fn () => $client->createOrder(self::order('php-silent'), timeout: 0.6);
        self::assertSame('NOT_CONNECTED', self::failure(NotSent::class, $call)->reason);
        $took = (hrtime(true) - $start) / 1e9;
        self::assertGreaterThan(0.85, $took);
        self::assertLessThan(10.0, $took);
    }

    public function testAProxyOfTheEnvironmentIsNotConnectedTo(): void
    {
        $log = self::env('MSP_TEST_PROXY_LOG');
        $before = file_get_contents($log);
        $names = ['http_proxy', 'https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
        foreach ([...$names, 'no_proxy', 'NO_PROXY'] as $name) {
            putenv(str_contains(strtolower($name), 'no_') ? "$name=" : "$name=http://" . self::env('MSP_TEST_PROXY'));
        }
        try {
            $client = self::client();
            $client->createOrder(self::order('php-no-proxy'));
            $client->getOrder('php-no-proxy');
            iterator_to_array($client->watchOrder('php-no-proxy', timeout: 30));
            self::client('MSP_TEST_TLS_SERVER', self::tls())->getOrder('php-no-proxy');
        } finally {
            foreach ([...$names, 'no_proxy', 'NO_PROXY'] as $name) {
                putenv($name);
            }
        }
        self::assertSame($before, file_get_contents($log));
    }

    public function testAProxyThatWasNamedIsUsed(): void
    {
        putenv('no_proxy=*');
        try {
            $proxy = 'http://' . self::env('MSP_TEST_PROXY');
            self::client('MSP_TEST_TLS_SERVER', self::tls(), proxy: $proxy)->createOrder(self::order('php-proxy'));
        } finally {
            putenv('no_proxy');
        }
        $connect = 'CONNECT ' . self::env('MSP_TEST_TLS_SERVER') . ' ';
        self::assertStringContainsString($connect, file_get_contents(self::env('MSP_TEST_PROXY_LOG')));
    }

    /** @return iterable<string, array{string, array<string, mixed>, string}> */
    public static function refusedSettings(): iterable
    {
        yield 'plain text to another machine' => ['payments.example:443', [], 'payments.example:443 is not on this machine'];
        yield 'plain text through a proxy' => ['127.0.0.1:1', ['proxy' => 'http://127.0.0.1:2'], 'is behind a proxy'];
        yield 'a proxy without a scheme' => ['127.0.0.1:1', ['proxy' => '127.0.0.1:2'], 'http://HOST:PORT'];
        yield 'no port' => ['localhost', [], 'HOST:PORT'];
        yield 'a path behind the address' => ['127.0.0.1:1/elsewhere', [], 'HOST:PORT'];
        yield 'a site that would be a second header' => ['127.0.0.1:1', ['site' => "shop\r\nx: y"], 'site'];
    }

    /**
     * @dataProvider refusedSettings
     * @param array<string, mixed> $options
     */
    public function testSettingsThatWouldShowACardAreRefused(string $server, array $options, string $message): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage($message);
        new Client($server, ...$options);
    }

    public function testTransactionIdsOf17DigitsAreExact(): void
    {
        $client = self::client();
        $reply = $client->createOrder(self::order('php-digits'));
        self::assertSame(1, preg_match('/"transaction_id":\s*"?(\d{16,})/', self::control('orders/php-digits'), $kept));
        self::assertSame($kept[1], $reply->getOrder()->getTransactionId());
        self::assertSame($kept[1], $client->getOrder('php-digits')->getTransactionId());
    }

    public function testAWatchYieldsEachChangeAsItComesAndEndsWhenTheOrderIsPaid(): void
    {
        $client = self::client();
        $client->createOrder(self::order('php-watch', self::CARD_3DS));
        $seen = [];
        foreach ($client->watchOrder('php-watch', timeout: 60) as $change) {
            if ($seen === []) {
                self::control('orders/php-watch/3ds', ['result' => 'Y']);
            }
            $seen[] = $change->getOrder()->getPaymentState();
        }
        self::assertContains($seen[0], [PaymentState::PAYMENT_STATE_PENDING, PaymentState::PAYMENT_STATE_REQUIRES_ACTION]);
        self::assertSame(PaymentState::PAYMENT_STATE_PAID, end($seen));
    }

    public function testAWatchThatBreaksIsResumedAFewTimes(): void
    {
        $waits = [];
        $policy = new RetryPolicy(sleep: function (float $seconds) use (&$waits): void {
            $waits[] = $seconds;
        });
        $watch = fn () => iterator_to_array(self::client('MSP_TEST_DROPPER', retryPolicy: $policy)->watchOrder('php-nobody'));
        self::assertSame(Code::UNAVAILABLE, self::failure(ServiceException::class, $watch)->status);
        self::assertSame([0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0], $waits);
    }

    public function testLeavingAWatchEndsIt(): void
    {
        $client = self::client();
        $client->createOrder(self::order('php-leave', self::CARD_3DS));
        foreach ($client->watchOrder('php-leave') as $change) {
            break;
        }
        self::assertSame('php-leave', $change->getOrder()->getOrderId());
        self::assertSame('php-leave', $client->getOrder('php-leave')->getOrderId());
    }

    public function testAPartIsRefundedOnceHoweverOftenItIsAsked(): void
    {
        $client = self::client();
        $client->createOrder(self::order('php-refund'));
        $request = new RefundOrderRequest([
            'order_id' => 'php-refund', 'amount' => 1500, 'currency' => 'EUR', 'refund_order_id' => 'php-refund-r1',
        ]);
        [$first, $second] = [$client->refundOrder($request), $client->refundOrder($request)];
        self::assertSame(Outcome::OUTCOME_CONFIRMED, $first->getResult()->getOutcome());
        self::assertSame($first->getRefund()->getPspRefundId(), $second->getRefund()->getPspRefundId());
        self::assertSame(1500, $client->getOrder('php-refund')->getAmountRefunded());
    }

    public function testASiteThatTheServiceDoesNotKnowIsRefused(): void
    {
        $call = fn () => self::client(site: 'nobodys')->createOrder(self::order('php-site'));
        self::assertSame('UNKNOWN_SITE', self::failure(InvalidRequest::class, $call)->reason);
    }

    public function testASocketOfTheFileSystem(): void
    {
        $client = self::client('MSP_TEST_UNIX');
        $reply = $client->createOrder(self::order('php-unix'));
        self::assertSame(PaymentState::PAYMENT_STATE_PAID, $reply->getOrder()->getPaymentState());
        self::assertCount(1, iterator_to_array($client->watchOrder('php-unix', timeout: 30)));
    }

    public function testMutualTls(): void
    {
        $client = self::client('MSP_TEST_TLS_SERVER', self::tls());
        $reply = $client->createOrder(self::order('php-mtls'));
        self::assertSame(PaymentState::PAYMENT_STATE_PAID, $reply->getOrder()->getPaymentState());
        self::assertCount(1, iterator_to_array($client->watchOrder('php-mtls', timeout: 30)));
    }

    public function testMutualTlsLetsNobodyIn(): void
    {
        $client = self::client('MSP_TEST_TLS_SERVER', new Tls(self::env('MSP_TEST_CERTS') . '/ca.pem'));
        $this->expectException(ServiceException::class);
        $client->getOrder('php-mtls', timeout: 5.0);
    }

    public function testMutualTlsLetsNoStrangerIn(): void
    {
        $client = self::client('MSP_TEST_TLS_SERVER', self::tls('stranger'));
        $this->expectException(ServiceException::class);
        $client->getOrder('php-mtls', timeout: 5.0);
    }

    public function testNoRootsAreTrustedBesideThoseThatAreNamed(): void
    {
        $endpoint = new Endpoint('127.0.0.1:1', new Tls(self::env('MSP_TEST_CERTS') . '/ca.pem'), false, '');
        $folder = $endpoint->optionsFor('/')[CURLOPT_CAPATH];
        self::assertDirectoryExists($folder);
        self::assertSame([], glob("$folder/*.[0-9]"));
    }

    public function testALibcurlWithoutHttp2IsRefused(): void
    {
        $this->expectException(RuntimeException::class);
        $this->expectExceptionMessage('libcurl 7.29.0 of this PHP has no HTTP/2');
        Endpoint::checkLibrary(['version' => '7.29.0', 'features' => curl_version()['features'] & ~CURL_VERSION_HTTP2]);
    }

    private static function httpCall(string $path): HttpCall
    {
        return new HttpCall(curl_init(), new Endpoint('127.0.0.1:1', null, false, ''), $path, '', 1.0);
    }

    public function testAnOptionThatLibcurlRefusesSendsNothing(): void
    {
        $this->expectException(RuntimeException::class);
        $this->expectExceptionMessage('libcurl refuses an option of the call');
        self::httpCall('/' . str_repeat('a', 8_000_001)); // More than libcurl takes as one text.
    }

    public function testAnAnswerThatCameBeforeTheRequestWasReadIsShown(): void
    {
        $call = self::httpCall('/multisafepay.v1.OrderService/CreateOrder');
        $header = new ReflectionMethod($call, 'readHeader');
        foreach (['HTTP/2 200', 'grpc-status: 8', 'grpc-message: too%20large'] as $line) {
            $header->invoke($call, "$line\r\n");
        }
        self::assertFalse($call->asked());
        self::assertSame('the answer is RESOURCE_EXHAUSTED: too large', $call->problem(CURLE_OK));
    }

    public function testAFileThatIsNoPemIsRefused(): void
    {
        $this->expectExceptionMessage('not a PEM file');
        new Tls(__FILE__ . '.absent');
    }
}
