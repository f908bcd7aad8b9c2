// SPDX-License-Identifier: Apache-2.0

// A customer in a real browser: from CreateOrder by gRPC over the sandbox's pages to the end of the
// open WatchOrder stream.
//
// usage: node browser_test.mjs BIN_DIR SHOTS_DIR CLIENT_DIR [FILTER]
//
// CLIENT_DIR is the Node client, built, with its example of a shop.
//
// Prints a line for each test and "N passed, N failed" as its last.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { KEY, Environment, within } from './environment.mjs';

const CARD = { number: '4111 1111 1111 1111', holder: 'A. Customer', expiry: '09/30', cvc: '123' };
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const [bin, shots, client, filter = ''] = process.argv.slice(2);
const tests = [];
const test = (name, body) => tests.push({ name, body });

async function fillCard(page, card = CARD) {
  await page.getByLabel('Card number').fill(card.number);
  await page.getByLabel('Name on the card').fill(card.holder);
  await page.getByLabel('Expiry date').fill(card.expiry);
  await page.getByLabel('Security code').fill(card.cvc);
}

async function decide(page, answer) {
  await page.waitForURL(/\/simulator\/3ds\//);
  await page.getByLabel('What does the bank say?').selectOption(answer);
  await page.getByRole('button', { name: 'Continue' }).click();
}

// The browser is back at the shop, at that page and for that order.
async function returned(environment, page, where, orderId) {
  await page.waitForURL((url) => url.origin === environment.shop.origin && url.pathname === where);
  assert.equal(new URL(page.url()).searchParams.get('transactionid'), orderId);
  assert.deepEqual(page.complaints, []);
}

async function ends(watcher, state) {
  assert.equal(await within(40_000, `WatchOrder to end ${state}`, watcher.end), state);
}

// A redirect order, its open watch, and the browser on its payment page.
async function begin(environment, orderId, options = {}, more = {}) {
  const order = await environment.create(environment.order(orderId, more));
  const watcher = await environment.watch(orderId);
  const page = await environment.page(options);
  await page.goto(order.payment_url);
  return { page, watcher };
}

function directOrder(environment, orderId) {
  return environment.order(orderId, {
    type: 'direct',
    gateway: 'CREDITCARD',
    gateway_info: {
      card_number: '5555555555554444',
      card_holder_name: CARD.holder,
      card_expiry_date: '3009',
      card_cvc: '123',
    },
  });
}

test('a card that passes the challenge ends PAID', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-paid');
  await environment.inspect(page, 'payment');
  await fillCard(page);
  await page.getByRole('button', { name: 'Pay EUR 49.95' }).click();
  await page.waitForURL(/\/simulator\/3ds\//);
  await environment.inspect(page, 'challenge');
  assert.ok(!(await page.content()).replaceAll(' ', '').includes('4111111111111111'));
  await decide(page, 'Y');
  await returned(environment, page, '/ok', 'tulip-paid');
  assert.equal(new URL(page.url()).searchParams.get('order'), 'mine');
  await ends(watcher, 'PAID');
});

test('a challenge that fails ends DECLINED', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-failed');
  await fillCard(page);
  await page.keyboard.press('Enter');
  await decide(page, 'N');
  await returned(environment, page, '/sorry', 'tulip-failed');
  await ends(watcher, 'DECLINED');
});

test('a customer who cancels ends CANCELLED', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-cancelled');
  await page.getByRole('button', { name: 'Cancel the payment' }).click();
  await returned(environment, page, '/sorry', 'tulip-cancelled');
  await ends(watcher, 'CANCELLED');
});

test('another method, with its outcome chosen, ends PAID', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-ideal', {}, { gateway: 'IDEAL' });
  assert.equal(await page.getByLabel('Card number').count(), 0);
  await environment.inspect(page, 'payment-other');
  await page.getByLabel('How the payment ends').selectOption('completed');
  await page.getByRole('button', { name: 'Use this outcome' }).click();
  await returned(environment, page, '/ok', 'tulip-ideal');
  await ends(watcher, 'PAID');
});

