// SPDX-License-Identifier: Apache-2.0

// Connects a channel before a call that moves money: without a connection the request provably was not sent. Also sets
// the proxy, if one is configured.
import { type Client, type ClientOptions, connectivityState, Metadata, status as Code } from "@grpc/grpc-js";
import { makeError } from "./errors.js";
import { Outcome } from "./gen/multisafepay/v1/control.js";

/** The rest of a call's time is for the call itself. Also the longest pause between two attempts to connect. */
export const CONNECT_MAX_MS = 5_000;
// The time for gRPC to report why it is not connected.
const REASON_MAX_MS = 200;
const NOTHING = () => Buffer.alloc(0);

/**
 * Connects unless the channel is ready, for half of the time and CONNECT_MAX_MS at most. Resolves with the remaining
 * time; rejects with NotSent if the channel does not become ready.
 */
export async function connected(client: Client, tried: string, timeoutMs: number): Promise<number> {
  if (client.getChannel().getConnectivityState(true) === connectivityState.READY) return timeoutMs;
  const start = performance.now();
  const deadline = new Date(Date.now() + Math.min(timeoutMs / 2, CONNECT_MAX_MS));
  const failed = await new Promise((done) => client.waitForReady(deadline, done));
  const waited = Math.ceil(performance.now() - start);
  if (!failed) return Math.max(timeoutMs - waited, 1);
  throw makeError({
    code: Code.UNAVAILABLE, message: `no connection to ${tried} within ${waited} ms${await reason(client)}`,
    reason: "NOT_CONNECTED", domain: "", outcome: Outcome.OUTCOME_NOT_SENT, errorCode: 0, httpStatus: 0, orderId: "",
    violations: [], retryAfterMs: 0, fromService: false,
  });
}

// gRPC's reason for having no connection, which only a call returns: it fails at once. This call reads and changes
// nothing.
function reason(client: Client): Promise<string> {
  const options = { deadline: new Date(Date.now() + REASON_MAX_MS) };
  return new Promise((done) =>
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", NOTHING, NOTHING, null, new Metadata(), options, (error) =>
      done(error?.code === Code.UNAVAILABLE ? `: ${error.details}` : ""),
    ),
  );
}

/** The target of a channel to the server, and its options. */
export function way(server: string, proxy: string | undefined): { target: string; options: ClientOptions } {
  const common: ClientOptions = {
    "grpc.max_reconnect_backoff_ms": CONNECT_MAX_MS,
    // A peer that disappears without closing the connection leaves it ready: all calls would end at their deadlines, and a
    // watch never, until TCP gives up after some 15 minutes. These pings are sent during calls.
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.enable_http_proxy": 0, // That of the environment.
  };
  if (!proxy) return { target: server, options: common };
  const url = /^http:\/\//.test(proxy) && new URL(proxy);
  if (!url) throw new Error("the proxy is not http://HOST:PORT");
  const authority = server.replace(/^(dns:(\/\/\/)?|ipv[46]:)/, "");
  const options: ClientOptions = {
    ...common, "grpc.http_connect_target": `dns:${authority}`, "grpc.default_authority": authority,
  };
  if (url.username) options["grpc.http_connect_creds"] = decodeURIComponent(`${url.username}:${url.password}`);
  return { target: `dns:${url.hostname}:${url.port || 80}`, options };
}
