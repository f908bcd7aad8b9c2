<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** TLS with the system's roots, or only those of $ca; with $cert and $key it is mutual. All are PEM files. */
final class Tls
{
    public function __construct(
        public readonly ?string $ca = null,
        public readonly ?string $cert = null,
        public readonly ?string $key = null,
    ) {
        if (($cert === null) !== ($key === null)) {
            throw new \InvalidArgumentException('a client certificate and its key require each other');
        }
        foreach ([$ca, $cert, $key] as $path) {
            if ($path !== null && !str_contains((string) @file_get_contents($path), '-----BEGIN ')) {
                throw new \InvalidArgumentException("$path: not a PEM file");
            }
        }
    }
}
