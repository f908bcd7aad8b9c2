// SPDX-License-Identifier: Apache-2.0

package com.multisafepay.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.multisafepay.grpc.v1.Outcome;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A failed call. For a call that moves money one of the subclasses states the outcome. */
public class ServiceException extends RuntimeException {
  /** MultiSafepay refused; nothing was done. */
  public static final class Rejected extends ServiceException {
    Rejected(Facts facts, Throwable cause) {
      super(facts, cause);
    }
  }

  /** The service, or this client (reason NOT_CONNECTED), did not send the request; nothing was done. */
  public static class NotSent extends ServiceException {
    NotSent(Facts facts, Throwable cause) {
      super(facts, cause);
    }
  }

  /** The request itself is invalid: {@link #violations()} names the fields. */
  public static final class InvalidRequest extends NotSent {
    InvalidRequest(Facts facts, Throwable cause) {
      super(facts, cause);
    }
  }

  /**
   * The money may have moved. Call getOrder, or repeat the same call; never under another order id. A refund or capture is
   * repeated with control.repeat set, without it only 300 s after it was sent.
   */
  public static final class OutcomeUnknown extends ServiceException {
    OutcomeUnknown(Facts facts, Throwable cause) {
      super(facts, cause);
    }
  }

  /** One rejected field of the request: "gateway_info.card_number", and the reason; never its value. */
  public record FieldViolation(String field, String description) {}

  /** The contents of the status and the details in its trailer. */
  record Facts(Status.Code code, String message, ErrorInfo info, Outcome outcome, List<FieldViolation> violations,
      Optional<Duration> retryAfter) {
    Facts withOutcomeUnknown() {
      return new Facts(code, message, info, Outcome.OUTCOME_UNKNOWN, violations, Optional.empty());
    }
  }

  private static final long serialVersionUID = 1L;
  // The domains of the service's own ErrorInfo; one from a proxy proves nothing.
  private static final Set<String> DOMAINS = Set.of("multisafepay.com", "multisafepay-grpc");

  private final transient Facts facts;

  private ServiceException(Facts facts, Throwable cause) {
    super(text(facts), cause);
    this.facts = facts;
  }

  public Status.Code code() {
    return facts.code();
  }

  /** "OUTCOME_UNKNOWN", "MSP_1006"; empty for gRPC's own status, which proves nothing about the payment. */
  public String reason() {
    return facts.info().getReason();
  }

  /** Who defines the reason: "multisafepay.com" or "multisafepay-grpc". */
  public String domain() {
    return facts.info().getDomain();
  }

  /** The outcome; OUTCOME_UNSPECIFIED for calls that move no money. */
  public Outcome outcome() {
    return facts.outcome();
  }

  /** MultiSafepay's own code; 0 if absent. */
  public int errorCode() {
    return number("error_code");
  }

  /** MultiSafepay's HTTP status; 0 without an answer. */
  public int httpStatus() {
    return number("http_status");
  }

  public String orderId() {
    return facts.info().getMetadataOrDefault("order_id", "");
  }

  public List<FieldViolation> violations() {
    return facts.violations();
  }

  /**
   * The time after which the same call may be sent again; only present if nothing was done: not sent, or refused by
   * MultiSafepay's rate limit.
   */
  public Optional<Duration> retryAfter() {
    return facts.retryAfter();
  }

  /** True if the service itself reported the error: the trailer has its ErrorInfo. */
  public boolean fromService() {
    return !facts.info().getDomain().isEmpty();
  }

  ServiceException asOutcomeUnknown() {
    return of(facts.withOutcomeUnknown(), getCause());
  }

  static ServiceException of(Facts facts, Throwable cause) {
    return switch (facts.outcome()) {
      case OUTCOME_REJECTED -> new Rejected(facts, cause);
      case OUTCOME_UNKNOWN -> new OutcomeUnknown(facts, cause);
      case OUTCOME_NOT_SENT -> facts.code() == Status.Code.INVALID_ARGUMENT
          ? new InvalidRequest(facts, cause)
          : new NotSent(facts, cause);
      default -> new ServiceException(facts, cause);
    };
  }

