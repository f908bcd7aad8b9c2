// SPDX-License-Identifier: Apache-2.0

//! A first payment by generated stubs alone: create an order, watch it until it is paid, refund a part.
//!
//! usage: cargo run [ORDER_ID]      MSP_SERVER is the service, 127.0.0.1:50051 when absent

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tonic::{transport::Endpoint, Request, Response, Status};
use tonic_types::StatusExt;

#[allow(clippy::all)]
mod v1 {
    tonic::include_proto!("multisafepay.v1");
}
use v1::order_service_client::OrderServiceClient;

const CONNECT_MAX: Duration = Duration::from_secs(5);
const WRITE: Duration = Duration::from_secs(35); // The service answers within 33 s.
const WATCH: Duration = Duration::from_secs(600);
const RECEIVE_MAX_BYTES: usize = 32 << 20;
const OURS: [&str; 2] = ["multisafepay.com", "multisafepay-grpc"];

fn request<T>(message: T, timeout: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

/// The outcome after an error: the one that the service reports, or UNKNOWN.
fn outcome_of(error: &Status) -> String {
    let info = error.get_details_error_info();
    let info = info.filter(|info| OURS.contains(&info.domain.as_str()));
    info.and_then(|info| info.metadata.get("outcome").cloned()).unwrap_or("UNKNOWN".into())
}

/// The reply if its outcome is CONFIRMED, else the outcome; docs/other-languages.md has the action for each.
fn confirmed<T>(answer: Result<Response<T>, Status>, result: fn(&T) -> Option<&v1::CallResult>) -> Result<T, String> {
    let reply = answer.map_err(|error| format!("{}: {}", outcome_of(&error), error.message()))?.into_inner();
    match result(&reply).map(|result| result.outcome()) {
        Some(v1::Outcome::Confirmed) => Ok(reply),
        _ => Err("UNKNOWN: the reply does not state the outcome".into()),
    }
}

async fn pay(server: &str, order_id: &str) -> Result<(), String> {
    // tonic uses no proxy and never retries. A connection that cannot be made here proves that nothing was sent.
    let endpoint = Endpoint::from_shared(format!("http://{server}")).map_err(|error| error.to_string())?;
    let channel = endpoint.connect_timeout(CONNECT_MAX).connect().await;
    let channel = channel.map_err(|error| format!("NOT_SENT: no connection to {server}: {error}"))?;
    let mut orders = OrderServiceClient::new(channel).max_decoding_message_size(RECEIVE_MAX_BYTES);

    let create = v1::CreateOrderRequest {
        r#type: Some("direct".into()),
        order_id: Some(order_id.into()),
        currency: Some("EUR".into()),
        amount: Some(4995),
        gateway: Some("CREDITCARD".into()),
        description: Some("Forty red tulips".into()),
        gateway_info: Some(v1::GatewayInfo {
            card_number: Some("4111111111111111".into()),
            card_expiry_date: Some("3012".into()),
            card_cvc: Some("123".into()),
            ..Default::default()
        }),
        ..Default::default()
    };
    let created = confirmed(orders.create_order(request(create, WRITE)).await, |reply| reply.result.as_ref())?;
    println!("created {order_id}: transaction {}", created.order.unwrap_or_default().transaction_id());

    let watch = v1::WatchOrderRequest { order_id: Some(order_id.into()), ..Default::default() };
    let stream = orders.watch_order(request(watch, WATCH)).await.map_err(|error| error.to_string())?;
    let mut changes = stream.into_inner();
    while let Some(change) = changes.message().await.map_err(|error| error.to_string())? {
        println!("watched {order_id}: {}", change.order.unwrap_or_default().payment_state().as_str_name());
    }

    let refund = v1::RefundOrderRequest {
        order_id: Some(order_id.into()),
        refund: Some(v1::refund_order_request::Refund::Amount(1500)),
        currency: Some("EUR".into()),
        refund_order_id: Some(format!("{order_id}-r1")),
        ..Default::default()
    };
    let refunded = confirmed(orders.refund_order(request(refund, WRITE)).await, |reply| reply.result.as_ref())?;
    let refund = refunded.refund.unwrap_or_default();
    println!("refunded {} of {order_id}: {}", refund.amount, refund.psp_refund_id);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let order_id = std::env::args().nth(1).unwrap_or(format!("first-{now}"));
    let server = std::env::var("MSP_SERVER").unwrap_or("127.0.0.1:50051".into());
    if let Err(problem) = pay(&server, &order_id).await {
        eprintln!("{problem}");
        std::process::exit(1);
    }
}
