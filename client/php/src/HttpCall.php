<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

use CurlHandle;
use SensitiveParameter;

/**
 * One gRPC call on a handle of libcurl: writes the one message of the request, reads messages, status and details.
 *
 * The request is sent once. libcurl resends a request when a reused connection is dead or a server refuses the
 * stream: here connections are not reused and the body cannot be rewound, so such a call fails instead.
 *
 * @internal
 */
final class HttpCall
{
    // The largest accepted message. The service sends a list of up to 16 MiB of JSON, a page of a thousand
    // transactions with full texts; this is twice that. gRPC's default is 4 MiB.
    private const RECEIVE_MAX_BYTES = 32 << 20;
    private const PREFIX_BYTES = 5;
    // libcurl's CURL_READFUNC_ABORT, for which PHP has no name.
    private const READ_ABORT = 0x10000000;
    private const KEEPALIVE_S = 30;

    private string $request;
    private int $sent = 0;
    private bool $asked = false;
    private bool $ended = false;
    private string $received = '';
    private ?string $broken = null;
    private int $httpStatus = 0;
    /** @var array<string, string> of headers and trailers, those of gRPC's status */
    private array $status = [];

    /**
     * @param string $message the serialized request
     * @param ?float $timeout seconds; null: no deadline
     */
    public function __construct(
        private readonly CurlHandle $handle,
        Endpoint $endpoint,
        string $path,
        #[SensitiveParameter] string $message,
        ?float $timeout,
        string $site = '',
    ) {
        $this->request = pack('CN', 0, strlen($message)) . $message;
        $headers = ['Content-Type: application/grpc', 'TE: trailers', 'Accept:', 'Expect:'];
        if ($timeout !== null) {
            // A deadline has eight digits at most.
            $headers[] = 'grpc-timeout: ' . min(99_999_999, max(1, (int) floor(1e3 * $timeout))) . 'm';
        }
        if ($site !== '') {
            $headers[] = 'x-msp-site: ' . $site;
        }
        curl_reset($handle);
        $accepted = curl_setopt_array($handle, $endpoint->optionsFor($path) + [
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_FOLLOWLOCATION => false,
            // An upload instead of CURLOPT_POSTFIELDS, which libcurl could send twice.
            CURLOPT_UPLOAD => true,
            // With its length known the message ends the stream. libcurl 7.88 would end it later by an empty frame, and
            // then loses answers that have come before.
            CURLOPT_INFILESIZE => strlen($this->request),
            CURLOPT_CUSTOMREQUEST => 'POST',
            CURLOPT_HTTPHEADER => $headers,
            CURLOPT_USERAGENT => 'multisafepay-grpc-php',
            CURLOPT_FRESH_CONNECT => true,
            CURLOPT_FORBID_REUSE => true,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_TCP_NODELAY => true,
            CURLOPT_TCP_KEEPALIVE => true,
            CURLOPT_TCP_KEEPIDLE => self::KEEPALIVE_S,
            CURLOPT_TCP_KEEPINTVL => self::KEEPALIVE_S,
            CURLOPT_TIMEOUT_MS => $timeout === null ? 0 : max(1, (int) ceil(1e3 * $timeout)),
            CURLOPT_READFUNCTION => fn ($_, $__, int $max): string|int => $this->write($max),
            CURLOPT_HEADERFUNCTION => fn ($_, string $line): int => $this->readHeader($line),
            CURLOPT_WRITEFUNCTION => fn ($_, string $data): int => $this->read($data),
        ]);
        if (!$accepted) { // It stops at the first one that it refuses: a request without deadline, body or HTTP/2.
            throw new \RuntimeException('libcurl refuses an option of the call: ' . curl_strerror(curl_errno($handle)));
        }
    }

    /** True once libcurl has read the request's message. Before that, no server can have the call. */
    public function asked(): bool
    {
        return $this->asked;
    }

