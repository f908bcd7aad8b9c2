<?php
// SPDX-License-Identifier: Apache-2.0

declare(strict_types=1);

use Multisafepay\Grpc\Client;
use Multisafepay\Grpc\Rejected;
use Multisafepay\V1\AddOrderFileRequest;
use Multisafepay\V1\CancelMethod;
use Multisafepay\V1\CancelOrderRequest;
use Multisafepay\V1\CreateApiTokenRequest;
use Multisafepay\V1\CreateApplePaySessionRequest;
use Multisafepay\V1\CreateOrderRequest;
use Multisafepay\V1\ExtendOrderRequest;
use Multisafepay\V1\GatewayInfo;
use Multisafepay\V1\GetAccountRequest;
use Multisafepay\V1\GetReceiptRequest;
use Multisafepay\V1\HoldOrderRequest;
use Multisafepay\V1\ListCategoriesRequest;
use Multisafepay\V1\ListClosingBalancesRequest;
use Multisafepay\V1\ListGroupTerminalsRequest;
use Multisafepay\V1\ListIssuersRequest;
use Multisafepay\V1\ListTerminalsRequest;
use Multisafepay\V1\Outcome;
use Multisafepay\V1\PaymentState;
use PHPUnit\Framework\TestCase;

/** The merchant API beside orders by card, each method once against the sandbox. */
final class MerchantApiTest extends TestCase
{
    private Client $client;

    protected function setUp(): void
    {
        $this->client = new Client(getenv('MSP_SERVER') ?: self::fail('MSP_SERVER is not set'));
    }

    /** The sandbox's own side. */
    private static function control(string $path, ?array $body = null): array
    {
        $http = curl_init(getenv('MSP_TEST_CONTROL') . $path);
        curl_setopt_array($http, [CURLOPT_RETURNTRANSFER => true, CURLOPT_FAILONERROR => true, CURLOPT_PROXY => '']);
        if ($body !== null) {
            curl_setopt($http, CURLOPT_POSTFIELDS, json_encode($body));
        }
        $answer = curl_exec($http);
        self::assertIsString($answer, "$path: " . curl_error($http));
        return json_decode($answer, true, flags: JSON_THROW_ON_ERROR);
    }

    private static function order(string $orderId, array $members = []): CreateOrderRequest
    {
        return new CreateOrderRequest([
            'type' => 'redirect',
            'order_id' => $orderId,
            'currency' => 'EUR',
            'amount' => 1500,
            'description' => 'Tulips',
            ...$members,
        ]);
    }

    private static function atTerminal(): array
    {
        return ['gateway_info' => new GatewayInfo(['terminal_id' => '00000MAN'])];
    }

    /** @return list<string> */
    private static function ids(iterable $terminals): array
    {
        $ids = [];
        foreach ($terminals as $terminal) {
            $ids[] = $terminal->getId();
        }
        return $ids;
    }

    public function testWhatACheckoutPageNeeds(): void
    {
        $token = $this->client->createApiToken(new CreateApiTokenRequest())->getApiToken()->getApiToken();
        self::assertStringStartsWith('pub.v2.', $token);
        $session = $this->client->createApplePaySession(new CreateApplePaySessionRequest([
            'origin_domain' => 'shop.example',
            'validation_url' => 'https://apple-pay-gateway.apple.com/paymentservices/startSession',
        ]))->getApplePaySession()->getSession();
        self::assertSame('shop.example', json_decode($session)->domainName);
        $banks = [];
        foreach ($this->client->listIssuers(new ListIssuersRequest(['gateway_id' => 'ideal']))->getIssuers() as $bank) {
            $banks[$bank->getCode()] = $bank->getDescription();
        }
        self::assertSame('Test bank', $banks['3151'] ?? null);
    }

    public function testTerminalsAndAReceipt(): void
    {
        $two = $this->client->listTerminals(new ListTerminalsRequest(['limit' => 2]))->getTerminals();
        self::assertSame(['00000APR', '00000DEC'], self::ids($two));
        $group = $this->client->listGroupTerminals(new ListGroupTerminalsRequest(['terminal_group_id' => '57959']));
        self::assertSame(['00000MAN', '00000OFF'], self::ids($group->getTerminals()));
        $this->client->createOrder(self::order('php-terminal', self::atTerminal()));
        self::control('orders/php-terminal/terminal', ['outcome' => 'approve']);
        $receipt = $this->client->getReceipt(new GetReceiptRequest(['order_id' => 'php-terminal']))->getReceipt();
        self::assertEquals(1500, $receipt->getOrder()->getAmount());
        self::assertSame('00000MAN', $receipt->getPayment()->getTerminalId());
    }

    public function testAnOrderAtATerminalIsCancelledByPostAlone(): void
    {
        $this->client->createOrder(self::order('php-left', self::atTerminal()));
        $request = new CancelOrderRequest(['order_id' => 'php-left']);
        try {
            $this->client->cancelOrder($request);
            self::fail('PATCH cancelled it');
        } catch (Rejected $refusal) {
            self::assertSame(1000, $refusal->errorCode);
        }
        $reply = $this->client->cancelOrder($request->setBy(CancelMethod::CANCEL_METHOD_POST));
        self::assertSame(Outcome::OUTCOME_CONFIRMED, $reply->getResult()->getOutcome());
        self::assertSame(PaymentState::PAYMENT_STATE_CANCELLED, $reply->getOrder()->getPaymentState());
    }

    public function testPayAfterDeliveryIsHeldAndExtended(): void
    {
        $this->client->createOrder(self::order('php-later', ['gateway' => 'PAYAFTER']));
        self::control('orders/php-later/pay', ['scenario' => 'completed']);
        $request = new ExtendOrderRequest(['order_id' => 'php-later', 'days' => 3]);
        $first = $this->client->extendOrder($request)->getUntil();
        self::assertLessThan($this->client->extendOrder($request->setDays(4))->getUntil(), $first);
        $hold = $this->client->holdOrder(new HoldOrderRequest(['order_id' => 'php-later', 'duration' => 86400]));
        self::assertNotSame('', $hold->getUntil());
    }

    public function testEvidenceIsHandedIn(): void
    {
        $this->client->createOrder(self::order('php-evidence'));
        $this->client->addOrderFile(new AddOrderFileRequest([
            'order_id' => 'php-evidence',
            'type' => 'PDF',
            'base64' => '%PDF-1.4',
            'description' => 'Delivered',
            'name' => 'parcel.pdf',
        ]));
        $files = self::control('orders/php-evidence')['data']['files'];
        self::assertSame([['parcel.pdf', 8]], array_map(fn (array $file): array => [$file['name'], $file['bytes']], $files));
    }

    public function testTheAccount(): void
    {
        $account = $this->client->getAccount(new GetAccountRequest())->getAccount();
        self::assertSame(['1001001', '10001'], [$account->getAccountId(), $account->getSiteId()]);
        $categories = $this->client->listCategories(new ListCategoriesRequest())->getCategories();
        self::assertSame('Clothing and shoes', $categories[0]->getDescription());
        $dollars = $this->client->listClosingBalances(new ListClosingBalancesRequest(['currency' => 'USD']));
        self::assertCount(0, $dollars->getClosingBalances());
    }
}
