<?php
// SPDX-License-Identifier: Apache-2.0

/**
 * Loads the client without Composer: its own classes, the generated messages, and google/protobuf from the include path,
 * where Debian's php-google-protobuf puts it. With Composer this file is not needed.
 */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    $folders = [
        'Multisafepay\\Grpc\\Wire\\' => __DIR__ . '/gen/Multisafepay/Grpc/Wire/',
        'Multisafepay\\Grpc\\' => __DIR__ . '/src/',
        'Multisafepay\\V1\\' => __DIR__ . '/gen/Multisafepay/V1/',
        'GPBMetadata\\Multisafepay\\' => __DIR__ . '/gen/GPBMetadata/Multisafepay/',
        'Google\\Protobuf\\' => 'Google/Protobuf/',
        'GPBMetadata\\Google\\Protobuf\\' => 'GPBMetadata/Google/Protobuf/',
    ];
    foreach ($folders as $prefix => $folder) {
        if (str_starts_with($class, $prefix)) {
            $file = $folder . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
            $file = stream_resolve_include_path($file);
            if ($file !== false) {
                require $file;
            }
            return;
        }
    }
});
