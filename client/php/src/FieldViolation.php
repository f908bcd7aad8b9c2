<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** One rejected field of the request: "gateway_info.card_number", and the reason; never its value. */
final class FieldViolation
{
    public function __construct(public readonly string $field, public readonly string $description)
    {
    }
}
