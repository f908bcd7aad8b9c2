<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use Google\Protobuf\Internal\Message;
use Multisafepay\V1\CallControl;
use Multisafepay\V1\Outcome;
use SensitiveParameter;

/**
 * The caller's rule for a payment: the action for each outcome, so that it is made once or not at all.
 *
 * | outcome   | what happens                                                                             |
 * |-----------|------------------------------------------------------------------------------------------|
 * | CONFIRMED | the reply is returned; a declined card is CONFIRMED too                                  |
 * | REJECTED  | Rejected is thrown: the same call would be refused again                                 |
 * | NOT_SENT  | the same call again if the service gave a retry time, or no connection was made; else    |
 * |           | NotSent or InvalidRequest                                                                |
 * | UNKNOWN   | the same call again with control.repeat: the service reads the order before it sends it  |
 *
 * @internal
 */
final class Certain
{
    // The minimum time of an attempt: the service refuses a call that cannot complete in time.
    private const ATTEMPT_MIN_S = 1.0;

    /**
     * Makes $call($request, $timeout) until its answer is conclusive or the budget is spent.
     *
     * Every attempt carries the same ids and idempotency key. Resolve OutcomeUnknown with getOrder, or with the same
     * call again.
     *
     * @template Q of Message
     * @template R of Message
     * @param \Closure(Q, float): R $call
     * @param Q $request is left as it is
     * @return R
     */
    public static function call(
        #[SensitiveParameter] \Closure $call,
        #[SensitiveParameter] Message $request,
        Rule $rule,
        float $timeout,
    ): Message {
        $mine = clone $request;
        $end = ($rule->clock)() + $rule->budget;
        $indeterminate = false;
        for ($attempt = 1, $pause = $rule->pause;; ++$attempt, $pause *= 2) {
            try {
                $reply = $call($mine, min($timeout, max($end - ($rule->clock)(), self::ATTEMPT_MIN_S)));
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
            $mayGoAgain = $error instanceof OutcomeUnknown || $error->retryAfter !== null;
            $timeIsUp = ($rule->clock)() + $wait + self::ATTEMPT_MIN_S > $end;
            if (!$mayGoAgain || $attempt >= $rule->attemptsMax || $timeIsUp) {
                // The last attempt was not sent, but an earlier one may have been.
                throw $indeterminate && $error->outcome === Outcome::OUTCOME_NOT_SENT ? $error->asUnknown() : $error;
            }
            if ($rule->onRepeat !== null) {
                ($rule->onRepeat)($error, $wait);
            }
            ($rule->sleep)($wait);
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
