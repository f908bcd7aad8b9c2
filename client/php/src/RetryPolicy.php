<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use Closure;
use Google\Protobuf\Internal\Message;
use Multisafepay\V1\CallControl;
use Multisafepay\V1\Outcome;
use SensitiveParameter;

/**
 * The retry policy of a payment: the action for each outcome, so that it is made once or not at all.
 *
 * | outcome   | what happens                                                                             |
 * |-----------|------------------------------------------------------------------------------------------|
 * | CONFIRMED | the reply is returned; a declined card is CONFIRMED too                                  |
 * | REJECTED  | Rejected is thrown: the same call would be refused again; with a retry time              |
 * |           | (RATE_LIMITED) the same call again after it                                              |
 * | NOT_SENT  | the same call again if the service gave a retry time, or no connection was made; else    |
 * |           | NotSent or InvalidRequest                                                                |
 * | UNKNOWN   | the same call again with control.repeat: the service reads the order before it sends it  |
 */
final class RetryPolicy
{
    // The minimum time of an attempt: the service refuses a call that cannot complete in time.
    private const ATTEMPT_MIN_S = 1.0;

    /** @var Closure(): float seconds of a clock that is never set back */
    public readonly Closure $clock;

    /** @var Closure(float): void waits so many seconds */
    public readonly Closure $sleep;

    /**
     * @param float $budget seconds for all attempts and pauses together
     * @param float $pause seconds before the second attempt; doubles with each further one; a longer RetryInfo takes
     * precedence
     * @param ?Closure(ServiceException, float): void $onRepeat called before each repeat with the error and the seconds
     * until the next attempt, for logs
     */
    public function __construct(
        public readonly float $budget = 120.0,
        public readonly int $attemptsMax = 5,
        public readonly float $pause = 0.5,
        public readonly ?Closure $onRepeat = null,
        ?Closure $clock = null,
        ?Closure $sleep = null,
    ) {
        // NAN is no number of at least anything.
        if (!($budget >= 0.0) || $attemptsMax < 1 || !($pause >= 0.0)) {
            throw new \InvalidArgumentException('a time is negative or no number, or attemptsMax is below 1');
        }
        $this->clock = $clock ?? static fn (): float => hrtime(true) / 1e9;
        $this->sleep = $sleep ?? static fn (float $seconds) => usleep((int) (1e6 * $seconds));
    }

    /**
     * Makes $call($request, $timeout) until its answer is conclusive or the budget is spent.
     *
     * Every attempt carries the same ids and idempotency key. To resolve OutcomeUnknown see its description.
     *
     * @internal
     * @template Q of Message
     * @template R of Message
     * @param Closure(Q, float): R $call
     * @param Q $request is left as it is
     * @return R
     */
    public function callWithRetry(
        #[SensitiveParameter] Closure $call,
        #[SensitiveParameter] Message $request,
        float $timeout,
    ): Message {
        $mine = clone $request;
        $end = ($this->clock)() + $this->budget;
        $indeterminate = false;
        for ($attempt = 1, $pause = $this->pause;; ++$attempt, $pause *= 2) {
            try {
                $reply = $call($mine, min($timeout, max($end - ($this->clock)(), self::ATTEMPT_MIN_S)));
                $error = self::inconclusive($reply);
                if ($error === null) {
                    return $reply;
                }
            } catch (ServiceException $caught) {
                $error = $caught;
            }
            if ($error instanceof OutcomeUnknown) {
                $indeterminate = true;
                // A separate copy: clone would share the caller's control object.
                $control = $mine->getControl() === null ? new CallControl() : clone $mine->getControl();
                $mine->setControl($control->setRepeat(true));
            }
            $wait = max($pause, $error->retryAfter ?? 0.0);
            $mayRetry = $error instanceof OutcomeUnknown || $error->retryAfter !== null;
            $timeIsUp = ($this->clock)() + $wait + self::ATTEMPT_MIN_S > $end;
            if (!$mayRetry || $attempt >= $this->attemptsMax || $timeIsUp) {
                // The last attempt was not sent, but an earlier one may have been.
                throw $indeterminate && $error->outcome === Outcome::OUTCOME_NOT_SENT ? $error->asUnknown() : $error;
            }
            if ($this->onRepeat !== null) {
                ($this->onRepeat)($error, $wait);
            }
            ($this->sleep)($wait);
        }
    }

    /** A reply without CONFIRMED does not determine the payment's outcome, except for a dry run. */
    private static function inconclusive(Message $reply): ?ServiceException
    {
        $result = $reply->getResult();
        if ($result !== null && ($result->getOutcome() === Outcome::OUTCOME_CONFIRMED || $result->getDryRunJson() !== '')) {
            return null;
        }
        return ServiceException::unknown('the reply does not state the outcome');
    }
}