    /** Whether anything was answered in HTTP/2. */
    public function connected(): bool
    {
        return $this->httpStatus !== 0 && curl_getinfo($this->handle, CURLINFO_HTTP_VERSION) === CURL_HTTP_VERSION_2_0;
    }

    /** The next whole message that has arrived; null: none has. */
    public function next(): ?string
    {
        if (strlen($this->received) < self::PREFIX_BYTES) {
            return null;
        }
        ['flag' => $flag, 'length' => $length] = unpack('Cflag/Nlength', $this->received);
        if ($flag !== 0 || $length > self::RECEIVE_MAX_BYTES) {
            $this->broken = $flag === 0 ? "a message of $length bytes is larger than is taken" : 'a message is encoded';
            return null;
        }
        if (strlen($this->received) < self::PREFIX_BYTES + $length) {
            return null;
        }
        $message = substr($this->received, self::PREFIX_BYTES, $length);
        $this->received = substr($this->received, self::PREFIX_BYTES + $length);
        return $message;
    }

    /**
     * Ends the call: returns when its status is OK, and throws otherwise.
     *
     * @param int $error libcurl's
     */
    public function finish(int $error, bool $movesMoney): void
    {
        $this->request = '';
        $text = $this->status['grpc-status'] ?? '';
        if (ctype_digit($text)) { // The service's status is final, even if the connection fails afterwards.
            $code = Code::tryFrom((int) $text) ?? Code::UNKNOWN;
            if ($code === Code::OK && $this->broken === null) {
                return;
            }
            if ($code !== Code::OK) {
                $details = base64_decode($this->status['grpc-status-details-bin'] ?? '');
                $message = rawurldecode($this->status['grpc-message'] ?? '');
                throw ServiceException::of($code, $message, $details, $movesMoney);
            }
        }
        [$code, $message] = match (true) {
            $this->broken !== null => [Code::RESOURCE_EXHAUSTED, $this->broken],
            $error === CURLE_OPERATION_TIMEDOUT => [Code::DEADLINE_EXCEEDED, 'the deadline passed before an answer came'],
            $error !== CURLE_OK => [Code::UNAVAILABLE, $this->problem($error)],
            $this->httpStatus !== 200 => [Code::ofHttp($this->httpStatus), "HTTP status $this->httpStatus, none of gRPC"],
            default => [Code::INTERNAL, 'the answer ended without a status'],
        };
        throw ServiceException::of($code, $message, '', $movesMoney);
    }

    /** The status, if the server answered with an error, or libcurl's error text. */
    public function problem(int $error): string
    {
        $code = Code::tryFrom((int) ($this->status['grpc-status'] ?? 0));
        if ($code !== null && $code !== Code::OK) {
            return "the answer is $code->name: " . rawurldecode($this->status['grpc-message'] ?? '');
        }
        return curl_error($this->handle) ?: curl_strerror($error) ?: "libcurl's error $error";
    }

    private function write(int $max): string|int
    {
        $this->asked = true;
        if ($this->ended) {
            return self::READ_ABORT;
        }
        $part = substr($this->request, $this->sent, $max);
        $this->sent += strlen($part);
        $this->ended = $part === '';
        return $part;
    }

    private function readHeader(string $line): int
    {
        if (str_starts_with($line, 'HTTP/')) {
            $this->httpStatus = (int) (explode(' ', $line)[1] ?? 0);
            $this->status = [];
        } elseif (preg_match('/^(grpc-(?:status|message|status-details-bin)):[ \t]*(.*?)[ \t\r\n]*$/i', $line, $found)) {
            $this->status[strtolower($found[1])] = $found[2];
        }
        return strlen($line);
    }

    private function read(string $data): int
    {
        $this->received .= $data;
        if (strlen($this->received) > self::PREFIX_BYTES + self::RECEIVE_MAX_BYTES) {
            $this->broken = 'a message is larger than is taken';
            return -1;
        }
        return strlen($data);
    }
}
