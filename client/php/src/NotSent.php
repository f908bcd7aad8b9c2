<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** The request never left the service, or this client (reason NOT_CONNECTED); nothing was done. */
class NotSent extends ServiceException
{
}
