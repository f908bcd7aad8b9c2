<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** The request itself is invalid: $violations names the fields. */
final class InvalidRequest extends NotSent
{
}
