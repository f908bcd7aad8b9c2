// SPDX-License-Identifier: Apache-2.0

// What the browser test runs on: msp-sandbox and msp-server as programs of their own, the shop's
// pages, a gRPC client, and Debian's Chromium. Everything is on free ports of the loopback and is
// stopped at the end, by its pid.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';

import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { chromium } from 'playwright-core';

export const KEY = 'sandbox-test-key-0001';
const READY_MS = 20_000;
const WATCH_MS = 40_000;
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// Resolves with what the promise gives, or fails after a while and says what was waited for.
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// A running program; `ready` is its ready line.
async function program(file, flags, env = {}) {
  const child = spawn(file, flags, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors = [];
  readline.createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const lines = readline.createInterface({ input: child.stdout });
  const ended = new Promise((resolve) => child.on('close', resolve));
  const started = new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      try {
        const event = JSON.parse(line);
        if (event.event === 'serving') resolve(event);
      } catch {
        // Not the ready line.
      }
    });
    child.on('error', reject);
    ended.then(() => reject(new Error(`${file} ended:\n${errors.slice(-10).join('\n')}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(timer);
  };
  try {
    return { ready: await within(READY_MS, file, started), stop, errors };
  } catch (error) {
    await stop();
    throw error;
  }
}

// The shop: where customers come back to, and the page that carries a 3-D Secure form on.
async function openShop() {
  const forms = new Map();
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://shop');
    const page = (title) =>
      `<!DOCTYPE html><html lang="en"><head><title>${title}</title></head>` +
      `<body><main><h1>${title}</h1></main></body></html>`;
    const known = { '/ok': 'Thank you', '/sorry': 'Not paid' };
    const html = forms.get(url.pathname) ?? (known[url.pathname] && page(known[url.pathname]));
    response.writeHead(html ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(html ?? page('Not found'));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    // A page of its own for a form that came from outside.
    serve(orderId, html) {
      forms.set(`/form/${orderId}`, html);
      return `${origin}/form/${orderId}`;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

function orderService(address) {
  const definition = loader.loadSync('multisafepay/v1/order_service.proto', {
    includeDirs: [path.resolve('proto')],
    keepCase: true,
    enums: String,
    longs: Number,
  });
  const { OrderService } = grpc.loadPackageDefinition(definition).multisafepay.v1;
  return new OrderService(address, grpc.credentials.createInsecure());
}

// One open WatchOrder stream. `states` grows; `end` resolves with the last state once the service
// has ended the stream.
class Watcher {
  constructor(client, orderId) {
    this.states = [];
    this.causes = [];
    this.waiting = [];
    const deadline = new Date(Date.now() + WATCH_MS);
    this.stream = client.WatchOrder({ order_id: orderId }, { deadline });
    this.end = new Promise((resolve, reject) => {
      this.stream.on('data', (message) => {
        if (!message.order) return;
        this.states.push(message.order.payment_state.replace('PAYMENT_STATE_', ''));
        this.causes.push(message.cause.replace('CAUSE_', ''));
        this.waiting.splice(0).forEach((wake) => wake());
      });
      this.stream.on('error', reject);
      this.stream.on('end', () => resolve(this.states.at(-1)));
    });
    this.end.catch(() => {}); // Rejects for those who await it.
  }
  // The present state has arrived: from here on changes are sent.
  async begun() {
    const first = new Promise((resolve) => {
      if (this.states.length > 0) resolve();
      else this.waiting.push(resolve);
    });
    await within(10_000, 'the first state of WatchOrder', Promise.race([first, this.end]));
  }
}

export class Environment {
  // `client`: the Node client's directory, built.
  static async open(bin, shots, client) {
    const environment = new Environment();
    environment.stops = [];
    environment.shots = shots;
    try {
      environment.shop = await openShop();
      environment.stops.push(environment.shop.stop);
      const sandbox = await program(`${bin}/msp-sandbox`, ['--threeds=challenge', '--quiet=on']);
      environment.stops.push(sandbox.stop);
      environment.sandbox = sandbox.ready.api_url.replace(/\/v1\/json\/?$/, '');
      environment.control = `${environment.sandbox}/_sandbox`;
      const server = await program(
        `${bin}/msp-server`,
        [
          '--listen=127.0.0.1:0',
          '--ops_listen=off',
          '--webhook_listen=127.0.0.1:0',
          `--api_url=${sandbox.ready.api_url}`,
          '--drain_delay_ms=0',
          // So rare that only a notification reaches a watcher in time.
          '--watch_poll_first_ms=600000',
          '--watch_poll_max_ms=600000',
          '--watch_quiet_ms=500',
        ],
        { MSP_API_KEY: KEY },
      );
      environment.stops.push(server.stop);
      environment.server = server;
      environment.address = server.ready.listen;
      environment.webhook = `http://${server.ready.webhook}/webhook`;
      environment.client = orderService(environment.address);
      environment.stops.push(async () => environment.client.close());
      // The shop of the Node client's example, with MultiSafepay's component on its page.
      const shop = await program(process.execPath, [`${client}/dist/examples/component/shop.js`], {
        MSP_SERVER: environment.address,
        MSP_SANDBOX: environment.sandbox,
      });
      environment.stops.push(shop.stop);
      environment.componentShop = shop.ready.listen;
      environment.browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        // Chromium's own sandbox does not start as root.
        args: process.getuid() === 0 ? ['--no-sandbox'] : [],
      });
      environment.stops.push(() => environment.browser.close());
      return environment;
    } catch (error) {
      await environment.close();
      throw error;
    }
  }

  async close() {
    for (const stop of this.stops.splice(0).reverse()) await stop();
  }

  order(orderId, more = {}) {
    return {
      type: 'redirect',
      order_id: orderId,
      currency: 'EUR',
      amount: 4995,
      description: 'Forty red tulips, delivered on Friday',
      payment_options: {
        notification_url: this.webhook,
        notification_method: 'POST',
        redirect_url: `${this.shop.origin}/ok?order=mine`,
        cancel_url: `${this.shop.origin}/sorry`,
      },
      customer: { locale: 'en_GB', country: 'NL', email: 'a.customer@example.com' },
      ...more,
    };
  }

  // CreateOrder by gRPC; resolves with the order of the reply.
  create(request) {
    return new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + 30_000);
      this.client.CreateOrder(request, { deadline }, (error, reply) =>
        error ? reject(error) : resolve(reply.order),
      );
    });
  }

  // GetOrder by gRPC; resolves with the order of the reply.
  get(orderId) {
    return new Promise((resolve, reject) => {
      const deadline = new Date(Date.now() + 30_000);
      this.client.GetOrder({ order_id: orderId }, { deadline }, (error, reply) =>
        error ? reject(error) : resolve(reply.order),
      );
    });
  }

  async watch(orderId) {
    const watcher = new Watcher(this.client, orderId);
    await watcher.begun();
    return watcher;
  }

  // A POST to the sandbox's control.
  async post(what, body) {
    const answer = await fetch(`${this.control}/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  }

  // A page in a fresh profile. What the console complains about ends up in `complaints`.
  async page(options = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1000, height: 900 },
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.complaints = [];
    page.on('console', (message) => {
      // The form's own refusal has status 422, and no page has an icon.
      if (message.type() === 'error' && !/status of (404|422)/.test(message.text()))
        page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    return page;
  }

  // A screenshot, and what axe-core finds serious or critical. `scripts`: false on a page that may
  // not run any, axe-core included.
  async inspect(page, name, { scripts = true } = {}) {
    await page.screenshot({ path: `${this.shots}/${name}.png`, fullPage: true });
    if (!scripts) return;
    for (const frame of page.frames()) {
      await frame.evaluate(axeSource);
      const found = await frame.evaluate(async () => (await globalThis.axe.run(document, { iframes: false, preload: false })).violations);
      const bad = found.filter((one) => ['serious', 'critical'].includes(one.impact));
      if (bad.length > 0)
        throw new Error(`${name}: ${bad.map((one) => `${one.id} ${one.nodes[0].html}`).join('; ')}`);
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) throw new Error(`${name}: ${wide} px wider than the window`);
  }
}
