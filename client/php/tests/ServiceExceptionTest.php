<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

use Google\Protobuf\Any;
use Google\Protobuf\Duration;
use Google\Protobuf\Internal\Message;
use Multisafepay\Grpc\Code;
use Multisafepay\Grpc\InvalidRequest;
use Multisafepay\Grpc\NotSent;
use Multisafepay\Grpc\OutcomeUnknown;
use Multisafepay\Grpc\Rejected;
use Multisafepay\Grpc\ServiceException;
use Multisafepay\Grpc\Wire\BadRequest;
use Multisafepay\Grpc\Wire\ErrorInfo;
use Multisafepay\Grpc\Wire\RetryInfo;
use Multisafepay\Grpc\Wire\Status;
use Multisafepay\V1\Outcome;
use PHPUnit\Framework\TestCase;

/** What is read from a status and its details, as bytes. */
final class ServiceExceptionTest extends TestCase
{
    /** @param array<string, string> $facts */
    private static function info(string $reason, array $facts, string $domain = 'multisafepay-grpc'): ErrorInfo
    {
        return new ErrorInfo(['reason' => $reason, 'domain' => $domain, 'metadata' => $facts]);
    }

    private static function retry(): RetryInfo
    {
        return new RetryInfo(['retry_delay' => new Duration(['seconds' => 2, 'nanos' => 500_000_000])]);
    }

    private static function bytes(Code $code, Message ...$details): string
    {
        $status = new Status(['code' => $code->value, 'message' => 'no']);
        foreach ($details as $detail) {
            $name = substr($detail::class, strrpos($detail::class, '\\') + 1);
            $any = new Any(['type_url' => "type.googleapis.com/google.rpc.$name", 'value' => $detail->serializeToString()]);
            $status->getDetails()[] = $any;
        }
        return $status->serializeToString();
    }

    public function testEachOutcomeHasItsClass(): void
    {
        foreach (['REJECTED' => Rejected::class, 'NOT_SENT' => NotSent::class, 'UNKNOWN' => OutcomeUnknown::class] as $name => $class) {
            $details = self::bytes(Code::ABORTED, self::info('ORDER_BUSY', ['outcome' => $name]));
            $error = ServiceException::of(Code::ABORTED, 'no', $details, true);
            self::assertSame([$class, $name, true], [$error::class, $error->outcomeName(), $error->fromService]);
            self::assertSame("ABORTED ORDER_BUSY outcome=$name: no", $error->getMessage());
            self::assertSame(10, $error->getCode());
        }
    }

    public function testAllFactsAreRead(): void
    {
        $facts = ['outcome' => 'NOT_SENT', 'error_code' => '1006', 'http_status' => '404', 'order_id' => 'tulip-1'];
        $violation = new BadRequest\FieldViolation(['field' => 'amount', 'description' => 'is negative']);
        $bad = new BadRequest(['field_violations' => [$violation]]);
        $details = self::bytes(Code::INVALID_ARGUMENT, self::info('BAD', $facts), $bad, self::retry());
        $error = ServiceException::of(Code::INVALID_ARGUMENT, 'no', $details, true);
        self::assertInstanceOf(InvalidRequest::class, $error);
        self::assertSame([1006, 404, 'tulip-1', 2.5], [$error->errorCode, $error->httpStatus, $error->orderId, $error->retryAfter]);
        self::assertSame('INVALID_ARGUMENT BAD outcome=NOT_SENT: no; amount: is negative', $error->getMessage());
    }

    /** @return iterable<string, array{string}> */
    public static function nobodysWord(): iterable
    {
        $notSent = self::info('X', ['outcome' => 'NOT_SENT']);
        yield 'no details' => [''];
        yield 'bytes that are no message' => ["\xff\xff\xff"];
        yield 'details of another status' => [self::bytes(Code::ABORTED, $notSent, self::retry())];
        yield "somebody else's ErrorInfo" => [
            self::bytes(Code::UNAVAILABLE, self::info('X', ['outcome' => 'NOT_SENT'], 'proxy.example'), self::retry()),
        ];
        yield 'a time without an ErrorInfo' => [self::bytes(Code::UNAVAILABLE, self::retry())];
    }

    /** @dataProvider nobodysWord */
    public function testWhatTheServiceDidNotSayLeavesAPaymentUnknown(string $details): void
    {
        $error = ServiceException::of(Code::UNAVAILABLE, 'no', $details, true);
        self::assertSame([OutcomeUnknown::class, Outcome::OUTCOME_UNKNOWN], [$error::class, $error->outcome]);
        self::assertSame([null, false, ''], [$error->retryAfter, $error->fromService, $error->reason]);
    }

    public function testAnUnknownOutcomeHasNoTimeToSendItAgain(): void
    {
        $details = self::bytes(Code::UNKNOWN, self::info('OUTCOME_UNKNOWN', ['outcome' => 'UNKNOWN']), self::retry());
        self::assertNull(ServiceException::of(Code::UNKNOWN, 'no', $details, true)->retryAfter);
    }

    public function testAnOutcomeThatThisVersionDoesNotKnowIsUnknown(): void
    {
        $details = self::bytes(Code::ABORTED, self::info('X', ['outcome' => 'SOMETHING']));
        self::assertInstanceOf(OutcomeUnknown::class, ServiceException::of(Code::ABORTED, 'no', $details, true));
    }

    public function testAReadHasNoOutcome(): void
    {
        $error = ServiceException::of(Code::NOT_FOUND, 'no', self::bytes(Code::NOT_FOUND, self::info('MSP_1006', [])), false);
        self::assertSame([ServiceException::class, '', 'MSP_1006'], [$error::class, $error->outcomeName(), $error->reason]);
    }
}
