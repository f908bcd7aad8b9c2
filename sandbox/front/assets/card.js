// SPDX-License-Identifier: Apache-2.0

// The card form in its frame: validates the input, has the sandbox create a payload, and sends the surrounding page only that
// payload and the missing fields.
'use strict';

const PAYLOAD_DELAY_MS = 200;
const form = document.querySelector('form');
const byId = (id) => document.getElementById(id);
const fieldIds = ['number', 'holder', 'expiry', 'cvc'];

let port = null; // to the surrounding page, once it has connected
let config = null;
let payload = '';
let mode = 'card'; // card, saved or redirect
let refused = {}; // the sandbox's rejections by field, until that field changes
let trouble = '';
let attempt = 0;
let timer = 0;
const touched = new Set(); // fields whose problem is shown

const digitsOf = (text) => text.replace(/[ -]/g, '');

function passesLuhn(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, index) => {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}

function problemOf(id) {
  const value = byId(id).value.trim();
  if (refused[id]) return refused[id];
  if (id === 'number') {
    if (value === '') return 'Enter the card number';
    const digits = digitsOf(value);
    return /^\d{12,19}$/.test(digits) && passesLuhn(digits) ? '' : 'Check the card number: it has a mistake in it';
  }
  if (id === 'holder') return value === '' ? 'Enter the name on the card' : '';
  if (id === 'expiry')
    return /^(0?[1-9]|1[0-2]) ?\/ ?(20)?\d{2}$|^(0[1-9]|1[0-2])\d{2}$/.test(value)
      ? ''
      : 'Enter the expiry date as month and year, such as 09/30';
  const number = digitsOf(byId('number').value);
  if (value === '' && /^(5[068]|6)/.test(number)) return ''; // Maestro cards may have none
  return (/^3[47]/.test(number) ? /^\d{4}$/ : /^\d{3}$/).test(value) ? '' : 'Enter the security code: 3 digits, 4 for Amex';
}

function problems() {
  const found = mode === 'card' ? fieldIds.map((id) => ({ id, message: problemOf(id) })).filter((one) => one.message) : [];
  const list = found.map(({ id, message }) => ({ field: byId(id).name, message }));
  if (trouble) list.push({ field: '', message: trouble });
  return list;
}

function show() {
  for (const id of fieldIds) {
    const message = touched.has(id) ? problemOf(id) : '';
    byId(`${id}-wrong`).textContent = message;
    if (message) byId(id).setAttribute('aria-invalid', 'true');
    else byId(id).removeAttribute('aria-invalid');
  }
  byId('trouble').textContent = trouble;
}

function report() {
  const chosen = form.elements.saved?.value;
  const errors = problems();
  if (errors.length === 0 && !payload) errors.push({ field: '', message: 'The payment details are still being checked' });
  port?.postMessage({
    type: 'state',
    valid: errors.length === 0,
    errors,
    payload,
    gateway: config?.gateway ?? '',
    tokenize: mode === 'card' && byId('tokenize').checked,
    saved: mode === 'saved' ? chosen : '',
  });
}

async function requestPayload() {
  const mine = (attempt += 1);
  const body = new URLSearchParams({ gateway: config.gateway ?? '' });
  if (mode === 'card') for (const id of fieldIds) body.set(byId(id).name, byId(id).value);
  if (mode === 'saved') body.set('recurring_id', form.elements.saved.value);
  let answer = null;
  try {
    const response = await fetch('payload', { method: 'POST', headers: { Authorization: `Bearer ${config.apiToken}` }, body });
    answer = await response.json();
  } catch {
    answer = null;
  }
  if (mine !== attempt) return; // something else has been typed since
  if (answer?.success) {
    payload = answer.data.payload;
  } else if (Array.isArray(answer?.errors)) {
    for (const { field, message } of answer.errors) {
      const id = fieldIds.find((one) => byId(one).name === field);
      if (id) {
        refused[id] = message;
        touched.add(id);
      } else {
        trouble = message;
      }
    }
  } else {
    trouble = 'The payment details could not be checked: reload this page';
  }
  if (trouble) port?.postMessage({ type: 'error', message: trouble });
  show();
  report();
}

// Something has changed: the payload made before does not stand for it.
function changed() {
  payload = '';
  trouble = '';
  attempt += 1;
  clearTimeout(timer);
  show();
  if (config && problems().length === 0) timer = setTimeout(requestPayload, PAYLOAD_DELAY_MS);
  report();
}

for (const id of fieldIds) {
  byId(id).addEventListener('input', () => {
    refused[id] = '';
    if (id === 'number') refused.cvc = '';
    changed();
  });
  byId(id).addEventListener('blur', () => {
    if (byId(id).value !== '') touched.add(id);
    show();
  });
}
byId('tokenize').addEventListener('change', report);
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.target.type === 'checkbox') return;
  event.preventDefault();
  port?.postMessage({ type: 'submit' });
});

function choose() {
  mode = form.elements.saved.value ? 'saved' : 'card';
  byId('fields').hidden = mode !== 'card';
  port?.postMessage({ type: 'select', saved: form.elements.saved.value });
  changed();
}

// The customer's stored cards, with a new one as the last choice.
function offerSaved(tokens) {
  const choices = tokens.map(({ token, display, name_holder: holder }) => [
    token,
    [display ?? 'Stored card', holder].filter(Boolean).join(', '),
  ]);
  [...choices, ['', 'Another card']].forEach(([value, text], index) => {
    const line = document.createElement('div');
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'saved', id: `saved-${index}`, value });
    input.checked = index === 0;
    input.addEventListener('change', choose);
    const label = Object.assign(document.createElement('label'), { htmlFor: input.id, textContent: text });
    line.append(input, label);
    byId('saved').append(line);
  });
  byId('saved').hidden = false;
  choose();
}

function configure(given) {
  config = given;
  byId('keep').hidden = !given.offersTokenize;
  if (!given.card) {
    mode = 'redirect';
    byId('fields').hidden = true;
    byId('redirect').hidden = false;
  }
  if (given.card && given.tokens.length > 0) offerSaved(given.tokens);
  new ResizeObserver(() => port.postMessage({ type: 'height', height: document.documentElement.offsetHeight })).observe(
    document.documentElement,
  );
  port.postMessage({ type: 'loaded' });
  changed();
}

addEventListener('message', (event) => {
  if (port || event.source !== parent || event.data?.type !== 'configure' || event.ports.length !== 1) return;
  [port] = event.ports;
  port.onmessage = ({ data }) => {
    if (data?.type !== 'reveal') return;
    fieldIds.forEach((id) => touched.add(id));
    show();
    byId(fieldIds.find((id) => mode === 'card' && problemOf(id)) ?? '')?.focus();
  };
  configure(event.data);
});
