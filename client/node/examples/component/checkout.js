// SPDX-License-Identifier: Apache-2.0

// The browser's part of the payment: starts the component, and sends its payload, never a card, to the shop.
const button = document.getElementById('pay');
const say = (text) => {
  document.getElementById('problem').textContent = text;
};

const { apiToken, gateway, order, recurring } = await (await fetch('/checkout.json')).json();
const component = new globalThis.MultiSafepay({ env: 'test', apiToken, order, recurring });
// One id for one checkout: pressing the button repeatedly creates one order. Letters only: the digits of a UUID can
// look like a card number, which logs and the dashboard mask.
const letters = Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => String.fromCharCode(97 + (byte % 26)));
const orderId = `shop-${letters.join('')}`;

component.init('payment', {
  container: '#payment',
  gateway,
  onLoad: () => {
    document.body.dataset.loaded = 'yes';
  },
  onError: ({ message }) => say(message),
  onValidation: ({ valid }) => {
    button.disabled = !valid;
    if (valid) say('');
  },
});

button.addEventListener('click', async () => {
  if (component.hasErrors()) return say(component.getErrors().errors[0].message);
  button.disabled = true;
  const { payload, tokenize } = component.getPaymentData();
  try {
    const answer = await fetch('/orders', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ orderId, payload, tokenize }),
    });
    const said = await answer.json();
    if (said.payment_url) return component.init('redirection', { order: said });
    say(said.message ?? 'The payment could not be started');
  } catch {
    say('The shop cannot be reached. Press the button again: you pay once.');
  }
  button.disabled = false;
});