  static ServiceException unknown(String message) {
    return of(new Facts(Status.Code.UNKNOWN, message, ErrorInfo.getDefaultInstance(), Outcome.OUTCOME_UNKNOWN, List.of(),
        Optional.empty()), null);
  }

  /** No connection was made, so the call may be repeated at once. */
  static ServiceException notConnected(String message) {
    ErrorInfo info = ErrorInfo.newBuilder().setReason("NOT_CONNECTED").build();
    return of(new Facts(Status.Code.UNAVAILABLE, message, info, Outcome.OUTCOME_NOT_SENT, List.of(),
        Optional.of(Duration.ZERO)), null);
  }

  /** The typed error of a call that gRPC ended with {@code error}. */
  static ServiceException read(StatusRuntimeException error, boolean movesMoney) {
    ErrorInfo info = ErrorInfo.getDefaultInstance();
    List<FieldViolation> violations = new ArrayList<>();
    Optional<Duration> retryAfter = Optional.empty();
    try {
      for (Any detail : details(error)) {
        if (detail.is(ErrorInfo.class)) {
          ErrorInfo found = detail.unpack(ErrorInfo.class);
          if (DOMAINS.contains(found.getDomain())) info = found;
        } else if (detail.is(BadRequest.class)) {
          for (BadRequest.FieldViolation one : detail.unpack(BadRequest.class).getFieldViolationsList()) {
            violations.add(new FieldViolation(one.getField(), one.getDescription()));
          }
        } else if (detail.is(RetryInfo.class)) {
          var delay = detail.unpack(RetryInfo.class).getRetryDelay();
          retryAfter = Optional.of(Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
        }
      }
    } catch (InvalidProtocolBufferException unreadable) {
      // Unreadable details are ignored.
      info = ErrorInfo.getDefaultInstance();
    }
    Outcome outcome = Outcome.OUTCOME_UNSPECIFIED;
    if (movesMoney) {
      // A lost connection does not determine the payment's outcome.
      outcome = outcomeIn(info);
    }
    if (info.getDomain().isEmpty() || outcome == Outcome.OUTCOME_UNKNOWN) {
      // Honouring a RetryInfo that is not the service's could charge twice.
      retryAfter = Optional.empty();
    }
    String message = Optional.ofNullable(error.getStatus().getDescription()).orElse("");
    return of(new Facts(error.getStatus().getCode(), message, info, outcome, List.copyOf(violations), retryAfter), error);
  }

  private static List<Any> details(StatusRuntimeException error) {
    try {
      return StatusProto.fromThrowable(error).getDetailsList();
    } catch (IllegalArgumentException anotherStatus) {
      // Details of another code: an intermediary replaced the status or the details.
      return List.of();
    }
  }

  private static Outcome outcomeIn(ErrorInfo info) {
    try {
      Outcome found = Outcome.valueOf("OUTCOME_" + info.getMetadataOrDefault("outcome", "UNKNOWN"));
      return found == Outcome.OUTCOME_UNSPECIFIED ? Outcome.OUTCOME_UNKNOWN : found;
    } catch (IllegalArgumentException newer) {
      return Outcome.OUTCOME_UNKNOWN;
    }
  }

  private int number(String key) {
    try {
      return Integer.parseInt(facts.info().getMetadataOrDefault(key, "0"));
    } catch (NumberFormatException none) {
      return 0;
    }
  }

  private static String text(Facts facts) {
    StringBuilder text = new StringBuilder(facts.code().name());
    if (!facts.info().getReason().isEmpty()) text.append(' ').append(facts.info().getReason());
    if (facts.outcome() != Outcome.OUTCOME_UNSPECIFIED) {
      text.append(" outcome=").append(facts.outcome().name().substring("OUTCOME_".length()));
    }
    text.append(": ").append(facts.message());
    for (FieldViolation one : facts.violations()) {
      text.append("; ").append(one.field()).append(": ").append(one.description());
    }
    return text.toString();
  }
}
