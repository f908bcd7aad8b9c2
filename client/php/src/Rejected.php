<?php

declare(strict_types=1);

namespace Multisafepay\Grpc;

/** MultiSafepay refused; nothing was done. */
final class Rejected extends ServiceException
{
}