test('a direct order sends its form on by itself and ends PAID', async (environment) => {
  const order = await environment.create(directOrder(environment, 'tulip-form'));
  const { html } = order.customer_verification;
  const watcher = await environment.watch('tulip-form');
  const page = await environment.page();
  await page.goto(environment.shop.serve('tulip-form', html));
  await page.waitForURL(/\/simulator\/3ds\//);
  assert.match(await page.textContent('dl'), /ending in 4444/);
  await decide(page, 'Y');
  await returned(environment, page, '/ok', 'tulip-form');
  await ends(watcher, 'PAID');
});

test('without scripts the form has a button, and the rest needs none', async (environment) => {
  const order = await environment.create(directOrder(environment, 'tulip-form-plain'));
  const watcher = await environment.watch('tulip-form-plain');
  const page = await environment.page({ javaScriptEnabled: false });
  await page.goto(environment.shop.serve('tulip-form-plain', order.customer_verification.html));
  await environment.inspect(page, 'form-plain', { scripts: false });
  // The same page, held back from sending itself.
  const held = await environment.page();
  await held.setContent(order.customer_verification.html.replace(/ onload="[^"]*"/, ''));
  await environment.inspect(held, 'form');
  await page.getByRole('button', { name: 'Continue' }).click();
  await decide(page, 'Y');
  await returned(environment, page, '/ok', 'tulip-form-plain');
  await ends(watcher, 'PAID');
});

test('without scripts the payment page works, mistakes included', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-plain', { javaScriptEnabled: false });
  await fillCard(page, { ...CARD, number: '4111 1111 1111 1112', expiry: '13/30', cvc: '12' });
  await page.getByRole('button', { name: 'Pay EUR 49.95' }).click();
  await page.getByRole('heading', { name: 'There is a problem' }).waitFor();
  await environment.inspect(page, 'payment-problems', { scripts: false });
  assert.equal(await page.getByLabel('Name on the card').inputValue(), CARD.holder);
  assert.equal(await page.getByLabel('Card number').inputValue(), '');
  assert.equal(await page.getByLabel('Security code').inputValue(), '');
  await page.getByRole('link', { name: /expiry date/ }).click();
  assert.equal(await page.locator(':focus').getAttribute('name'), 'card_expiry_date');
  await fillCard(page);
  await page.getByRole('button', { name: 'Pay EUR 49.95' }).click();
  await decide(page, 'Y');
  await returned(environment, page, '/ok', 'tulip-plain');
  await ends(watcher, 'PAID');
});

test('the keyboard alone is enough, and shows where it is', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-keys');
  const focused = () =>
    page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return { name: document.activeElement.name, seen: outlineStyle !== 'none' && outlineWidth !== '0px' };
    });
  const typed = [
    ['card_number', CARD.number],
    ['card_holder_name', CARD.holder],
    ['card_expiry_date', CARD.expiry],
    ['card_cvc', CARD.cvc],
  ];
  for (const [name, text] of typed) {
    await page.keyboard.press('Tab');
    assert.deepEqual(await focused(), { name, seen: true });
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Tab');
  assert.ok((await focused()).seen);
  await page.screenshot({ path: `${shots}/payment-keyboard.png`, fullPage: true });
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/simulator\/3ds\//);
  assert.equal((await focused()).name, 'result');
  await page.keyboard.press('ArrowDown'); // Attempted
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await returned(environment, page, '/ok', 'tulip-keys');
  await ends(watcher, 'PAID');
});

