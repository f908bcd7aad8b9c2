<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/**
 * The money may have moved. Call getOrder, or repeat the same call; never under another order id.
 *
 * A refund or capture is repeated with control.repeat set, without it only 300 s after it was sent.
 */
final class OutcomeUnknown extends ServiceException
{
}
