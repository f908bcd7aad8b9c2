<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

// The earlier name, deprecated.
class_alias(RetryPolicy::class, Rule::class);