test('a phone shows all of it without sideways scrolling', async (environment) => {
  const more = { description: 'A-long-text-without-any-place-to-break-it-'.repeat(4) };
  const { page, watcher } = await begin(environment, 'tulip-phone-0123456789-0123456789-0123456789', PHONE, more);
  await environment.inspect(page, 'phone-payment');
  await fillCard(page, { ...CARD, number: '4242 4242 4242 4242' });
  await page.getByRole('button', { name: 'Pay EUR 49.95' }).tap();
  await page.getByRole('heading', { name: 'There is a problem' }).waitFor();
  await environment.inspect(page, 'phone-problems');
  await fillCard(page);
  await page.getByRole('button', { name: 'Pay EUR 49.95' }).tap();
  await page.waitForURL(/\/simulator\/3ds\//);
  await environment.inspect(page, 'phone-challenge');
  await decide(page, 'Y');
  await returned(environment, page, '/ok', 'tulip-phone-0123456789-0123456789-0123456789');
  await ends(watcher, 'PAID');
});

test('a shop without pages of its own gets a result, and wrong addresses a word', async (environment) => {
  const order = await environment.create(environment.order('tulip-bare', { payment_options: {} }));
  const page = await environment.page();
  await page.goto(order.payment_url);
  await page.getByRole('button', { name: 'Use this outcome' }).click();
  await page.getByRole('heading', { name: 'Payment completed' }).waitFor();
  await environment.inspect(page, 'result');
  const answer = await page.goto(new URL('/connect/unknown/', order.payment_url).href);
  assert.equal(answer.status(), 404);
  await environment.inspect(page, 'unknown');
});

// The example's checkout page, with its component loaded: a new card, or one that is `stored`. `sent` grows by what the page
// itself sends, and receives from the component's frame.
async function checkout(environment, { stored = false, ...options } = {}) {
  const page = await environment.page(options);
  page.sent = [];
  // What the frame sends to the page, kept beside what the page sends.
  await page.exposeFunction('keepMessage', (text) => page.sent.push(text));
  await page.addInitScript(() => {
    globalThis.MessageChannel = class extends MessageChannel {
      constructor() {
        super();
        this.port1.addEventListener('message', ({ data }) => globalThis.keepMessage(JSON.stringify(data)));
      }
    };
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin === environment.componentShop) page.sent.push(`${request.url()} ${request.postData() ?? ''}`);
  });
  await page.goto(environment.componentShop);
  await page.locator('body[data-loaded=yes]').waitFor();
  const form = page.frameLocator('iframe[title="Payment details"]');
  const another = form.getByLabel('Another card');
  if (!stored && (await another.isVisible())) await another.check();
  return { page, form };
}

// The shop's button, once the component has made a payload.
async function payAtShop(page) {
  await page.locator('#pay:enabled').click();
}

// The customer is back at the shop, which shows the order's state; its id.
async function doneAtShop(environment, page, state) {
  await page.waitForURL((url) => url.origin === environment.componentShop && url.pathname === '/done');
  assert.equal(await page.textContent('#state'), state);
  assert.deepEqual(page.complaints, []);
  return new URL(page.url()).searchParams.get('transactionid');
}

// Opens the dashboard's page of the order.
async function openOrder(environment, page, orderId) {
  await page.goto(`${environment.sandbox}/?q=${orderId}`);
  await page.getByRole('link', { name: orderId }).first().click();
  await page.getByRole('heading', { name: `Order ${orderId}` }).waitFor();
}

test('component: a card typed there is paid through 3-D Secure, and the shop never sees it', async (environment) => {
  const { page, form } = await checkout(environment);
  await environment.inspect(page, 'component');
  assert.ok(await page.locator('#pay').isDisabled());
  await fillCard(form);
  await page.locator('#pay:enabled').waitFor();
  await environment.inspect(page, 'component-filled');
  await payAtShop(page);
  await decide(page, 'Y');
  const orderId = await doneAtShop(environment, page, 'PAID');
  await environment.inspect(page, 'component-paid');
  assert.ok(page.sent.some((one) => one.includes('"type":"state"')));
  const order = page.sent.find((one) => one.includes('/orders'));
  assert.match(order, /"payload":"[A-Za-z0-9+/=]{40,}"/);
  for (const one of page.sent) assert.ok(!/4111 ?1111 ?1111 ?1111|A\. Customer/.test(one), one);
  const shown = await openOrder(environment, page, orderId).then(() => page.textContent('main'));
  assert.match(shown, /VISA ending in 1111/);
});

test('component: a challenge that fails ends DECLINED', async (environment) => {
  const { page, form } = await checkout(environment);
  await fillCard(form, { ...CARD, number: '5500 0000 0000 0004' });
  await payAtShop(page);
  await decide(page, 'N');
  await doneAtShop(environment, page, 'DECLINED');
});

