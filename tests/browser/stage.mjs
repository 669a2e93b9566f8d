// What every play stands on: a browser that reaches this machine alone, and eyes for what nobody would report.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(fileURLToPath(new URL("../../sandbox/page/package.json", import.meta.url)));
const { chromium } = require("playwright-core");
const AXE = require.resolve("axe-core/axe.min.js");

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
export const WIDTHS = [390, 1280, 1920];
export const SCHEMES = ["light", "dark"];
const HEIGHTS = { 390: 844, 1280: 800, 1920: 1080 };
const PATIENCE = 90_000;

/** A browser with nobody in front of it yet. */
export class Stage {
  constructor(url, browser) {
    this.url = url;
    this.browser = browser;
    this.troubles = [];
  }

  static async open(url) {
    return new Stage(url, await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS }));
  }

  /** Somebody who opens the page: a name of a person of the demo, "" for whoever the page takes one for. */
  async enter(name = "", { width = 1280, scheme = "light" } = {}) {
    const context = await this.browser.newContext({
      viewport: { width, height: HEIGHTS[width] },
      colorScheme: scheme,
      reducedMotion: "reduce",
      acceptDownloads: true,
      timezoneId: "UTC",
      locale: "en-GB",
    });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.troubles.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.troubles.push(`error: ${error.message}`));
    page.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith(this.url) && !address.startsWith("data:")) this.troubles.push(`left the machine: ${address}`);
    });
    await page.goto(this.url);
    const visitor = new Visitor(page);
    await visitor.box.waitFor();
    if (name) await visitor.become(name);
    return visitor;
  }

  async close() {
    await this.browser.close();
    assert.deepEqual(this.troubles, []);
  }
}

/** Somebody in front of the page. */
export class Visitor {
  constructor(page) {
    this.page = page;
    /** The stamp of the message of the run that this visitor began, "" before. */
    this.mine = "";
  }

  get box() {
    return this.page.getByRole("combobox", { name: /^Message / });
  }

