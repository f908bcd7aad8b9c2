// SPDX-License-Identifier: Apache-2.0

// Opens the shop's page in headless Chromium and pays: node shop.mjs URL PROFILE_DIR. Prints what the page says as JSON.
import {chromium} from "playwright-core";

const [url, profile] = process.argv.slice(2);
const context = await chromium.launchPersistentContext(profile, {
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await context.newPage();
  await page.goto(url);
  await page.click("#pay");
  await page.waitForSelector("body[data-done]", {timeout: 30000});
  const says = async (id) => page.textContent(id);
  console.log(JSON.stringify({link: await says("#link"), read: await says("#read"), error: await says("#error")}));
} finally {
  await context.close();
}