test('component: by keyboard alone, and every mistake is named at its field', async (environment) => {
  const { page, form } = await checkout(environment);
  const frame = page.frames().find((one) => one.url().endsWith('/card.html'));
  const focused = () =>
    frame.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      return [document.activeElement.name, outlineStyle !== 'none' && outlineWidth !== '0px'];
    });
  const typed = [
    ['card_number', '4242 4242 4242 4242'],
    ['card_holder_name', CARD.holder],
    ['card_expiry_date', '13/30'],
    ['card_cvc', '12'],
  ];
  for (const [name, text] of typed) {
    await page.keyboard.press('Tab');
    assert.deepEqual(await focused(), [name, true]);
    await page.keyboard.type(text);
  }
  await page.keyboard.press('Tab');
  await form.getByText('Enter the expiry date as month and year').waitFor();
  assert.match(await form.locator('#cvc-wrong').textContent(), /3 digits/);
  await environment.inspect(page, 'component-problems');
  // What the sandbox itself refuses is said at its field, too.
  await form.getByLabel('Expiry date').fill(CARD.expiry);
  await form.getByLabel('Security code').fill(CARD.cvc);
  await form.getByText('use a public test card').waitFor();
  assert.equal(await form.getByLabel('Card number').getAttribute('aria-invalid'), 'true');
  assert.ok(await page.locator('#pay').isDisabled());
  await form.getByLabel('Card number').fill(CARD.number);
  await page.locator('#pay:enabled').waitFor();
  await page.locator('#pay').focus();
  await page.keyboard.press('Enter');
  await decide(page, 'A');
  await doneAtShop(environment, page, 'PAID');
});

test('component: a card that is kept pays again without being typed, and by its token', async (environment) => {
  const first = await checkout(environment);
  await first.form.getByLabel('Save this card').check();
  await fillCard(first.form);
  await payAtShop(first.page);
  await decide(first.page, 'Y');
  await doneAtShop(environment, first.page, 'PAID');
  const { page, form } = await checkout(environment, { stored: true });
  await page.locator('#pay:enabled').waitFor();
  assert.ok(await form.getByRole('radio').first().isChecked());
  assert.ok(!(await form.getByLabel('Card number').isVisible()));
  await environment.inspect(page, 'component-saved');
  await payAtShop(page);
  const orderId = await doneAtShop(environment, page, 'PAID');
  const kept = (await environment.get(orderId)).payment_details.recurring_id;
  const later = await environment.create(
    environment.order('tulip-recurring', {
      type: 'direct',
      gateway: 'CREDITCARD',
      recurring_model: 'cardOnFile',
      recurring_id: kept,
      customer: { locale: 'en_GB', country: 'NL', reference: 'customer-1' },
    }),
  );
  assert.equal(later.payment_state, 'PAYMENT_STATE_PAID');
  // The shop's server charged it: no page, and the card that the customer had typed into the component.
  const charged = await environment.get('tulip-recurring');
  assert.equal(charged.payment_state, 'PAYMENT_STATE_PAID');
  assert.equal(charged.payment_details.last4, CARD.number.slice(-4));
});

test('component: a phone shows all of it', async (environment) => {
  const { page, form } = await checkout(environment, PHONE);
  await fillCard(form);
  await page.locator('#pay:enabled').waitFor();
  await environment.inspect(page, 'phone-component');
});

test('component: by its own button, for a method without fields, and with settings that are wrong', async (environment) => {
  const answer = await fetch(`${environment.sandbox}/v1/json/auth/api_token`, { headers: { api_key: KEY } });
  const apiToken = (await answer.json()).data.api_token;
  const components = `${environment.sandbox}/sdk/components/v2`;
  const page = await environment.page();
  await page.goto(
    environment.shop.serve(
      'component',
      `<!DOCTYPE html><html lang="en"><head><title>Shop</title><link rel="stylesheet" href="${components}/components.css">` +
        `<script src="${components}/components.js"></script></head><body><main><h1>Shop</h1><div id="box"></div></main></body></html>`,
    ),
  );
  const form = page.frameLocator('iframe');
  const start = (kind, settings, options) =>
    page.evaluate(
      ([what, given, more]) => {
        globalThis.events = [];
        const keep = (name) => (state) => globalThis.events.push([name, state]);
        const handlers = Object.fromEntries(['onLoad', 'onError', 'onValidation', 'onSubmit'].map((name) => [name, keep(name)]));
        globalThis.component = new globalThis.MultiSafepay({ env: 'test', order: { currency: 'EUR', amount: 1000 }, ...given });
        globalThis.component.init(what, { container: '#box', ...handlers, ...more });
      },
      [kind, settings, options],
    );
  const eventsOf = (name) => page.evaluate((wanted) => globalThis.events.filter(([one]) => one === wanted).map(([, state]) => state), name);
  await start('dropin', { apiToken }, {});
  await form.getByLabel('Card number').waitFor();
  // Asked before anything is typed: every field says what it wants.
  assert.deepEqual(
    await page.evaluate(() => [globalThis.component.hasErrors(), globalThis.component.getErrors().count]),
    [true, 4],
  );
  await form.getByText('Enter the card number').waitFor();
  await fillCard(form, { number: '3745 0000 0000 015', holder: 'A', expiry: '9/30', cvc: '1234' });
  await page.waitForFunction(() => globalThis.events.some(([name, state]) => name === 'onValidation' && state.valid));
  await environment.inspect(page, 'component-dropin');
  await page.getByRole('button', { name: 'Pay' }).click();
  const [{ paymentData }] = await eventsOf('onSubmit');
  assert.deepEqual(Object.keys(paymentData), ['payload', 'gateway']);
  const [whole, data] = await page.evaluate(() => [
    globalThis.component.getOrderData(),
    globalThis.component.getPaymentData().payment_data,
  ]);
  assert.deepEqual(whole, { currency: 'EUR', amount: 1000, payment_data: paymentData });
  assert.deepEqual(data, paymentData);
  await start('payment', { apiToken }, { gateway: 'IDEAL' });
  await form.getByText('You choose how to pay on the next page.').waitFor();
  await page.waitForFunction(() => !globalThis.component.hasErrors());
  assert.equal(await form.getByLabel('Card number').isVisible(), false);
  for (const [settings, options, message] of [
    [{ env: 'live', apiToken }, {}, /environment/],
    [{}, {}, /apiToken/],
    [{ apiToken }, { container: '#none' }, /container/],
  ]) {
    await start('payment', settings, options);
    assert.match((await eventsOf('onError'))[0].message, message);
    assert.ok(await page.evaluate(() => globalThis.component.hasErrors()));
  }
  assert.deepEqual(page.complaints, []);
  // A token that is not good is said in the form and to the page.
  await start('payment', { apiToken: 'pub.v2.unknown' }, {});
  await fillCard(form);
  await form.getByText('The API token is used, unknown or too old').waitFor();
  assert.match((await eventsOf('onError'))[0].message, /API token/);
});

