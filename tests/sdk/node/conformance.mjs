// SPDX-License-Identifier: Apache-2.0

// MultiSafepay's own Node SDK, unmodified but for its base URL, against a running msp-sandbox.
//
// usage: node conformance.mjs API_URL KEY, where API_URL ends in /v1/json. Prints a line for each claim; the last line
// is "N passed, N failed".
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { default: MultiSafepay } = createRequire(import.meta.url)('@multisafepay/api-wrapper');
const [apiUrl, key] = process.argv.slice(2);
const sdk = new MultiSafepay(key, { environment: 'test' });
const stranger = new MultiSafepay('wrong-key-0001', { environment: 'test' });
for (const one of [sdk, stranger]) {
  for (const name of ['orders', 'gateways', 'issuers', 'refunds']) one[name].client.defaults.baseURL = `${apiUrl}/`;
}

const id = (name) => `node ${name}/${process.pid}`;
const encoded = (orderId) => encodeURIComponent(orderId);
const card = { card_number: '4111111111111111', card_holder_name: 'N de Wit', card_expiry_date: '3012', card_cvc: '123' };
const order = (orderId, changes) => ({
  type: 'redirect',
  order_id: orderId,
  gateway: '',
  currency: 'EUR',
  amount: 1000,
  description: 'Forty red tulips',
  manual: false,
  payment_options: { notification_url: '', redirect_url: 'https://shop.example/ok?a=1', cancel_url: '', close_window: '' },
  customer: { locale: 'nl_NL', ip_address: '', forwarded_ip: '', country: 'NL', email: 'noor@tulip.example' },
  ...changes,
});
const direct = (orderId, changes) => order(orderId, { type: 'direct', gateway: 'VISA', gateway_info: card, ...changes });

const claims = {
  'a redirect order has a page': async () => {
    const { success, data } = await sdk.orders.create(order(id('page')));
    assert.equal(success, true);
    assert.equal(data.order_id, id('page'));
    assert.match(data.payment_url, /\/connect\/\w+\/\?lang=nl_NL$/);
    assert.ok(data.payment_url.includes(data.session_id));
  },
  'a direct order is paid and can be read by its own id': async () => {
    const created = await sdk.orders.create(direct(id('direct')));
    assert.equal(created.data.status, 'completed');
    const { data } = await sdk.orders.get(encoded(id('direct')));
    assert.equal(data.order_id, id('direct'));
    assert.equal(data.status, 'completed');
    assert.equal(data.amount, 1000);
    assert.equal(String(data.payment_details.last4), '1111');
    assert.equal(data.payment_details.type, 'VISA');
  },
  'an order of digits reads back': async () => {
    const digits = `${Date.now()}`;
    await sdk.orders.create(direct(digits));
    assert.equal(String((await sdk.orders.get(digits)).data.order_id), digits);
  },
  'a paid order is shipped': async () => {
    await sdk.orders.create(direct(id('shipped')));
    const update = { status: 'shipped', tracktrace_code: '3STULIP', carrier: 'Bike', ship_date: '17-04-2030', reason: '' };
    assert.equal((await sdk.orders.update(encoded(id('shipped')), update)).success, true);
    assert.equal((await sdk.orders.get(encoded(id('shipped')))).data.status, 'shipped');
  },
  'an unpaid order is cancelled': async () => {
    await sdk.orders.create(order(id('cancelled')));
    const { success, data } = await sdk.orders.update(encoded(id('cancelled')), { status: 'cancelled' });
    assert.equal(success, true);
    assert.deepEqual(data, {});
    assert.equal((await sdk.orders.get(encoded(id('cancelled')))).data.status, 'cancelled');
  },
  'a part is refunded, an amount as text is taken too': async () => {
    await sdk.orders.create(direct(id('refunded')));
    const { success, data } = await sdk.refunds.create(encoded(id('refunded')), { amount: '100', currency: 'EUR' });
    assert.equal(success, true);
    assert.ok(data.refund_id);
    assert.ok(data.transaction_id);
    assert.equal((await sdk.orders.get(encoded(id('refunded')))).data.amount_refunded, 100);
  },
  'gateways are listed without CREDITCARD, and read one by one': async () => {
    const { success, data } = await sdk.gateways.get();
    assert.equal(success, true);
    assert.ok(data.some((gateway) => gateway.id === 'VISA' && gateway.description));
    assert.ok(!data.some((gateway) => gateway.id === 'CREDITCARD'));
    assert.equal((await sdk.gateways.get('IDEAL')).data.id, 'IDEAL');
  },
  'issuers are listed': async () => {
    const { data } = await sdk.issuers.get();
    assert.ok(data.every((issuer) => issuer.code && issuer.description) && data.length > 0);
  },
  'refusals come as code and text': async () => {
    const refusals = [
      [sdk.orders.get('nobody'), 1006],
      [sdk.orders.create(order(id('amount'), { amount: 0 })), 1001],
      [sdk.orders.create(order(id('currency'), { currency: 'ZZZ' })), 1002],
      [sdk.orders.create(order(id('gateway'), { gateway: 'COWRIES' })), 1023],
      [sdk.orders.create(direct(id('card'), { gateway_info: { ...card, card_number: '4242424242424242' } })), 1024],
      [sdk.refunds.create('nobody', { amount: 1, currency: 'EUR' }), 1006],
      [sdk.gateways.get('COWRIES'), 1023],
      [stranger.orders.get('nobody'), 1032],
    ];
    for (const [call, code] of refusals) {
      const refusal = await call;
      assert.deepEqual(Object.keys(refusal).sort(), ['error_code', 'error_info']);
      assert.equal(refusal.error_code, code);
      assert.equal(typeof refusal.error_info, 'string');
    }
  },
  'an order id is used once': async () => {
    await sdk.orders.create(direct(id('twice')));
    assert.equal((await sdk.orders.create(direct(id('twice')))).error_code, 1006);
  },
};

let failed = 0;
for (const [claim, holds] of Object.entries(claims)) {
  try {
    await holds();
    console.log(`ok      ${claim}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${claim}: ${error.stack}`);
  }
}
console.log(`${Object.keys(claims).length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
