<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use CurlHandle;
use Generator;
use SensitiveParameter;

/**
 * Makes calls to one endpoint, each on a separate connection.
 *
 * Debian 12's libcurl 7.88 cannot make a second call on a plain-text HTTP/2 connection (8.0 can), and a reused
 * connection may be dead.
 *
 * A call that moves money is made only after the service has just answered; otherwise the request provably was not sent.
 *
 * @internal
 */
final class Channel
{
    // Seconds to connect before a call that moves money. The rest of the call's time is for the call itself.
    private const CONNECT_MAX_S = 5.0;
    private const PAUSE_S = 0.05;
    private const PAUSE_MAX_S = 0.5;
    // Seconds for which a service counts as up after an answer.
    private const FRESH_S = 10.0;
    // Reads and changes nothing; any HTTP/2 answer suffices.
    private const CHECK = '/grpc.health.v1.Health/Check';
    private const SELECT_S = 1.0;

    // Caches names and TLS sessions.
    private readonly CurlHandle $handle;
    private ?float $answered = null;

    public function __construct(private readonly Endpoint $endpoint, private readonly string $site)
    {
        $this->handle = curl_init();
    }

    /**
     * A call with one answer.
     *
     * @param string $message the serialized request
     * @return string the serialized reply
     */
    public function call(string $path, #[SensitiveParameter] string $message, float $timeout, bool $movesMoney): string
    {
        $start = self::now();
        $left = $movesMoney ? $this->connect($timeout) : $timeout;
        $call = new HttpCall($this->handle, $this->endpoint, $path, $message, $left, $this->site);
        try {
            curl_exec($this->handle);
            $error = curl_errno($this->handle);
            $this->answered = $error === CURLE_OK && $call->connected() ? self::now() : null;
            if ($movesMoney && !$call->asked()) {
                throw $this->notConnected(self::now() - $start, $call->problem($error));
            }
            $reply = $call->next();
            $call->finish($error, $movesMoney);
        } finally {
            curl_reset($this->handle); // It has the request in its callbacks.
        }
        $code = $error === CURLE_OK ? Code::INTERNAL : Code::UNAVAILABLE;
        return $reply ?? throw ServiceException::of($code, 'the answer has no message', '', $movesMoney);
    }

    /**
     * A call with any number of answers, each yielded when it has arrived. Exiting the loop ends the call.
     *
     * @return Generator<int, string>
     */
    public function stream(string $path, #[SensitiveParameter] string $message, ?float $timeout): Generator
    {
        $handle = curl_init();
        $multi = curl_multi_init();
        $call = new HttpCall($handle, $this->endpoint, $path, $message, $timeout, $this->site);
        curl_multi_add_handle($multi, $handle);
        try {
            do {
                curl_multi_exec($multi, $running);
                while (($answer = $call->next()) !== null) {
                    yield $answer;
                }
                if ($running > 0 && curl_multi_select($multi, self::SELECT_S) < 0) {
                    usleep((int) (1e6 * self::PAUSE_S)); // No socket to wait for during name resolution.
                }
            } while ($running > 0);
            $ended = curl_multi_info_read($multi);
            $call->finish($ended === false ? CURLE_RECV_ERROR : $ended['result'], false);
        } finally {
            curl_multi_remove_handle($multi, $handle);
            curl_multi_close($multi);
        }
    }

    /** Waits for an answer of the service unless there was one just now, for half of $timeout at most; returns the rest. */
    private function connect(float $timeout): float
    {
        $start = self::now();
        if ($this->answered !== null && $start - $this->answered < self::FRESH_S) {
            return $timeout;
        }
        $end = $start + min($timeout / 2, self::CONNECT_MAX_S);
        for ($pause = self::PAUSE_S;; $pause = min(2 * $pause, self::PAUSE_MAX_S)) {
            $call = new HttpCall($this->handle, $this->endpoint, self::CHECK, '', max($end - self::now(), 0.001));
            curl_exec($this->handle);
            $error = curl_errno($this->handle);
            $problem = $error === CURLE_OK ? 'the answer is not HTTP/2' : $call->problem($error);
            if ($call->connected()) {
                return $timeout - (self::now() - $start);
            }
            if (self::now() + $pause >= $end) {
                throw $this->notConnected(self::now() - $start, $problem);
            }
            usleep((int) (1e6 * $pause));
        }
    }

    private function notConnected(float $waited, string $problem): NotSent
    {
        return ServiceException::notConnected(
            sprintf('no connection to %s within %.1f s: %s', $this->endpoint->tried, $waited, $problem),
        );
    }

    private static function now(): float
    {
        return hrtime(true) / 1e9;
    }
}
