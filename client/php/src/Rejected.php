<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** MultiSafepay refused; nothing was done. */
final class Rejected extends ServiceException
{
}
