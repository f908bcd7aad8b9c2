// SPDX-License-Identifier: Apache-2.0

// Live updates: polls the page once a second and replaces the changed parts. Without this script a reload does the same.
'use strict';

const ASK_MS = 1000;
const ASK_SLOWLY_MS = 30_000;
let wait = ASK_MS;
let seen = '';

// Do not replace a part while the user edits it.
const isBusy = (part) => part.contains(document.activeElement) && document.activeElement.matches('input, select');

function replacePart(part, fresh) {
  if (part.innerHTML === fresh.innerHTML) return;
  const open = [...part.querySelectorAll('details[open]')].map((one) => one.id);
  const focused = part.contains(document.activeElement) ? document.activeElement.closest('[id]')?.id : '';
  const inSummary = document.activeElement?.matches('summary');
  part.replaceChildren(...fresh.childNodes);
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  const again = focused && document.getElementById(focused);
  if (again) (inSummary ? again.querySelector('summary') : again).focus({ preventScroll: true });
}

async function refresh() {
  const showStatus = (text) => {
    const status = document.getElementById('live');
    if (status.textContent !== text) status.textContent = text;
  };
  try {
    if (!document.hidden) {
      const answer = await fetch(location.href, { cache: 'no-store', headers: seen ? { 'If-None-Match': seen } : {} });
      if (answer.status === 200) {
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const parts = [...document.querySelectorAll('[data-live]')].filter((part) => page.getElementById(part.id));
        const free = parts.filter((part) => !isBusy(part));
        for (const part of free) replacePart(part, page.getElementById(part.id));
        if (free.length === parts.length) seen = answer.headers.get('ETag') ?? '';
      }
      showStatus(answer.ok || answer.status === 304 ? 'Live' : 'This page is gone: go back to the list');
    }
    wait = ASK_MS;
  } catch {
    showStatus('The sandbox does not answer');
    wait = Math.min(wait * 2, ASK_SLOWLY_MS);
  }
  setTimeout(refresh, wait);
}

refresh();
