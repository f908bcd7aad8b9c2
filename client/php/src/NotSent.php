<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** The service, or this client (reason NOT_CONNECTED), did not send the request; nothing was done. */
class NotSent extends ServiceException
{
}
