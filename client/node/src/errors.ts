// SPDX-License-Identifier: Apache-2.0

// The error of a failed call, parsed from its status and the google.rpc details in the trailer.
import { status as Code, type ServiceError as GrpcError } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo } from "./gen/google/rpc/error_details.js";
import { Status } from "./gen/google/rpc/status.js";
import { Outcome } from "./gen/multisafepay/v1/control.js";

// The domains of the service's own ErrorInfo; one from a proxy proves nothing.
const DOMAINS = ["multisafepay.com", "multisafepay-grpc"];

/** One rejected field of the request: "gateway_info.card_number", and the reason; never its value. */
export interface FieldViolation {
  field: string;
  description: string;
}

export interface ErrorFacts {
  code: Code;
  message: string;
  /** "OUTCOME_UNKNOWN", "MSP_1006"; empty for gRPC's own status, which proves nothing about the payment. */
  reason: string;
  /** Who defines the reason: "multisafepay.com" or "multisafepay-grpc". */
  domain: string;
  /** The outcome; OUTCOME_UNSPECIFIED for calls that move no money. */
  outcome: Outcome;
  /** MultiSafepay's own code and HTTP status; 0 if absent. */
  errorCode: number;
  httpStatus: number;
  orderId: string;
  violations: FieldViolation[];
  /**
   * The time after which the same call may be sent again; only set if nothing was done: not sent, or refused by
   * MultiSafepay's rate limit.
   */
  retryAfterMs?: number;
  /** True if the service itself reported the error: the trailer has its ErrorInfo. */
  fromService: boolean;
}

/** A failed call. For a call that moves money one of the subclasses states the outcome. */
export class ServiceError extends Error implements ErrorFacts {
  readonly code!: Code;
  readonly reason!: string;
  readonly domain!: string;
  readonly outcome!: Outcome;
  readonly errorCode!: number;
  readonly httpStatus!: number;
  readonly orderId!: string;
  readonly violations!: FieldViolation[];
  readonly retryAfterMs?: number;
  readonly fromService!: boolean;

  constructor(facts: ErrorFacts) {
    const words = [Code[facts.code], facts.reason, Outcome[facts.outcome]?.replace(/^OUTCOME_/, "outcome=")];
    const fields = facts.violations.map((one) => `; ${one.field}: ${one.description}`).join("");
    super(`${words.filter((word) => word && word !== "outcome=UNSPECIFIED").join(" ")}: ${facts.message}${fields}`);
    const { message: _, ...rest } = facts;
    Object.assign(this, rest);
    this.name = new.target.name;
  }
}

/** MultiSafepay refused; nothing was done. */
export class Rejected extends ServiceError {}
/** The service, or this client (reason NOT_CONNECTED), did not send the request; nothing was done. */
export class NotSent extends ServiceError {}
/** The request itself is invalid: `violations` names the fields. */
export class InvalidRequest extends NotSent {}
/**
 * The money may have moved. Call getOrder, or repeat the same call; never under another order id. A refund or capture is
 * repeated with control.repeat set, without it only 300 s after it was sent.
 */
export class OutcomeUnknown extends ServiceError {}

export function makeError(facts: ErrorFacts): ServiceError {
  if (facts.outcome === Outcome.OUTCOME_REJECTED) return new Rejected(facts);
  if (facts.outcome === Outcome.OUTCOME_UNKNOWN) return new OutcomeUnknown(facts);
  if (facts.outcome !== Outcome.OUTCOME_NOT_SENT) return new ServiceError(facts);
  return facts.code === Code.INVALID_ARGUMENT ? new InvalidRequest(facts) : new NotSent(facts);
}

export function unknown(message: string): ServiceError {
  return makeError({
    code: Code.UNKNOWN, message, reason: "", domain: "", outcome: Outcome.OUTCOME_UNKNOWN, errorCode: 0, httpStatus: 0,
    orderId: "", violations: [], fromService: false,
  });
}

function details(error: GrpcError): { typeUrl: string; value: Uint8Array }[] {
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(bytes instanceof Uint8Array)) return [];
  try {
    const parsed = Status.decode(bytes);
    // Details of another code belong to another status: an intermediary replaced one of the two.
    return parsed.code === error.code ? parsed.details : [];
  } catch {
    return [];
  }
}

/** The typed error of a call that gRPC ended with `error`. */
export function readError(error: GrpcError, movesMoney: boolean): ServiceError {
  const found = details(error);
  const value = (name: string) => found.find((one) => one.typeUrl.endsWith(`/google.rpc.${name}`))?.value;
  const facts: ErrorFacts = {
    code: error.code ?? Code.UNKNOWN, message: error.details ?? error.message, reason: "", domain: "",
    outcome: Outcome.OUTCOME_UNSPECIFIED, errorCode: 0, httpStatus: 0, orderId: "", violations: [], fromService: false,
  };
  try {
    const bad = value("BadRequest");
    if (bad) facts.violations = BadRequest.decode(bad).fieldViolations.map(({ field, description }) => ({ field, description }));
    const bytes = value("ErrorInfo");
    const info = bytes && ErrorInfo.decode(bytes);
    if (info && DOMAINS.includes(info.domain)) {
      const named = Outcome[`OUTCOME_${info.metadata["outcome"]}` as keyof typeof Outcome];
      Object.assign(facts, {
        fromService: true, reason: info.reason, domain: info.domain, outcome: named ?? Outcome.OUTCOME_UNSPECIFIED,
        errorCode: Number(info.metadata["error_code"] ?? 0) || 0, httpStatus: Number(info.metadata["http_status"] ?? 0) || 0,
        orderId: info.metadata["order_id"] ?? "",
      });
    }
    const retry = value("RetryInfo");
    const delay = retry && RetryInfo.decode(retry).retryDelay;
    if (delay) facts.retryAfterMs = Number(delay.seconds) * 1000 + Math.floor(delay.nanos / 1e6);
  } catch {
    // Unreadable details are ignored.
  }
  if (!movesMoney) facts.outcome = Outcome.OUTCOME_UNSPECIFIED;
  // A lost connection does not determine the payment's outcome.
  else if (facts.outcome === Outcome.OUTCOME_UNSPECIFIED) facts.outcome = Outcome.OUTCOME_UNKNOWN;
  // Honouring a RetryInfo that is not the service's could charge twice.
  if (!facts.fromService || facts.outcome === Outcome.OUTCOME_UNKNOWN) delete facts.retryAfterMs;
  return makeError(facts);
}
