// SPDX-License-Identifier: Apache-2.0

#include "client/cli/commands.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "grpc/health/v1/health.pb.h"
#include "multisafepay/v1/services.h"

namespace msp::cli {
namespace {

namespace v1 = multisafepay::v1;

constexpr std::string_view kEndCodes =
    "exit codes of a watched payment:\n"
    "  0  paid or authorized        6  cancelled\n"
    "  4  declined                  7  still open at the timeout\n"
    "  5  expired                   8  refunded, in part or whole, or charged back\n"
    "  9  processing: the customer has completed the payment; the money has not arrived yet.\n"
    "     That may take days, so checkout ends here; order watch continues to the timeout\n"
    "  1  the stream failed, or the call was refused; 2 and 3 as for every command\n";

constexpr CommandFlag kCheckoutFlags[] = {
    {"open", "", "open the customer's page with xdg-open"},
};

constexpr CommandFlag kVerifyFlags[] = {
    {"auth", "HEADER", "the notification's Auth header"},
    {"key-file", "FILE", "the site's API key, as the only content of a file"},
    {"max-age", "SECONDS",
     "reject an older one, or one further ahead; the service accepts 600 s back, 300 s ahead"},
};

constexpr CommandFlag kSendFlags[] = {
    {"key-file", "FILE", "the site's API key, as the only content of a file"},
    {"at", "UNIX", "the time of the signature, Unix seconds; default: now"},
    {"allow-remote", "", "permit a URL on another host"},
};

constexpr Command kCommands[] = {
    {.words = "checkout",
     .method = "multisafepay.v1.OrderService.CreateOrder",
     .summary = "Create an order, show the customer's page, and watch it to the end. Moves money.",
     .example = "msp checkout -f order.json\n"
                "msp checkout -f order.json --open --timeout 600 && echo paid",
     .kind = CommandKind::kCheckout,
     .command_flags = kCheckoutFlags,
     .notes = kEndCodes},
    {.words = "order create",
     .method = "multisafepay.v1.OrderService.CreateOrder",
     .summary = "Create an order: charge a card, or create a payment page or link. Moves money.",
     .example = "msp order create -f order.json\n"
                "msp order create --type redirect --order-id tulip-1 --currency EUR "
                "--amount 4995 --description 'Forty red tulips'"},
    {.words = "order get",
     .method = "multisafepay.v1.OrderService.GetOrder",
     .positionals = "order_id",
     .summary = "Read an order.",
     .example = "msp order get tulip-1 --output table"},
    {.words = "order update",
     .method = "multisafepay.v1.OrderService.UpdateOrder",
     .positionals = "order_id",
     .summary = "Change an order without moving money: shipment, invoice, a new id.",
     .example = "msp order update tulip-1 --status shipped --carrier 'Bike courier' "
                "--tracktrace-code 3STULIP0081",
     .implied = "id={order_id}"},
    {.words = "order cancel",
     .method = "multisafepay.v1.OrderService.CancelOrder",
     .positionals = "order_id",
     .summary = "Cancel an order that is not paid yet.",
     .example = "msp order cancel tulip-1\n"
                "msp order cancel tulip-2 --by post   # Bancontact by QR code, a terminal",
     .implied = "status=cancelled"},
    {.words = "order capture",
     .method = "multisafepay.v1.OrderService.CaptureOrder",
     .positionals = "order_id",
     .summary = "Capture an authorized amount, or a part of it. Moves money.",
     .example = "msp order capture tulip-1                   # all that is left\n"
                "msp order capture tulip-1 --amount 3000 --new-order-id tulip-1-c1",
     .implied = "new_order_status=completed"},
    {.words = "order void",
     .method = "multisafepay.v1.OrderService.VoidOrder",
     .positionals = "order_id",
     .summary = "Void an authorization, or what is left of it.",
     .example = "msp order void tulip-1 --reason 'Called off'",
     .implied = "status=cancelled"},
    {.words = "order refund",
     .method = "multisafepay.v1.OrderService.RefundOrder",
     .positionals = "order_id",
     .summary = "Refund collected money, a part or all of what is left. Moves money.",
     .example =
         "msp order refund tulip-1 --amount 500 --currency EUR --refund-order-id tulip-1-r1\n"
         "msp order refund tulip-1 --full --currency EUR"},
    {.words = "order cancel-refund",
     .method = "multisafepay.v1.OrderService.CancelRefund",
     .positionals = "order_id refund_id",
     .summary = "Cancel a refund that is still reserved. REFUND_ID is the refund's psp_refund_id.",
     .example = "msp order cancel-refund tulip-1 3326970",
     .implied = "status=void"},
    {.words = "order watch",
     .method = "multisafepay.v1.OrderService.WatchOrder",
     .positionals = "order_id",
     .summary = "Watch an order: its current state, then each change, one JSON object per line.",
     .example = "msp order watch tulip-1 --timeout 600 && echo paid\n"
                "msp order watch tulip-1 --follow --output table   # continue, for refunds",
     .notes = kEndCodes},
    {.words = "webhook verify",
     .positionals = "",
     .summary = "Check a notification's signature: the body from -f FILE or standard input.",
     .example = "msp webhook verify -f body.json --auth \"$AUTH\" --key-file key.txt",
     .kind = CommandKind::kWebhookVerify,
     .command_flags = kVerifyFlags,
     .notes = "The body must be the received bytes, not JSON that was parsed and reserialized.\n"
              "Exit code 0: valid. 1: invalid, with the reason on standard error.\n"},
    {.words = "webhook send",
     .positionals = "url",
     .summary = "Sign a body as MultiSafepay does and post it to URL.",
     .example = "msp webhook send http://127.0.0.1:8080/webhook -f body.json --key-file key.txt",
     .kind = CommandKind::kWebhookSend,
     .command_flags = kSendFlags,
     .notes = "Adds transactionid and timestamp to the URL, as MultiSafepay does.\n"
              "Exit code 0: acknowledged (200, and OK in the first 100 bytes). 1: not.\n"},
    {.words = "order hold",
     .method = "multisafepay.v1.OrderService.HoldOrder",
     .positionals = "order_id",
     .summary = "Stop the reminders for an unpaid Pay After Delivery order for a while.",
     .example = "msp order hold tulip-1 --duration 604800   # seconds"},
    {.words = "order extend",
     .method = "multisafepay.v1.OrderService.ExtendOrder",
     .positionals = "order_id",
     .summary = "Extend the time before an unshipped Pay After Delivery order expires.",
     .example = "msp order extend tulip-1 --days 14"},
    {.words = "order add-file",
     .method = "multisafepay.v1.OrderService.AddOrderFile",
     .positionals = "order_id",
     .summary = "Submit a document against a chargeback. A repeat submits it twice.",
     .example = "msp order add-file tulip-1 --type PDF --name parcel.pdf --description Delivered "
                "--base64 JVBERi0xLjQK   # base64 of the file"},
    {.words = "api-token create",
     .method = "multisafepay.v1.CheckoutService.CreateApiToken",
     .summary = "Create a token for the payment component in a browser: one order, 600 seconds.",
     .example = "msp api-token create"},
    {.words = "apple-pay create",
     .method = "multisafepay.v1.CheckoutService.CreateApplePaySession",
     .summary = "Create a session for the Apple Pay button of a page.",
     .example =
         "msp apple-pay create --origin-domain shop.example "
         "--validation-url https://apple-pay-gateway.apple.com/paymentservices/startSession"},
    {.words = "terminal list",
     .method = "multisafepay.v1.TerminalService.ListTerminals",
     .summary = "List the payment terminals.",
     .example = "msp terminal list --output table",
     .columns = "id name provider active group_id country"},
    {.words = "terminal group",
     .method = "multisafepay.v1.TerminalService.ListGroupTerminals",
     .positionals = "terminal_group_id",
     .summary = "List the payment terminals of one group.",
     .example = "msp terminal group 1234 --output table",
     .columns = "id name provider active group_id country"},
    {.words = "terminal receipt",
     .method = "multisafepay.v1.TerminalService.GetReceipt",
     .positionals = "order_id",
     .summary = "Read the receipt of an order that was paid at a terminal.",
     .example = "msp terminal receipt tulip-1"},
    {.words = "account get",
     .method = "multisafepay.v1.AccountService.GetAccount",
     .summary = "Read the ids that belong to the API key: a cheap test of the key.",
     .example = "msp account get"},
    {.words = "account balances",
     .method = "multisafepay.v1.AccountService.ListClosingBalances",
     .summary = "List the balances at the end of each day.",
     .example = "msp account balances --from 2030-04-01 --output table",
     .columns = "closing_date currency amount amount_uncleared payout_amount status"},
    {.words = "account categories",
     .method = "multisafepay.v1.AccountService.ListCategories",
     .summary = "List the business categories of shops.",
     .example = "msp account categories --output table",
     .columns = "code description"},
    {.words = "token list",
     .method = "multisafepay.v1.TokenService.ListTokens",
     .positionals = "reference",
     .summary = "List a customer's stored cards.",
     .example = "msp token list customer-8831 --output table",
     .columns = "token code display last4 expiry_date expired model"},
    {.words = "token get",
     .method = "multisafepay.v1.TokenService.GetToken",
     .positionals = "reference token",
     .summary = "Read a stored card. -f keeps the token out of the process list.",
     .example = "msp token get customer-8831 azcb2Ml0nYw"},
    {.words = "token update",
     .method = "multisafepay.v1.TokenService.UpdateToken",
     .positionals = "reference token",
     .summary = "Change the expiry date of a stored card; card data comes from -f only.",
     .example = "echo '{\"expiry_date\": \"3312\"}' | "
                "msp token update customer-8831 azcb2Ml0nYw -f -"},
    {.words = "token delete",
     .method = "multisafepay.v1.TokenService.DeleteToken",
     .positionals = "reference token",
     .summary = "Remove a stored card permanently.",
     .example = "msp token delete customer-8831 azcb2Ml0nYw"},
    {.words = "gateway list",
     .method = "multisafepay.v1.PaymentMethodService.ListGateways",
     .summary = "List the site's payment methods in the older form.",
     .example = "msp gateway list --country NL --output table",
     .columns = "id description type"},
    {.words = "gateway get",
     .method = "multisafepay.v1.PaymentMethodService.GetGateway",
     .positionals = "gateway_id",
     .summary = "Read one gateway.",
     .example = "msp gateway get VISA"},
    {.words = "gateway issuers",
     .method = "multisafepay.v1.PaymentMethodService.ListIssuers",
     .positionals = "gateway_id",
     .summary = "List the banks that a customer of this gateway chooses from.",
     .example = "msp gateway issuers ideal --output table",
     .columns = "code description"},
    {.words = "method list",
     .method = "multisafepay.v1.PaymentMethodService.ListPaymentMethods",
     .summary = "List the site's payment methods.",
     .example = "msp method list --currency EUR --amount 1000 --output table",
     .columns = "id name type allowed_amount.min allowed_amount.max"},
    {.words = "method get",
     .method = "multisafepay.v1.PaymentMethodService.GetPaymentMethod",
     .positionals = "payment_method_id",
     .summary = "Read one payment method.",
     .example = "msp method get VISA"},
    {.words = "transaction list",
     .method = "multisafepay.v1.TransactionService.ListTransactions",
     .summary = "List transactions, newest first.",
     .example = "msp transaction list --created-from 2030-04-01 --created-until 2030-05-01 "
                "--page-size 100 --output table",
     .columns = "transaction_id order_id type status amount net created payment_method"},
    {.words = "transaction get",
     .method = "multisafepay.v1.TransactionService.GetTransaction",
     .positionals = "transaction_id",
     .summary = "Read one transaction.",
     .example = "msp transaction get 4051823"},
    {.words = "health",
     .method = "grpc.health.v1.Health.Check",
     .summary = "Ask whether the service accepts calls; exit code 0 if it does.",
     .example = "msp health\nmsp health --service multisafepay.v1.OrderService"},
    {.words = "completion",
     .positionals = "shell",
     .summary = "Print the completion script for a shell, bash or zsh.",
     .example = "source <(msp completion bash)\n"
                "msp completion zsh > ~/.zfunc/_msp   # a folder in zsh's fpath",
     .kind = CommandKind::kCompletion},
};

}  // namespace

absl::Span<const Command> Commands() { return kCommands; }

const Command* FindCommand(std::string_view words) {
  for (const Command& command : kCommands) {
    if (command.words == words) return &command;
  }
  return nullptr;
}

bool IsGroup(std::string_view words) {
  if (words.empty()) return true;
  const std::string start = absl::StrCat(std::string(words), " ");
  for (const Command& command : kCommands) {
    if (command.words.starts_with(start)) return true;
  }
  return false;
}

const google::protobuf::MethodDescriptor* MethodOf(const Command& command) {
  // Referencing a message links its file in; the pool then has its methods.
  static const auto* const health = grpc::health::v1::HealthCheckRequest::descriptor()->file();
  static const auto files = v1::ServiceFiles();
  if (command.method.empty()) return nullptr;
  return health->pool()->FindMethodByName(std::string(command.method));
}

}  // namespace msp::cli
