// SPDX-License-Identifier: Apache-2.0

// A payment component for a shop's page, with the public interface of MultiSafepay's own. The fields are in a frame of this
// script's origin: the page gets a payload and never a card number.
(() => {
  'use strict';

  const base = new URL('.', document.currentScript.src);
  const CARDS = ['CREDITCARD', 'VISA', 'MASTERCARD', 'AMEX', 'MAESTRO'];

  class MultiSafepay {
    #settings;
    #handlers = {};
    #port = null;
    #wasValid = null;
    #state = { valid: false, errors: [{ field: '', message: 'The payment component has not loaded yet' }], payload: '' };

    constructor({ env = 'test', apiToken = '', order = {}, recurring } = {}) {
      this.#settings = { env, apiToken, order, recurring: recurring ?? order.recurring ?? {} };
    }

    // kind: payment, dropin or redirection.
    init(kind, options = {}) {
      if (kind === 'redirection') {
        const url = options.order?.payment_url;
        if (url) location.assign(url);
        else this.#fail('The order has no payment_url');
        return;
      }
      this.#handlers = options;
      if (kind !== 'payment' && kind !== 'dropin') return this.#fail(`init: there is no ${kind}`);
      if (this.#settings.env !== 'test') return this.#fail('The sandbox is the environment "test"');
      if (!this.#settings.apiToken) return this.#fail('apiToken is missing');
      const container = typeof options.container === 'string' ? document.querySelector(options.container) : options.container;
      if (!container) return this.#fail(`There is no container ${options.container}`);
      container.replaceChildren(this.#frame(options.gateway ?? 'CREDITCARD'));
      if (kind === 'dropin') container.append(this.#button());
    }

    // {payload, gateway, tokenize}; the same again as its payment_data.
    getPaymentData() {
      const { payload, gateway, tokenize } = this.#state;
      const data = { payload, gateway };
      if (tokenize) data.tokenize = true;
      return Object.defineProperty({ ...data }, 'payment_data', { value: data });
    }

    getOrderData() {
      const { payload, gateway, tokenize } = this.getPaymentData();
      return { ...this.#settings.order, payment_data: { payload, gateway, ...(tokenize && { tokenize }) } };
    }

    // True shows the customer what is missing, too.
    hasErrors() {
      if (!this.#state.valid) this.#port?.postMessage({ type: 'reveal' });
      return !this.#state.valid;
    }

    getErrors() {
      return { count: this.#state.errors.length, errors: this.#state.errors };
    }

    #fail(message) {
      this.#state = { ...this.#state, valid: false, errors: [{ field: '', message }] };
      this.#handlers.onError?.({ message });
    }

    #frame(gateway) {
      const { recurring, order, apiToken } = this.#settings;
      const frame = document.createElement('iframe');
      frame.className = 'msp-component';
      frame.title = 'Payment details';
      frame.style.height = '26rem';
      frame.src = new URL('card.html', base).href;
      frame.addEventListener('load', () => {
        const { port1, port2 } = new MessageChannel();
        this.#port = port1;
        port1.onmessage = ({ data }) => this.#onMessage(data, frame);
        const tokens = (Array.isArray(recurring.tokens) ? recurring.tokens : []).map(({ token, display, name_holder }) => ({
          token,
          display,
          name_holder,
        }));
        const offersTokenize = recurring.model === 'cardOnFile' && Boolean(order.customer?.reference);
        const message = { type: 'configure', apiToken, gateway, card: CARDS.includes(gateway), tokens, offersTokenize };
        frame.contentWindow.postMessage(message, base.origin, [port2]);
      });
      return frame;
    }

    #button() {
      const button = Object.assign(document.createElement('button'), {
        type: 'button',
        className: 'msp-component-pay',
        textContent: 'Pay',
      });
      button.addEventListener('click', () => this.#submit());
      return button;
    }

    #submit() {
      this.#handlers.onSubmit?.({ paymentData: this.getPaymentData() });
    }

    #onMessage(data, frame) {
      const { onLoad, onError, onSelect, onValidation } = this.#handlers;
      if (data.type === 'height') frame.style.height = `${Math.ceil(data.height)}px`;
      if (data.type === 'loaded') onLoad?.({ loaded: true });
      if (data.type === 'error') onError?.({ message: data.message });
      if (data.type === 'select') onSelect?.({ token: data.saved });
      if (data.type === 'submit') this.#submit();
      if (data.type !== 'state') return;
      this.#state = data;
      if (this.#wasValid !== data.valid) onValidation?.({ valid: data.valid, errors: data.errors });
      this.#wasValid = data.valid;
    }
  }

  globalThis.MultiSafepay = MultiSafepay;
})();
