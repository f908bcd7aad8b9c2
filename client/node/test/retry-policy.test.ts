// SPDX-License-Identifier: Apache-2.0

// The retry policy on answers that are made up, in virtual time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeError, unknown } from "../src/errors.js";
import {
  Client, Code, CreateOrderRequest, CreateOrderResponse, NotSent, Outcome, OutcomeUnknown, Rejected, ServiceError,
  type RetryPolicy, type Rule,
} from "../src/index.js";
import { callWithRetry, DEFAULT_RETRY_POLICY, policyOf } from "../src/retry-policy.js";

const CONFIRMED = CreateOrderResponse.fromPartial({ result: { outcome: Outcome.OUTCOME_CONFIRMED } });
const error = (outcome: Outcome, retryAfterMs?: number) =>
  makeError({
    code: Code.UNKNOWN, message: "made up", reason: "", domain: "", outcome, errorCode: 0, httpStatus: 0, orderId: "",
    violations: [], retryAfterMs, fromService: true,
  });

class Play {
  repeats: (boolean | undefined)[] = [];
  waits: number[] = [];
  now = 0;
  constructor(private readonly answers: (Error | CreateOrderResponse)[]) {}

  run(policy: Partial<RetryPolicy> = {}) {
    const whole: RetryPolicy = {
      ...DEFAULT_RETRY_POLICY, nowMs: () => this.now,
      sleep: async (ms) => { this.waits.push(ms); this.now += ms; }, ...policy,
    };
    return callWithRetry(async (request: CreateOrderRequest) => {
      this.repeats.push(request.control?.repeat);
      const answer = this.answers.shift();
      if (answer instanceof Error) throw answer;
      return answer!;
    }, CreateOrderRequest.fromPartial({ orderId: "a" }), whole, 35_000);
  }
}

test("UNKNOWN is repeated as a repeat", async () => {
  const play = new Play([unknown(""), unknown(""), CONFIRMED]);
  assert.equal(await play.run(), CONFIRMED);
  assert.deepEqual(play.repeats, [undefined, true, true]);
  assert.deepEqual(play.waits, [500, 1000]);
});

test("NOT_SENT is repeated only when the service says when", async () => {
  const play = new Play([error(Outcome.OUTCOME_NOT_SENT, 3000), CONFIRMED]);
  assert.equal(await play.run(), CONFIRMED);
  assert.deepEqual([play.repeats, play.waits], [[undefined, undefined], [3000]]);
  await assert.rejects(new Play([error(Outcome.OUTCOME_NOT_SENT)]).run(), NotSent);
});

test("REJECTED is repeated only when the service says when", async () => {
  const play = new Play([error(Outcome.OUTCOME_REJECTED, 3000), CONFIRMED]);
  assert.equal(await play.run(), CONFIRMED);
  assert.deepEqual([play.repeats, play.waits], [[undefined, undefined], [3000]]);
  const final = new Play([error(Outcome.OUTCOME_REJECTED)]);
  await assert.rejects(final.run(), Rejected);
  assert.deepEqual(final.repeats, [undefined]);
});

test("NOT_SENT after UNKNOWN stays UNKNOWN", async () => {
  await assert.rejects(new Play([unknown(""), error(Outcome.OUTCOME_NOT_SENT)]).run(), OutcomeUnknown);
});

test("attempts and time are bounded", async () => {
  const play = new Play(Array.from({ length: 9 }, () => unknown("")));
  await assert.rejects(play.run(), OutcomeUnknown);
  assert.equal(play.repeats.length, 5);
  const long = new Play(Array.from({ length: 99 }, () => unknown("")));
  await assert.rejects(long.run({ attemptsMax: 99, budgetMs: 10_000 }), OutcomeUnknown);
  assert.ok(long.now <= 10_000);
});

test("a reply without outcome is unknown", async () => {
  const play = new Play([CreateOrderResponse.fromPartial({}), CONFIRMED]);
  assert.equal(await play.run(), CONFIRMED);
  assert.deepEqual(play.repeats, [undefined, true]);
});

test("a request that cannot be encoded is refused at once, by the name of the member", async () => {
  const client = new Client("127.0.0.1:1", { retryPolicy: { onRepeat: () => assert.fail("it was tried again") } });
  const refused = (member: string, request: object) =>
    assert.rejects(client.createOrder({ orderId: "a", ...request }), (caught: unknown) => {
      assert.ok(caught instanceof TypeError, String(caught));
      assert.ok(caught.message.startsWith(`${member}: `) && !/\d/.test(caught.message), caught.message);
      return true;
    });
  await refused("amount", { amount: 2n ** 63n });
  await refused("gatewayInfo.qrSize", { gatewayInfo: { cardCvc: "123", qrSize: 4995.5 } });
  await refused("affiliate.splitPayments", { affiliate: { splitPayments: [{ fixed: 1n }, { fixed: 2n ** 63n }] } });
  const refund = { $case: "amount" as const, amount: 2n ** 63n };
  await assert.rejects(client.refundOrder({ orderId: "a", refund }), /^TypeError: refund: /);
  await assert.rejects(client.watchOrder("a", { heartbeatS: 1.5 }).next(), /^TypeError: heartbeatS: /);
  client.close();
});

test("a setting that is undefined is the default", async () => {
  assert.deepEqual(policyOf({ pauseMs: 7 }, { budgetMs: undefined, pauseMs: undefined } as object), { ...DEFAULT_RETRY_POLICY, pauseMs: 7 });
  const settings: any = { writeTimeoutMs: undefined, readTimeoutMs: undefined, site: undefined };
  const client = new Client("127.0.0.1:1", { ...settings, retryPolicy: { attemptsMax: 1, pauseMs: undefined } as object });
  // A deadline that is no number would end the read as DEADLINE_EXCEEDED, or never.
  await assert.rejects(client.getOrder("a"), (caught: unknown) => caught instanceof ServiceError && caught.code === Code.UNAVAILABLE);
  client.close();
});

test("a time that is no time is refused", async () => {
  for (const ms of [NaN, -1, 0, Infinity, null, "35000"] as any[]) {
    assert.throws(() => new Client("127.0.0.1:1", { writeTimeoutMs: ms }), /^RangeError: writeTimeoutMs/);
    assert.throws(() => new Client("127.0.0.1:1", { readTimeoutMs: ms }), /^RangeError: readTimeoutMs/);
    const client = new Client("127.0.0.1:1");
    await assert.rejects(client.createOrder({ orderId: "a" }, ms), /^RangeError: timeoutMs/);
    await assert.rejects(client.getOrder("a", ms), /^RangeError: timeoutMs/);
    await assert.rejects(client.watchOrder("a", { timeoutMs: ms }).next(), /^RangeError: timeoutMs/);
    client.close();
  }
  for (const policy of [{ budgetMs: NaN }, { budgetMs: -1 }, { attemptsMax: NaN }, { attemptsMax: 0 }, { pauseMs: -1 }])
    assert.throws(() => new Client("127.0.0.1:1", { retryPolicy: policy }), RangeError);
});

test("the earlier name `rule` is accepted", async () => {
  const repeats: number[] = [];
  const rule: Partial<Rule> = { attemptsMax: 9, onRepeat: (_, waitMs) => repeats.push(waitMs) };
  const client = new Client("127.0.0.1:1", { rule, retryPolicy: { attemptsMax: 2, pauseMs: 1 } });
  await assert.rejects(client.createOrder({ orderId: "a" }, 200), NotSent);
  client.close();
  assert.deepEqual(repeats, [1]);
});
