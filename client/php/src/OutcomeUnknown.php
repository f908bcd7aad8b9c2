<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** The money may have moved. Call getOrder, or make the same call again; never under another order id. */
final class OutcomeUnknown extends ServiceException
{
}
