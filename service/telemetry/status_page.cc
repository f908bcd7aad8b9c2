// SPDX-License-Identifier: Apache-2.0

#include "service/telemetry/status_page.h"

#include "service/base/html.h"
#include "service/telemetry/line.h"

namespace msp::telemetry {
namespace {

constexpr std::string_view kHead =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>msp-server</title>\n"
    "<style>body{font-family:sans-serif}td,th{text-align:left;padding:0 1em 0 0;"
    "vertical-align:top}</style>\n</head><body>\n<h1>msp-server</h1>\n";

void AppendTable(std::string_view title, const StatusFacts::Table& table, std::string& out) {
  out.append("<h2>").append(title).append("</h2>\n<table>\n");
  for (const auto& [name, value] : table) {
    out.append("<tr><th>").append(HtmlEscaped(name)).append("</th><td>");
    out.append(HtmlEscaped(value)).append("</td></tr>\n");
  }
  out.append("</table>\n");
}

void AppendErrors(const std::vector<ErrorRecord>& errors, std::string& out) {
  out.append("<h2>Last errors</h2>\n");
  if (errors.empty()) {
    out.append("<p>None since the start.</p>\n");
    return;
  }
  out.append(
      "<table>\n<tr><th>time</th><th>method</th><th>code</th><th>reason</th>"
      "<th>HTTP</th><th>detail</th><th>trace id</th></tr>\n");
  for (const ErrorRecord& error : errors) {
    std::string time;
    AppendTime(error.unix_ms, time);
    const std::string status =
        error.http_status == 0 ? std::string() : std::to_string(error.http_status);
    out.append("<tr>");
    for (const std::string_view cell :
         {std::string_view(time), error.method, error.code, std::string_view(error.reason),
          std::string_view(status), std::string_view(error.detail),
          std::string_view(error.trace_id)})
      out.append("<td>").append(HtmlEscaped(cell)).append("</td>");
    out.append("</tr>\n");
  }
  out.append("</table>\n");
}

}  // namespace

std::string StatusPage(const StatusFacts& facts) {
  std::string out(kHead);
  AppendTable("Server", facts.server, out);
  AppendTable("MultiSafepay", facts.upstream, out);
  AppendErrors(facts.errors, out);
  AppendTable("Settings", facts.settings, out);
  return out.append("</body></html>\n");
}

}  // namespace msp::telemetry
