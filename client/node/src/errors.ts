// SPDX-License-Identifier: Apache-2.0

// What a call that did not succeed says, read from its status and the google.rpc details in the trailer.
import { status as Code, type ServiceError as GrpcError } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo } from "./gen/google/rpc/error_details.js";
import { Status } from "./gen/google/rpc/status.js";
import { Outcome } from "./gen/multisafepay/v1/control.js";

// The domains whose ErrorInfo is the service's word; one from a proxy on the way proves nothing.
const DOMAINS = ["multisafepay.com", "multisafepay-grpc"];

/** One field of the request that was refused: "gateway_info.card_number", and why; never its value. */
export interface FieldViolation {
  field: string;
  description: string;
}

export interface ErrorFacts {
  code: Code;
  message: string;
  /** "OUTCOME_UNKNOWN", "MSP_1006"; empty when the status is gRPC's own, and nobody's word on the payment. */
  reason: string;
  /** Who defines the reason: "multisafepay.com" or "multisafepay-grpc". */
  domain: string;
  /** What is certain; OUTCOME_UNSPECIFIED for calls that move no money. */
  outcome: Outcome;
  /** MultiSafepay's own code and HTTP status; 0 when it gave none. */
  errorCode: number;
  httpStatus: number;
  orderId: string;
  violations: FieldViolation[];
  /** After this long the same call may be sent again; only set when the request provably never left. */
  retryAfterMs?: number;
  /** The service itself said all this: the trailer carried its ErrorInfo. */
  fromService: boolean;
}

/** A call that did not succeed. For a call that moves money one of the subclasses says what is certain. */
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
/** The request never left the service, or this client (reason NOT_CONNECTED); nothing was done. */
export class NotSent extends ServiceError {}
/** The request itself is wrong: `violations` names the fields. */
export class InvalidRequest extends NotSent {}
/** The money may have moved. Look with getOrder, or make the same call again; never under another order id. */
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
    // Details of another code belong to another status: somebody on the way replaced one of the two.
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
    // What cannot be read says nothing.
  }
  if (!movesMoney) facts.outcome = Outcome.OUTCOME_UNSPECIFIED;
  // A lost connection tells nothing about the payment.
  else if (facts.outcome === Outcome.OUTCOME_UNSPECIFIED) facts.outcome = Outcome.OUTCOME_UNKNOWN;
  // RetryInfo that the service did not vouch for is an invitation to pay twice.
  if (!facts.fromService || facts.outcome === Outcome.OUTCOME_UNKNOWN) delete facts.retryAfterMs;
  return makeError(facts);
}
