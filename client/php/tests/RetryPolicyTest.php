<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

use Google\Protobuf\Internal\Message;
use Multisafepay\Grpc\Client;
use Multisafepay\Grpc\Code;
use Multisafepay\Grpc\NotSent;
use Multisafepay\Grpc\OutcomeUnknown;
use Multisafepay\Grpc\Rejected;
use Multisafepay\Grpc\RetryPolicy;
use Multisafepay\Grpc\Rule;
use Multisafepay\Grpc\ServiceException;
use Multisafepay\V1\CallControl;
use Multisafepay\V1\CallResult;
use Multisafepay\V1\CreateOrderRequest;
use Multisafepay\V1\CreateOrderResponse;
use Multisafepay\V1\Outcome;
use PHPUnit\Framework\TestCase;

/** The retry policy on answers that are made up, in virtual time. */
final class RetryPolicyTest extends TestCase
{
    /** @var list<bool> */
    private array $repeats = [];
    /** @var list<float> */
    private array $waits = [];
    private float $now = 0.0;

    private static function unknown(): ServiceException
    {
        return ServiceException::unknown('made up');
    }

    private static function notSent(?float $retryAfter = null): ServiceException
    {
        return new NotSent(Code::UNAVAILABLE, 'made up', Outcome::OUTCOME_NOT_SENT, retryAfter: $retryAfter, fromService: true);
    }

    private static function confirmed(): CreateOrderResponse
    {
        return new CreateOrderResponse(['result' => new CallResult(['outcome' => Outcome::OUTCOME_CONFIRMED])]);
    }

    /** @param list<ServiceException|CreateOrderResponse> $answers one for each attempt */
    private function play(array $answers, int $attemptsMax = 5, float $budget = 120.0, ?Message $request = null): Message
    {
        $policy = new RetryPolicy(
            budget: $budget,
            attemptsMax: $attemptsMax,
            clock: fn (): float => $this->now,
            sleep: function (float $seconds): void {
                $this->waits[] = $seconds;
                $this->now += $seconds;
            },
        );
        $call = function (CreateOrderRequest $mine, float $timeout) use (&$answers): Message {
            $this->repeats[] = $mine->getControl()?->getRepeat() ?? false;
            $answer = array_shift($answers);
            return $answer instanceof ServiceException ? throw $answer : $answer;
        };
        return $policy->callWithRetry($call, $request ?? new CreateOrderRequest(['order_id' => 'a']), 35.0);
    }

    /** @param class-string<ServiceException> $class */
    private function failure(string $class, array $answers, int $attemptsMax = 5, float $budget = 120.0): ServiceException
    {
        try {
            $this->play($answers, $attemptsMax, $budget);
        } catch (ServiceException $error) {
            self::assertSame($class, $error::class);
            return $error;
        }
        self::fail('the call went through');
    }

    public function testUnknownIsRepeatedAsARepeat(): void
    {
        self::assertEquals(self::confirmed(), $this->play([self::unknown(), self::unknown(), self::confirmed()]));
        self::assertSame([false, true, true], $this->repeats);
        self::assertSame([0.5, 1.0], $this->waits);
    }

    public function testNotSentIsRepeatedWhenTheServiceSaysWhen(): void
    {
        $this->play([self::notSent(3.0), self::confirmed()]);
        self::assertSame([false, false], $this->repeats);
        self::assertSame([3.0], $this->waits);
    }

    public function testNotSentIsFinalWithoutATime(): void
    {
        $this->failure(NotSent::class, [self::notSent()]);
        self::assertCount(1, $this->repeats);
    }

    public function testRejectedIsRepeatedWhenTheServiceSaysWhen(): void
    {
        $limited = new Rejected(Code::RESOURCE_EXHAUSTED, 'made up', Outcome::OUTCOME_REJECTED, retryAfter: 3.0, fromService: true);
        $this->play([$limited, self::confirmed()]);
        self::assertSame([false, false], $this->repeats);
        self::assertSame([3.0], $this->waits);
    }

    public function testRejectedIsFinalWithoutATime(): void
    {
        $this->failure(Rejected::class, [new Rejected(Code::INVALID_ARGUMENT, 'made up', Outcome::OUTCOME_REJECTED)]);
        self::assertCount(1, $this->repeats);
    }

    public function testNotSentAfterUnknownStaysUnknown(): void
    {
        $error = $this->failure(OutcomeUnknown::class, [self::unknown(), self::notSent()]);
        self::assertSame(Outcome::OUTCOME_UNKNOWN, $error->outcome);
        self::assertNull($error->retryAfter);
    }

    public function testAttemptsAreBounded(): void
    {
        $this->failure(OutcomeUnknown::class, array_fill(0, 9, self::unknown()));
        self::assertCount(5, $this->repeats);
    }

    public function testTimeIsBounded(): void
    {
        $this->failure(OutcomeUnknown::class, array_fill(0, 99, self::unknown()), attemptsMax: 99, budget: 10.0);
        self::assertGreaterThan(1, count($this->repeats));
        self::assertLessThanOrEqual(10.0, $this->now);
    }

    public function testAReplyWithoutOutcomeIsUnknown(): void
    {
        $this->play([new CreateOrderResponse(), self::confirmed()]);
        self::assertSame([false, true], $this->repeats);
    }

    public function testTheCallersRequestIsLeftAlone(): void
    {
        $control = new CallControl(['idempotency_key' => 'k']);
        $request = new CreateOrderRequest(['order_id' => 'a', 'control' => $control]);
        $this->play([self::unknown(), self::confirmed()], request: $request);
        self::assertSame([false, true], $this->repeats);
        self::assertFalse($request->getControl()->getRepeat());
        self::assertSame('k', $request->getControl()->getIdempotencyKey());
    }

    /** @return iterable<string, array{Closure}> */
    public static function settingsThatCannotWork(): iterable
    {
        foreach ([-1.0, 0.0, NAN, INF] as $time) {
            yield "a write timeout of $time" => [fn () => new Client('127.0.0.1:1', writeTimeout: $time)];
            yield "a read timeout of $time" => [fn () => new Client('127.0.0.1:1', readTimeout: $time)];
            $client = new Client('127.0.0.1:1');
            yield "a payment of $time" => [fn () => $client->createOrder(new CreateOrderRequest(), timeout: $time)];
            yield "a read of $time" => [fn () => $client->getOrder('a', timeout: $time)];
            yield "a watch of $time" => [fn () => $client->watchOrder('a', timeout: $time)->current()];
        }
        yield 'a negative budget' => [fn () => new RetryPolicy(budget: -1.0)];
        yield 'a budget that is no number' => [fn () => new RetryPolicy(budget: NAN)];
        yield 'no attempt' => [fn () => new RetryPolicy(attemptsMax: 0)];
        yield 'a negative pause' => [fn () => new RetryPolicy(pause: -1.0)];
    }

    /** @dataProvider settingsThatCannotWork */
    public function testSettingsThatCannotWorkAreRefused(Closure $call): void
    {
        $this->expectException(InvalidArgumentException::class);
        $call();
    }

    public function testTheEarlierNameRuleIsAccepted(): void
    {
        $rule = new Rule(attemptsMax: 2, pause: 0.5, sleep: function (float $seconds): void {
            $this->waits[] = $seconds;
        });
        self::assertInstanceOf(RetryPolicy::class, $rule);
        try {
            (new Client('127.0.0.1:1', rule: $rule))->createOrder(new CreateOrderRequest(['order_id' => 'a']));
            self::fail('the call went through');
        } catch (NotSent) {
            self::assertSame([0.5], $this->waits);
        }
    }
}
