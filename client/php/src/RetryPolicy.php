<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use Closure;

/** The retry policy of a call that moves money. */
final class Rule
{
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
        $this->clock = $clock ?? static fn (): float => hrtime(true) / 1e9;
        $this->sleep = $sleep ?? static fn (float $seconds) => usleep((int) (1e6 * $seconds));
    }
}