test('dashboard: shows an order as it changes, and pays it', async (environment) => {
  const page = await environment.page();
  await page.goto(environment.sandbox);
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  await environment.create(environment.order('tulip-seen'));
  await page.getByRole('link', { name: 'tulip-seen' }).waitFor(); // without a reload
  await environment.inspect(page, 'dashboard');
  const watcher = await environment.watch('tulip-seen');
  await page.getByRole('link', { name: 'tulip-seen' }).click();
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  const details = page.locator('details').last();
  await details.locator('summary').click();
  assert.match(await details.textContent(), /"order_id": "tulip-seen"/);
  await page.getByRole('button', { name: 'Pay', exact: true }).click();
  await page.getByText('The payment has its outcome.').waitFor();
  await ends(watcher, 'PAID');
  await page.getByText('acknowledged').waitFor(); // the notification, in time by itself
  await page.locator('details').last().locator('summary').click();
  await environment.inspect(page, 'dashboard-order');
  // What is open stays open when the page changes under it.
  await environment.post('orders/tulip-seen/refunds', { amount: 300 });
  await page.getByRole('heading', { name: 'Related transactions' }).waitFor();
  assert.ok(await page.locator('details').last().evaluate((one) => one.open));
  assert.deepEqual(page.complaints, []);
});

