# SPDX-License-Identifier: Apache-2.0

# A first payment by generated stubs alone: create an order, watch it until it is paid, refund a part.
#
# usage: ruby pay.rb [ORDER_ID]      MSP_SERVER is the service, 127.0.0.1:50051 when absent
$LOAD_PATH.unshift(File.join(__dir__, "gen"))
require "google/rpc/error_details_pb"
require "grpc"
require "multisafepay/v1/order_service_services_pb"

V1 = Multisafepay::V1
ORDER_ID = ARGV[0] || "first-#{Process.clock_gettime(Process::CLOCK_REALTIME, :nanosecond)}"
SERVER = ENV.fetch("MSP_SERVER", "127.0.0.1:50051")
CONNECT_MAX_S = 5
WRITE_S = 35 # The service answers within 33 s.
OPTIONS = {
  "grpc.enable_http_proxy" => 0, # A proxy of the environment would see the card.
  "grpc.enable_retries" => 0, # Nothing that moves money is sent again by itself.
  "grpc.max_receive_message_length" => 32 << 20,
}.freeze
OURS = ["multisafepay.com", "multisafepay-grpc"].freeze

# Before the call, a missing connection proves that nothing was sent; during the call it does not.
def connect(channel)
  ready = GRPC::Core::ConnectivityStates::READY
  until_s = Time.now + CONNECT_MAX_S
  while (state = channel.connectivity_state(true)) != ready
    abort("NOT_SENT: no connection to #{SERVER}") unless channel.watch_connectivity_state(state, until_s)
  end
end

# The outcome after an error: the one that the service reports, or UNKNOWN.
def outcome_of(error)
  details = error.to_rpc_status&.details || []
  infos = details.select { |one| one.is(Google::Rpc::ErrorInfo) }.map { |one| one.unpack(Google::Rpc::ErrorInfo) }
  info = infos.find { |one| OURS.include?(one.domain) }
  (info && info.metadata["outcome"]) || "UNKNOWN"
end

# Returns a reply whose outcome is CONFIRMED, else exits with the outcome; docs/other-languages.md has the action for each.
def confirmed
  reply = yield
  abort("UNKNOWN: the reply does not state the outcome") unless reply.result&.outcome == :OUTCOME_CONFIRMED
  reply
rescue GRPC::BadStatus => error
  abort("#{outcome_of(error)}: #{error.details}")
end

channel = GRPC::Core::Channel.new(SERVER, OPTIONS, :this_channel_is_insecure)
orders = V1::OrderService::Stub.new(SERVER, :this_channel_is_insecure, channel_override: channel)

connect(channel)
card = V1::GatewayInfo.new(card_number: "4111111111111111", card_expiry_date: "3012", card_cvc: "123")
request = V1::CreateOrderRequest.new(type: "direct", order_id: ORDER_ID, currency: "EUR", amount: 4995, gateway: "CREDITCARD",
                                     description: "Forty red tulips", gateway_info: card)
created = confirmed { orders.create_order(request, deadline: Time.now + WRITE_S) }
puts "created #{ORDER_ID}: transaction #{created.order.transaction_id}"

orders.watch_order(V1::WatchOrderRequest.new(order_id: ORDER_ID), deadline: Time.now + 600).each do |change|
  puts "watched #{ORDER_ID}: #{change.order.payment_state}"
end

refund = V1::RefundOrderRequest.new(order_id: ORDER_ID, amount: 1500, currency: "EUR", refund_order_id: "#{ORDER_ID}-r1")
refunded = confirmed { orders.refund_order(refund, deadline: Time.now + WRITE_S) }.refund
puts "refunded #{refunded.amount} of #{ORDER_ID}: #{refunded.psp_refund_id}"
