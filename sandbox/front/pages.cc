// The customer's way through the pages: payment page, 3-D Secure simulator, back to the shop. The
// markup is in html.h.
#include "sandbox/core/cards.h"
#include "sandbox/core/read.h"
#include "sandbox/front/front.h"
#include "sandbox/front/html.h"
#include "service/base/text.h"

namespace msp::sandbox {
namespace {

HttpAnswer SeeOther(const std::string& url) {
  HttpAnswer answer;
  answer.status = 303;
  answer.content_type = "";
  // A header value: nothing of it may end the line.
  std::string safe;
  for (const char c : url) {
    if (static_cast<unsigned char>(c) > ' ' && c != 0x7f) safe += c;
  }
  answer.headers = {
      {"Location", safe}, {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}};
  return answer;
}

// MM/YY, MM/YYYY or four digits, as YYMM; empty when it is no month of a year. Four digits are
// taken for MMYY, as on the card, unless only YYMM, the API's own form, makes a month of them.
std::string ExpiryOf(std::string_view typed) {
  std::string digits;
  for (const char c : typed) {
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (c != '/' && c != ' ' && c != '-') {
      return {};
    }
  }
  const auto is_month = [](std::string_view two) { return two >= "01" && two <= "12"; };
  if (digits.size() == 3) digits.insert(0, 1, '0');  // 9/30
  if (digits.size() == 6) digits.erase(2, 2);        // 09/2030
  if (digits.size() != 4) return {};
  const std::string first = digits.substr(0, 2), second = digits.substr(2);
  if (is_month(first)) return second + first;
  return is_month(second) ? digits : std::string();
}

// The card form: its members as gateway_info has them, and what is wrong with them.
struct CardForm {
  Json data = Json::object();
  TypedCard typed;
  std::vector<FormProblem> problems;
};

CardForm ReadCardForm(const HttpRequest& form) {
  CardForm read;
  const auto value_of = [&](const char* name) {
    std::string value;
    form.QueryValue(name, &value);
    std::string trimmed(Trimmed(value));
    ZeroizeString(value);
    return trimmed;
  };
  std::string number = value_of("card_number");
  std::erase_if(number, [](char c) { return c == ' ' || c == '-'; });
  const bool digits = number.find_first_not_of("0123456789") == std::string::npos;
  if (number.empty()) {
    read.problems.push_back({"card_number", "Enter the card number"});
  } else if (!digits || !PassesLuhn(number)) {
    read.problems.push_back({"card_number", "Check the card number: it has a mistake in it"});
  }
  read.data["card_number"] = number;
  ZeroizeString(number);
  read.typed.holder = value_of("card_holder_name");
  if (read.typed.holder.empty())
    read.problems.push_back({"card_holder_name", "Enter the name on the card"});
  read.data["card_holder_name"] = read.typed.holder;
  read.typed.expiry = value_of("card_expiry_date");
  const std::string expiry = ExpiryOf(read.typed.expiry);
  if (expiry.empty()) {
    read.problems.push_back(
        {"card_expiry_date", "Enter the expiry date as month and year, such as 09/30"});
  }
  read.data["card_expiry_date"] = expiry;
  if (std::string cvc = value_of("card_cvc"); !cvc.empty()) {
    if (cvc.size() < 3 || cvc.size() > 4 ||
        cvc.find_first_not_of("0123456789") != std::string::npos)
      read.problems.push_back({"card_cvc", "Enter the security code: 3 or 4 digits"});
    read.data["card_cvc"] = cvc;
    ZeroizeString(cvc);
  }
  return read;
}

void Zeroize(Json& card_data) {
  for (auto& [name, value] : card_data.items()) ZeroizeString(value.get_ref<std::string&>());
}

}  // namespace

HttpAnswer Front::Leave(const Order& order) {
  if (const std::string url = platform_.ReturnUrl(order); !url.empty()) return SeeOther(url);
  return HtmlPage(200, "Payment " + order.status,
                  OrderFacts(order) + "<p>You can close this page.</p>", &order);
}

HttpAnswer Front::ConnectPage(const HttpRequest& request, const std::vector<std::string>& segments,
                              Order& order) {
  const std::string action = segments.size() > 2 ? segments[2] : "";
  if (order.authentication.awaiting_challenge)
    return SeeOther("/simulator/3ds/" + order.session.id);
  if (!platform_.IsOpenForPayment(order)) return Leave(order);
  HttpRequest form;
  form.query = request.body;
  std::vector<FormProblem> problems;
  TypedCard typed;
  if (request.method == "POST" && action == "cancel") {
    if (std::string wrong = platform_.PayScenario(order, "cancelled"); !wrong.empty())
      problems.push_back({"", std::move(wrong)});
  } else if (request.method == "POST" && action == "scenario") {
    std::string scenario;
    form.QueryValue("scenario", &scenario);
    if (std::string wrong = platform_.PayScenario(order, scenario); !wrong.empty())
      problems.push_back({"", std::move(wrong)});
  } else if (request.method == "POST" && action == "pay") {
    CardForm card = ReadCardForm(form);
    problems = std::move(card.problems);
    typed = std::move(card.typed);
    if (problems.empty()) {
      std::string field;
      std::string wrong = platform_.PayWithCard(order, card.data, &field);
      if (!wrong.empty()) problems.push_back({std::move(field), std::move(wrong)});
    }
    Zeroize(card.data);
  } else if (!platform_.OpenSession(order)) {
    return HtmlPage(410, "This link is no longer valid", "<p>Ask the shop for a new one.</p>",
                    &order);
  }
  ZeroizeString(form.query);
  if (order.authentication.awaiting_challenge)
    return SeeOther("/simulator/3ds/" + order.session.id);
  if (!platform_.IsOpenForPayment(order)) return Leave(order);
  if (order.card) {
    return HtmlPage(200, "The bank has not answered yet",
                    OrderFacts(order) + "<p>Reload this page later.</p>", &order);
  }
  return HtmlPage(problems.empty() ? 200 : 422, "Pay your order",
                  PaymentContent(order, problems, typed), &order);
}

HttpAnswer Front::SimulatorPage(const HttpRequest& request, Order& order) {
  if (!order.authentication.awaiting_challenge) return Leave(order);
  HttpRequest form;
  form.query = request.body;
  std::string result;
  const bool decided = request.method == "POST" && form.QueryValue("result", &result);
  if (decided && platform_.Decide3ds(order, result)) return Leave(order);
  std::vector<FormProblem> problems;
  if (decided) problems.push_back({"result", "Choose one of the answers"});
  return HtmlPage(decided ? 422 : 200, "3-D Secure simulator", ChallengeContent(order, problems),
                  &order);
}

HttpAnswer Front::Page(const HttpRequest& request, std::string* order_id) {
  const auto segments = PathSegments(request.path);
  const bool simulator = segments[0] == "simulator" && segments.size() == 3 && segments[1] == "3ds";
  const bool connect = segments[0] == "connect" && (segments.size() == 2 || segments.size() == 3);
  if (request.method != "GET" && request.method != "POST")
    return TextAnswer(405, "method not allowed\n");
  MutexLock lock(mutex_);
  ++counts_["pages"];
  Tick();
  Order* order =
      simulator || connect ? platform_.FindSession(segments[simulator ? 2 : 1]) : nullptr;
  if (order == nullptr)
    return HtmlPage(404, "Unknown payment", "<p>There is no payment under this address.</p>",
                    nullptr);
  *order_id = order->order_id;
  HttpAnswer answer =
      simulator ? SimulatorPage(request, *order) : ConnectPage(request, segments, *order);
  SendNotices();
  return answer;
}

}  // namespace msp::sandbox