test('dashboard: without scripts, and by keyboard, its forms do their work', async (environment) => {
  await environment.create(environment.order('tulip-no-script'));
  const page = await environment.page({ javaScriptEnabled: false });
  await openOrder(environment, page, 'tulip-no-script');
  await page.getByRole('button', { name: 'Decline' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('The payment has its outcome.').waitFor();
  assert.match(await page.textContent('dl'), /declined/);
  await environment.inspect(page, 'dashboard-plain', { scripts: false });
  await page.getByRole('link', { name: 'Sandbox' }).click();
  await page.getByLabel('What goes wrong').selectOption('unavailable');
  await page.getByRole('button', { name: 'Turn on' }).click();
  await page.getByText('The fault is on.').waitFor();
  const me = () => fetch(`${environment.sandbox}/v1/json/me`, { headers: { api_key: KEY } });
  assert.equal((await me()).status, 503);
  assert.equal((await me()).status, 200); // once
  await page.getByRole('link', { name: 'Sandbox' }).click();
  assert.match(await page.textContent('#latest'), /503/);
  assert.match(await page.textContent('#latest'), /answered without running the call/);
  assert.equal(await page.getByRole('button', { name: /Turn off fault/ }).count(), 1);
  await page.getByRole('button', { name: /Turn off fault/ }).click();
  await page.getByText('The fault is off.').waitFor();
  assert.equal((await environment.get('tulip-no-script')).status, 'declined');
});

test('dashboard: a phone shows all of it without sideways scrolling', async (environment) => {
  await environment.create(directOrder(environment, 'tulip-phone-board-0123456789-0123456789-0123456789'));
  const page = await environment.page(PHONE);
  await page.goto(environment.sandbox);
  await environment.inspect(page, 'phone-dashboard');
  await openOrder(environment, page, 'tulip-phone-board-0123456789-0123456789-0123456789');
  await page.locator('details').last().locator('summary').tap();
  await environment.inspect(page, 'phone-dashboard-order');
  assert.ok(!(await page.content()).includes('5555555555554444'));
});

test('msp checkout goes all the way', async (environment) => {
  const directory = mkdtempSync(`${tmpdir()}/msp-browser-`);
  try {
    const file = `${directory}/order.json`;
    writeFileSync(file, JSON.stringify(directOrder(environment, 'tulip-checkout')));
    const words = ['--server', environment.address, 'checkout', '-f', file, '--timeout', '60'];
    let said = '';
    let child;
    const done = new Promise((resolve) => {
      child = execFile(`${bin}/msp`, words, { env: { ...process.env, TMPDIR: directory } }, (error, out) =>
        resolve({ code: error?.code ?? 0, out }),
      );
    });
    const address = new Promise((resolve, reject) => {
      child.stderr.on('data', (text) => {
        said += text;
        const found = /the customer pays at (\S+)\n/.exec(said);
        if (found) resolve(found[1]);
      });
      done.then(() => reject(new Error(`msp ended: ${said}`)));
    });
    const page = await environment.page();
    await page.goto(await within(20_000, 'the address of the page', address));
    await decide(page, 'Y');
    await returned(environment, page, '/ok', 'tulip-checkout');
    const { code, out } = await within(30_000, 'msp checkout to end', done);
    assert.equal(code, 0, said);
    assert.equal(JSON.parse(out).order.payment_state, 'PAYMENT_STATE_PAID');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('msp webhook send is taken by the service, and with another key refused', async (environment) => {
  const directory = mkdtempSync(`${tmpdir()}/msp-browser-`);
  try {
    writeFileSync(`${directory}/body.json`, '{"order_id":"tulip-by-hand","status":"initialized"}');
    writeFileSync(`${directory}/key`, `${KEY}\n`);
    writeFileSync(`${directory}/wrong`, 'another-key-of-somebody\n');
    await environment.create(environment.order('tulip-by-hand'));
    const send = (key) =>
      new Promise((resolve) => {
        const body = `${directory}/body.json`;
        const words = ['webhook', 'send', environment.webhook, '-f', body, '--key-file', `${directory}/${key}`];
        execFile(`${bin}/msp`, words, (error, out) => resolve([error?.code ?? 0, JSON.parse(out).status]));
      });
    assert.deepEqual(await send('key'), [0, 200]);
    assert.deepEqual(await send('wrong'), [1, 401]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

// The last one: it moves the sandbox's clock, and with it the time that notifications carry; by less
// than the service lets two clocks be apart.
test('an order whose time runs out ends EXPIRED', async (environment) => {
  const { page, watcher } = await begin(environment, 'tulip-expired', {}, { seconds_active: 200 });
  await environment.post('clock', { advance_seconds: 201 });
  await fillCard(page);
  await page.getByRole('button', { name: 'Pay EUR 49.95' }).click();
  await returned(environment, page, '/sorry', 'tulip-expired');
  await ends(watcher, 'EXPIRED');
});

async function main() {
  mkdirSync(shots, { recursive: true });
  const wanted = tests.filter(({ name }) => name.includes(filter));
  let passed = 0;
  let failed = 0;
  let environment;
  try {
    environment = await Environment.open(bin, shots, client);
    for (const { name, body } of wanted) {
      const start = Date.now();
      try {
        await body(environment);
        passed += 1;
        console.log(`ok      ${name} (${Date.now() - start} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}\n        ${String(error.stack ?? error).replaceAll('\n', '\n        ')}`);
      } finally {
        for (const context of environment.browser.contexts()) await context.close();
      }
    }
  } catch (error) {
    failed += 1;
    console.log(`FAILED  the environment: ${error.stack ?? error}`);
  } finally {
    await environment?.close();
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

await main();
