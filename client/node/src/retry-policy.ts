// SPDX-License-Identifier: Apache-2.0

// The retry policy of a payment: the action for each outcome, so that it is made once or not at all.
//
// | outcome   | what happens                                                                                 |
// |-----------|----------------------------------------------------------------------------------------------|
// | CONFIRMED | the reply is returned; a declined card is CONFIRMED too                                      |
// | REJECTED  | Rejected is thrown: the same call would be refused again; with a retry time (RATE_LIMITED)   |
// |           | the same call again after it                                                                 |
// | NOT_SENT  | the same call again if the service gave a retry time, or no connection was made; else        |
// |           | NotSent or InvalidRequest                                                                    |
// | UNKNOWN   | the same call again with control.repeat: the service reads the order before it sends it      |
import { makeError, ServiceError, unknown } from "./errors.js";
import { CallControl, type CallResult, Outcome } from "./gen/multisafepay/v1/control.js";

// The minimum time of an attempt: the service refuses a call that cannot complete in time.
const ATTEMPT_MIN_MS = 1_000;

/** How a call that moves money is repeated until its outcome is conclusive. */
export interface RetryPolicy {
  /** For all attempts and pauses together. */
  budgetMs: number;
  attemptsMax: number;
  /** Before the second attempt; doubles with each further one. A longer RetryInfo takes precedence. */
  pauseMs: number;
  /** Called before each repeat, for logs. */
  onRepeat?: (error: ServiceError, waitMs: number) => void;
  nowMs: () => number;
  sleep: (ms: number) => Promise<void>;
}

/** @deprecated the earlier name; use RetryPolicy */
export type Rule = RetryPolicy;

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  budgetMs: 120_000,
  attemptsMax: 5,
  pauseMs: 500,
  nowMs: () => performance.now(),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
};

/** The default policy with the given members, of which later ones take precedence; undefined means not given. */
export function policyOf(...given: (Partial<RetryPolicy> | undefined)[]): RetryPolicy {
  const members = given.flatMap((one) => Object.entries(one ?? {})).filter(([, value]) => value !== undefined);
  const policy: RetryPolicy = { ...DEFAULT_RETRY_POLICY, ...Object.fromEntries(members) };
  for (const [name, least] of [["budgetMs", 0], ["attemptsMax", 1], ["pauseMs", 0]] as const) {
    const value = policy[name];
    if (!(typeof value === "number" && value >= least)) throw new RangeError(`${name}: ${value} is no number of at least ${least}`);
  }
  return policy;
}

interface Controlled {
  control?: CallControl | undefined;
}

/**
 * Makes the call until its answer is conclusive or the budget is spent. Every attempt carries the same ids and
 * idempotency key. To resolve OutcomeUnknown see its description.
 */
export async function callWithRetry<Q extends Controlled, R extends { result?: CallResult | undefined }>(
  call: (request: Q, timeoutMs: number) => Promise<R>,
  request: Q,
  policy: RetryPolicy,
  timeoutMs: number,
): Promise<R> {
  const mine = { ...request };
  const end = policy.nowMs() + policy.budgetMs;
  let indeterminate = false;
  for (let attempt = 1, pause = policy.pauseMs; ; ++attempt, pause *= 2) {
    let error: ServiceError;
    try {
      const reply = await call(mine, Math.min(timeoutMs, Math.max(end - policy.nowMs(), ATTEMPT_MIN_MS)));
      if (reply.result?.outcome === Outcome.OUTCOME_CONFIRMED || reply.result?.dryRunJson) return reply;
      error = unknown("the reply does not state the outcome");
    } catch (caught) {
      if (!(caught instanceof ServiceError)) throw caught;
      error = caught;
    }
    if (error.outcome === Outcome.OUTCOME_UNKNOWN) {
      indeterminate = true;
      mine.control = CallControl.fromPartial({ ...mine.control, repeat: true });
    }
    const mayRetry = error.outcome === Outcome.OUTCOME_UNKNOWN || error.retryAfterMs !== undefined;
    const wait = Math.max(pause, error.retryAfterMs ?? 0);
    if (!mayRetry || attempt >= policy.attemptsMax || policy.nowMs() + wait + ATTEMPT_MIN_MS > end) {
      // The last attempt was not sent, but an earlier one may have been.
      if (indeterminate && error.outcome === Outcome.OUTCOME_NOT_SENT)
        throw makeError({ ...error, message: error.message, outcome: Outcome.OUTCOME_UNKNOWN, retryAfterMs: undefined });
      throw error;
    }
    policy.onRepeat?.(error, wait);
    await policy.sleep(wait);
  }
}
