// SPDX-License-Identifier: Apache-2.0

// Client of the multisafepay-grpc payment service.
export { Client, type Options, type Tls } from "./client.js";
export {
  InvalidRequest, NotSent, OutcomeUnknown, Rejected, ServiceError, type ErrorFacts, type FieldViolation,
} from "./errors.js";
export { type RetryPolicy, type Rule } from "./retry-policy.js";
export { status as Code } from "@grpc/grpc-js";
export * from "./gen/multisafepay/v1/account_service.js";
export * from "./gen/multisafepay/v1/cart.js";
export * from "./gen/multisafepay/v1/checkout_service.js";
export * from "./gen/multisafepay/v1/control.js";
export * from "./gen/multisafepay/v1/customer.js";
export * from "./gen/multisafepay/v1/gateway_info.js";
export * from "./gen/multisafepay/v1/notification_service.js";
export * from "./gen/multisafepay/v1/order.js";
export * from "./gen/multisafepay/v1/order_service.js";
export * from "./gen/multisafepay/v1/payment_method.js";
export * from "./gen/multisafepay/v1/payment_method_service.js";
export * from "./gen/multisafepay/v1/payment_options.js";
export * from "./gen/multisafepay/v1/terminal_service.js";
export * from "./gen/multisafepay/v1/token.js";
export * from "./gen/multisafepay/v1/token_service.js";
export * from "./gen/multisafepay/v1/transaction.js";
export * from "./gen/multisafepay/v1/transaction_service.js";
