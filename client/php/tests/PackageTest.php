<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

use PHPUnit\Framework\TestCase;

/** The package for Composer in a project of its own, without the repository's files. */
final class PackageTest extends TestCase
{
    // Where Debian's php-google-protobuf is. No registry is asked.
    private const LIBRARIES = '/usr/share/php';

    private string $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/msp-php-' . bin2hex(random_bytes(8));
        mkdir("$this->folder/project", 0700, true);
    }

    protected function tearDown(): void
    {
        self::command('rm -rf ' . escapeshellarg($this->folder));
    }

    private static function command(string $command): string
    {
        exec("$command 2>&1", $lines, $status);
        $text = implode("\n", $lines);
        self::assertSame(0, $status, "$command\n$text");
        return $text;
    }

    public function testAProjectThatHasOnlyThePackageMakesAPayment(): void
    {
        $version = json_decode(file_get_contents(__DIR__ . '/../composer.json'))->version;
        self::command(escapeshellarg(dirname(__DIR__) . '/bin/package') . " $this->folder/packages");
        file_put_contents("$this->folder/project/composer.json", json_encode([
            'repositories' => [
                ['type' => 'artifact', 'url' => "$this->folder/packages"],
                ['packagist.org' => false],
            ],
            'require' => ['multisafepay-grpc/multisafepay-grpc' => $version],
            'replace' => ['google/protobuf' => '3.21.12'],
            'autoload' => ['psr-4' => [
                'Google\\Protobuf\\' => self::LIBRARIES . '/Google/Protobuf/',
                'GPBMetadata\\Google\\Protobuf\\' => self::LIBRARIES . '/GPBMetadata/Google/Protobuf/',
            ]],
        ]));
        $environment = "COMPOSER_HOME=$this->folder/home COMPOSER_ALLOW_SUPERUSER=1";
        self::command("$environment composer install --no-interaction --working-dir=$this->folder/project");
        file_put_contents("$this->folder/project/pay.php", <<<'PHP'
            <?php
            require __DIR__ . '/vendor/autoload.php';
            set_include_path('');
            $client = new Multisafepay\Grpc\Client(getenv('MSP_SERVER'));
            $reply = $client->createOrder(new Multisafepay\V1\CreateOrderRequest([
                'type' => 'direct', 'order_id' => 'php-package', 'currency' => 'EUR', 'amount' => 100,
                'gateway' => 'CREDITCARD', 'description' => 'Tulips',
                'gateway_info' => new Multisafepay\V1\GatewayInfo([
                    'card_number' => '4111111111111111', 'card_expiry_date' => '3012', 'card_cvc' => '123',
                ]),
            ]));
            echo Multisafepay\V1\PaymentState::name($reply->getOrder()->getPaymentState());
            PHP);
        self::assertSame('PAYMENT_STATE_PAID', self::command("php $this->folder/project/pay.php"));
    }
}
