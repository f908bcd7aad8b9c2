<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use Multisafepay\Grpc\Wire\BadRequest;
use Multisafepay\Grpc\Wire\ErrorInfo;
use Multisafepay\Grpc\Wire\RetryInfo;
use Multisafepay\Grpc\Wire\Status;
use Multisafepay\V1\Outcome;

/**
 * A failed call. For a call that moves money one of the subclasses states the outcome.
 *
 * getMessage() has all of it in one line, for logs; getCode() is gRPC's code as a number. No value of a request is in it.
 */
class ServiceException extends \RuntimeException
{
    // The domains of the service's own ErrorInfo; one from a proxy proves nothing.
    private const DOMAINS = ['multisafepay.com', 'multisafepay-grpc'];

    /**
     * @param Code $status gRPC's code
     * @param string $statusMessage the status' own text
     * @param int $outcome of Multisafepay\V1\Outcome: OUTCOME_UNSPECIFIED for calls that move no money
     * @param string $reason "OUTCOME_UNKNOWN", "MSP_1006"; empty when the status is gRPC's own
     * @param string $domain who defines the reason: "multisafepay.com" or "multisafepay-grpc"
     * @param int $errorCode MultiSafepay's own code; 0 when it gave none
     * @param int $httpStatus MultiSafepay's HTTP status; 0 when it gave none
     * @param list<FieldViolation> $violations
     * @param ?float $retryAfter seconds after which the same call may be sent again; only if nothing was done: not sent
     * by the service, not sent by this client, or refused by MultiSafepay's rate limit
     * @param bool $fromService true if the service itself reported the error: the trailer has its ErrorInfo
     */
    final public function __construct(
        public readonly Code $status,
        public readonly string $statusMessage,
        public readonly int $outcome = Outcome::OUTCOME_UNSPECIFIED,
        public readonly string $reason = '',
        public readonly string $domain = '',
        public readonly int $errorCode = 0,
        public readonly int $httpStatus = 0,
        public readonly string $orderId = '',
        public readonly array $violations = [],
        public readonly ?float $retryAfter = null,
        public readonly bool $fromService = false,
        ?\Throwable $previous = null,
    ) {
        $words = [$status->name, $reason, $this->outcomeName() === '' ? '' : 'outcome=' . $this->outcomeName()];
        $text = implode(' ', array_filter($words)) . ': ' . $statusMessage;
        foreach ($violations as $violation) {
            $text .= "; $violation->field: $violation->description";
        }
        parent::__construct($text, $status->value, $previous);
    }

    /** CONFIRMED, REJECTED, NOT_SENT, UNKNOWN; empty for calls that move no money. */
    public function outcomeName(): string
    {
        $name = substr(Outcome::name($this->outcome), strlen('OUTCOME_'));
        return $name === 'UNSPECIFIED' ? '' : $name;
    }

    /** @internal No connection was made, so the call may be repeated at once. */
    public static function notConnected(string $message): NotSent
    {
        return new NotSent(
            Code::UNAVAILABLE,
            $message,
            Outcome::OUTCOME_NOT_SENT,
            reason: 'NOT_CONNECTED',
            retryAfter: 0.0,
        );
    }

    /** @internal */
    public static function unknown(string $message): OutcomeUnknown
    {
        return new OutcomeUnknown(Code::UNKNOWN, $message, Outcome::OUTCOME_UNKNOWN);
    }

    /** @internal The same facts, of a call whose earlier attempt may have been sent. */
    public function asUnknown(): OutcomeUnknown
    {
        return new OutcomeUnknown(
            $this->status,
            $this->statusMessage,
            Outcome::OUTCOME_UNKNOWN,
            $this->reason,
            $this->domain,
            $this->errorCode,
            $this->httpStatus,
            $this->orderId,
            $this->violations,
            null,
            $this->fromService,
            $this,
        );
    }

    /**
     * @internal The typed exception of a call that ended with this status.
     * @param string $details the bytes of grpc-status-details-bin, a google.rpc.Status; may be empty
     */
    public static function of(Code $status, string $message, string $details, bool $movesMoney): self
    {
        [$info, $bad, $retry] = self::detailsIn($details, $status, $message);
        $fromService = in_array($info->getDomain(), self::DOMAINS, true);
        $facts = [];
        foreach ($fromService ? $info->getMetadata() : [] as $name => $value) {
            $facts[$name] = $value;
        }
        $outcome = Outcome::OUTCOME_UNSPECIFIED;
        if ($movesMoney) {
            $constant = Outcome::class . '::OUTCOME_' . ($facts['outcome'] ?? '');
            $outcome = defined($constant) ? constant($constant) : $outcome;
            // A lost connection does not determine the payment's outcome.
            $outcome = $outcome === Outcome::OUTCOME_UNSPECIFIED ? Outcome::OUTCOME_UNKNOWN : $outcome;
        }
        $violations = [];
        foreach ($bad->getFieldViolations() as $one) {
            $violations[] = new FieldViolation($one->getField(), $one->getDescription());
        }
        $retryAfter = null;
        $delay = $retry->getRetryDelay();
        // Honouring a RetryInfo that is not the service's could charge twice.
        if ($delay !== null && $fromService && $outcome !== Outcome::OUTCOME_UNKNOWN) {
            $retryAfter = (int) $delay->getSeconds() + $delay->getNanos() / 1e9;
        }
        $class = match ($outcome) {
            Outcome::OUTCOME_REJECTED => Rejected::class,
            Outcome::OUTCOME_NOT_SENT => $status === Code::INVALID_ARGUMENT ? InvalidRequest::class : NotSent::class,
            Outcome::OUTCOME_UNKNOWN => OutcomeUnknown::class,
            default => self::class,
        };
        return new $class(
            $status,
            $message,
            $outcome,
            $fromService ? $info->getReason() : '',
            $fromService ? $info->getDomain() : '',
            self::number($facts['error_code'] ?? ''),
            self::number($facts['http_status'] ?? ''),
            $facts['order_id'] ?? '',
            $violations,
            $retryAfter,
            $fromService,
        );
    }

    /** @return array{ErrorInfo, BadRequest, RetryInfo} */
    private static function detailsIn(string $bytes, Code $status, string $message): array
    {
        $found = [new ErrorInfo(), new BadRequest(), new RetryInfo()];
        try {
            $whole = new Status();
            $whole->mergeFromString($bytes);
            // Details of another status: an intermediary replaced one of the two.
            if ($whole->getCode() !== $status->value || $whole->getMessage() !== $message) {
                return $found;
            }
            foreach ($whole->getDetails() as $detail) {
                $at = array_search($detail->getTypeUrl(), [
                    'type.googleapis.com/google.rpc.ErrorInfo',
                    'type.googleapis.com/google.rpc.BadRequest',
                    'type.googleapis.com/google.rpc.RetryInfo',
                ], true);
                if ($at !== false) {
                    $found[$at]->mergeFromString($detail->getValue());
                }
            }
        } catch (\Exception) { // Invalid bytes carry no details.
            return [new ErrorInfo(), new BadRequest(), new RetryInfo()];
        }
        return $found;
    }

    private static function number(string $text): int
    {
        return ctype_digit($text) ? (int) $text : 0;
    }
}
