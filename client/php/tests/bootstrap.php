<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

require __DIR__ . '/../autoload.php';