  get channel() {
    return this.page.getByRole("region", { name: /^Messages in (#|dnsmedic)/ });
  }

  get thread() {
    return this.page.getByRole("complementary", { name: "Thread" });
  }

  get panel() {
    return this.page.getByRole("complementary", { name: "Break things" });
  }

  /** The message of the run that this visitor began. */
  get run() {
    return this.channel.locator(`li[data-ts="${this.mine}"]`);
  }

  get answer() {
    return this.channel.getByRole("listitem").filter({ hasText: "Only visible to you" }).last();
  }

  async become(name) {
    const people = this.page.getByRole("combobox", { name: "You speak as" });
    const option = people.getByRole("option", { name });
    await people.selectOption(await option.getAttribute("value"));
    await this.box.waitFor();
  }

  /** Type as on a keyboard, and send. */
  async say(text) {
    await this.box.click();
    await this.box.pressSequentially(text);
    await this.page.keyboard.press("Escape");
    await this.page.keyboard.press("Enter");
    await this.page.waitForFunction((box) => box.value === "", await this.box.elementHandle());
  }

  /** Say a check of this cluster, and wait until its own message shows up. */
  check(cluster) {
    return this.begins(cluster, () => this.say(`/dns-check ${cluster}`));
  }

  /** Do what begins a run of this cluster, and wait until its own message shows up. */
  async begins(cluster, ask) {
    const before = await this.stamps(cluster);
    await ask();
    await this.until(async () => {
      this.mine = (await this.stamps(cluster)).find((each) => !before.includes(each)) ?? "";
      return this.mine !== "";
    });
  }

  /** The stamps of the messages of this cluster's runs, oldest first. */
  stamps(cluster) {
    return this.runsShown().filter({ hasText: cluster }).evaluateAll((each) => each.map((one) => one.dataset.ts));
  }

  runsShown() {
    return this.channel.getByRole("listitem").filter({ hasText: "asked by" });
  }

  runs() {
    return this.runsShown().count();
  }

  /** Wait for the verdict of the run that this visitor began; its words. */
  async verdict() {
    await this.until(async () => /(^|\s)(Healthy|Problem|At risk|Cannot see)\s/.test(await this.run.innerText()));
    return this.run.innerText();
  }

  async openPanel() {
    if (!(await this.panel.isVisible())) await this.page.getByRole("button", { name: /^Break things/ }).click();
    await this.panel.waitFor();
  }

  async closePanel() {
    if (await this.panel.isVisible()) await this.panel.getByRole("button", { name: "Close this panel" }).click();
  }

  async heal() {
    await this.openPanel();
    const button = this.panel.getByRole("button", { name: "Heal everything" });
    if (await button.isVisible()) await button.click();
    await this.panel.getByRole("button", { name: "Nothing is broken" }).waitFor();
    await this.closePanel();
  }

  /** Put a cluster into the world with this title. */
  async breakCluster(cluster, title) {
    await this.openPanel();
    await this.panel.getByRole("combobox", { name: new RegExp(`^${cluster}`) }).selectOption({ label: title });
    await this.panel.getByText("broken", { exact: true }).first().waitFor();
    await this.closePanel();
  }

  async until(look) {
    const end = Date.now() + PATIENCE;
    while (!(await look())) {
      assert.ok(Date.now() < end, `it never came true; the page says: ${await this.page.locator("body").innerText()}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** At each width, dark and light: nothing is wider than the page, and axe finds nothing serious. Returns what is wrong. */
  async faults(shoot = async () => undefined) {
    const found = [];
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        await this.page.setViewportSize({ width, height: HEIGHTS[width] });
        await this.inColours(scheme);
        const wide = await this.page.evaluate(tooWide);
        found.push(...wide.map((each) => `${width} ${scheme}: ${each} is cut off`));
        await shoot(width, scheme);
      }
      found.push(...(await this.seriousFaults()).map((each) => `${scheme}: ${each}`));
    }
    await this.page.emulateMedia({ colorScheme: "light" });
    return found;
  }

  /** Dark or light, once the page shows it. */
  async inColours(scheme) {
    await this.page.emulateMedia({ colorScheme: scheme });
    let looks = 0;
    await this.until(async () => {
      if ((await this.page.evaluate(() => document.documentElement.dataset.colours)) === scheme) return true;
      looks += 1;
      // A browser that draws nothing for a while may not tell the page: change it again.
      if (looks % 40 === 0) {
        await this.page.emulateMedia({ colorScheme: scheme === "dark" ? "light" : "dark" });
        await this.page.emulateMedia({ colorScheme: scheme });
      }
      return false;
    });
  }

  async seriousFaults() {
    if (!(await this.page.evaluate(() => "axe" in globalThis))) await this.page.evaluate(await axe());
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    const serious = violations.filter((each) => ["serious", "critical"].includes(each.impact));
    return serious.map((each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  }
}

let source;
async function axe() {
  source ??= await (await import("node:fs/promises")).readFile(AXE, "utf8");
  return source;
}

/** In the page: what sticks out of the window, or out of a box that cannot be scrolled. */
function tooWide() {
  const page = document.documentElement;
  const found = page.scrollWidth > innerWidth ? [`the page (${page.scrollWidth} of ${innerWidth})`] : [];
  for (const each of document.querySelectorAll("main *, aside *, header *, nav *")) {
    const box = each.getBoundingClientRect();
    if (!each.checkVisibility({ visibilityProperty: true }) || box.width === 0 || each.closest(".unseen, [class*=table], select, svg")) continue;
    if (getComputedStyle(each).clipPath !== "none") continue;
    if (box.right > innerWidth + 1 || box.left < -1) found.push(`${each.tagName.toLowerCase()}.${each.className}`);
  }
  return found.slice(0, 5);
}
