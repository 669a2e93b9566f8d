// The plays: node plays.mjs PLAY URL [FOLDER FOR SCREENSHOTS]. Exit status 0 where it went as it should.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Stage } from "./stage.mjs";

const [, , name, url, folder = ""] = process.argv;

/** Look at what stands there at every width, dark and light. */
async function looksWell(visitor, scene) {
  const shoot = async (width, scheme) => {
    if (!folder) return;
    const path = join(folder, `${scene}-${width}-${scheme}.png`);
    await visitor.page.mouse.move(0, 0);
    await visitor.page.screenshot({ path, animations: "disabled", caret: "hide" });
  };
  assert.deepEqual(await visitor.faults(shoot), []);
}

// They come in any order, each once the runs of the one before have ended.
const PLAYS = {
  /** Somebody who has never seen it types what the page suggests, and gets a verdict in a thread. */
  async newcomer(stage) {
    const visitor = await stage.enter();
    await visitor.channel.getByText("Ask why DNS fails in a cluster").waitFor();
    await looksWell(visitor, "empty");
    await visitor.page.setViewportSize({ width: 1280, height: 800 });
    await visitor.box.click();
    await visitor.box.pressSequentially("/dns-ch");
    await visitor.page.getByRole("option", { name: /^\/dns-check/ }).waitFor();
    await visitor.page.keyboard.press("Tab");
    await visitor.box.pressSequentially("cluster-");
    await visitor.page.getByRole("option", { name: "/dns-check cluster-b" }).waitFor();
    await visitor.page.keyboard.press("Enter");
    assert.equal(await visitor.box.inputValue(), "/dns-check cluster-a");
    await visitor.begins("cluster-a", () => visitor.page.keyboard.press("Enter"));
    await visitor.answer.getByText("Queued").waitFor();
    assert.match(await visitor.verdict(), /Healthy/);
    await visitor.run.getByRole("button", { name: /repl/ }).click();
    await visitor.thread.getByText("The endpoints of kube-dns").first().waitFor();
    await looksWell(visitor, "healthy");
  },

  /** Somebody breaks a cluster on the panel; the verdict names what is wrong. */
  async broken(stage) {
    const visitor = await stage.enter("Alice");
    await visitor.heal();
    await visitor.breakCluster("cluster-b", "CoreDNS runs no replica");
    await visitor.check("cluster-b");
    const words = await visitor.verdict();
    assert.match(words, /Problem/);
    assert.match(words, /coredns-scaled-to-zero/);
    await visitor.openPanel();
    await visitor.panel.getByRole("combobox", { name: "What was asked of" }).selectOption({ label: "cluster-b" });
    await visitor.panel.getByText("DescribeCluster").first().waitFor();
    await visitor.closePanel();
    await looksWell(visitor, "broken");
    await visitor.openPanel();
    await looksWell(visitor, "panel");
    await visitor.page.setViewportSize({ width: 1280, height: 800 });
    await visitor.heal();
  },

  /** A guest is told no, and nobody else sees it. */
  async guest(stage) {
    const visitor = await stage.enter("Gus");
    await visitor.say("/dns-check cluster-a");
    await visitor.answer.getByText("You are a guest in this workspace").waitFor();
    assert.equal(await visitor.runs(), 0);
    await looksWell(visitor, "guest");
    const other = await stage.enter("Bob");
    await other.page.getByRole("link", { name: /vendors/ }).click();
    await other.page.getByRole("combobox", { name: /^Message #vendors/ }).waitFor();
    assert.equal(await other.page.getByText("You are a guest in this workspace").count(), 0);
  },

  /** Two people ask the same: there is one run, and the second joins it. */
  async joined(stage) {
    const [alice, bob] = [await stage.enter("Alice"), await stage.enter("Bob")];
    const before = await alice.runs();
    const question = "/dns-check cluster-c amazon.com";
    await bob.box.fill(question);
    await bob.begins("cluster-c", async () => {
      await alice.say(question);
      await bob.page.keyboard.press("Enter");
    });
    await bob.answer.getByText("you joined it").waitFor();
    await alice.until(async () => (await alice.runs()) > before);
    await bob.verdict();
    await looksWell(bob, "joined");
    assert.equal(await alice.runs(), before + 1);
  },

  /** A worker dies in the middle of a run: another takes over, and the run ends with its verdict. */
  async killed(stage) {
    const visitor = await stage.enter("Alice");
    await visitor.page.setViewportSize({ width: 1920, height: 1080 });
    await visitor.openPanel();
    await visitor.check("cluster-c");
    await visitor.panel.getByRole("button", { name: "Kill the worker" }).click();
    await visitor.panel.getByText(/started again/).waitFor();
    assert.match(await visitor.verdict(), /Healthy/);
    await looksWell(visitor, "killed");
  },

  /** Redis stops as a command is sent: nothing was started, and that is said. Once it is back, all is as before. */
  async redis(stage) {
    const visitor = await stage.enter("Alice");
    await visitor.openPanel();
    await visitor.panel.getByRole("checkbox", { name: /Stop Redis at the next press/ }).check();
    await visitor.panel.getByText("Stops at the next press or command.").waitFor();
    const before = await visitor.runs();
    await visitor.say("/dns-check cluster-a");
    await visitor.answer.getByText("Nothing was started").waitFor();
    await visitor.panel.getByRole("button", { name: "Start Redis" }).click();
    await visitor.panel.getByRole("button", { name: "Stop Redis" }).waitFor();
    assert.equal(await visitor.runs(), before);
    await visitor.begins("cluster-a", () =>
      visitor.until(async () => {
        await visitor.say("/dns-check cluster-a");
        return (await visitor.answer.innerText()).includes("cluster-a");
      }),
    );
    await visitor.verdict();
  },

  /** Answers of Slack get lost and some calls are refused: nothing is posted twice, and the verdict comes. */
  async lost(stage) {
    const visitor = await stage.enter("Alice");
    await visitor.page.setViewportSize({ width: 1920, height: 1080 });
    await visitor.openPanel();
    await visitor.panel.getByRole("checkbox", { name: /Answers get lost/ }).check();
    await visitor.panel.getByRole("checkbox", { name: /too many requests/ }).check();
    const before = await visitor.runs();
    await visitor.check("cluster-b");
    await visitor.verdict();
    assert.equal(await visitor.runs(), before + 1);
    await visitor.run.getByRole("button", { name: /repl/ }).click();
    const replies = await visitor.thread.getByRole("listitem").filter({ hasText: /1\/\d+ / }).allInnerTexts();
    assert.equal(replies.filter((each) => /(^|\n)\W*1\/\d+ /.test(each)).length, 1);
    await visitor.heal();
  },

  /** The form: opened by the bare command, corrected where it is wrong, and sent with the keyboard alone. */
  async form(stage) {
    const visitor = await stage.enter("Carol");
    const { page } = visitor;
    await visitor.say("/dns-check");
    const form = page.getByRole("dialog", { name: "Check DNS" });
    await form.waitFor();
    await page.keyboard.type("cluster-a");
    await form.getByRole("option", { name: "cluster-a" }).waitFor();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("not a name");
    await page.keyboard.press("Enter");
    await form.getByRole("alert").waitFor();
    assert.deepEqual(await visitor.seriousFaults(), []);
    await looksWell(visitor, "form");
    await form.getByRole("textbox", { name: /A name that fails/ }).fill("amazon.com");
    await visitor.begins("cluster-a", async () => {
      await page.keyboard.press("Enter");
      await form.getByText("Queued").waitFor();
      await page.keyboard.press("Escape");
      await form.waitFor({ state: "detached" });
    });
    await visitor.verdict();
  },

  /** The shortcut of a message: the form knows the name that the message speaks of, and the answer is in its thread. */
  async shortcut(stage) {
    const visitor = await stage.enter("Bob");
    const { channel, page } = visitor;
    await visitor.say("checkout says: lookup amazon.com on 172.20.0.10:53: no such host");
    const said = channel.getByRole("listitem").filter({ hasText: "checkout says" }).last();
    await said.hover();
    await said.getByRole("button", { name: "Reply, or use a shortcut" }).click();
    await page.getByRole("menuitem", { name: "Check DNS for this" }).click();
    const form = page.getByRole("dialog", { name: "Check DNS" });
    await form.waitFor();
    assert.equal(await form.getByRole("textbox", { name: /A name that fails/ }).inputValue(), "amazon.com");
    await page.keyboard.type("cluster-c");
    await form.getByRole("option", { name: "cluster-c" }).waitFor();
    await page.keyboard.press("Enter");
    await form.getByRole("button", { name: "Check" }).click();
    await form.getByText("Queued").waitFor();
    await page.keyboard.press("Escape");
    await said.getByRole("button", { name: /repl/ }).click();
    await visitor.until(async () => /amazon\.com included/.test(await visitor.thread.innerText()));
    assert.deepEqual(await visitor.seriousFaults(), []);
  },

  /** Stop asks first; a re-run goes on under the same message; the evidence of a run can be downloaded, and is what `dnsmedic replay` reads. */
  async buttons(stage) {
    const visitor = await stage.enter("Alice");
    await visitor.check("cluster-a");
    await visitor.run.getByRole("button", { name: "Stop" }).click();
    await visitor.page.getByRole("dialog", { name: "Stop this check?" }).getByRole("button", { name: "Stop it" }).click();
    await visitor.until(async () => /stopped by/i.test(await visitor.run.innerText()));
    await visitor.run.getByRole("button", { name: /repl/ }).click();
    const well = visitor.page.getByRole("listitem").filter({ hasText: "asked by" }).filter({ hasText: "Healthy" });
    const [before, messages] = [await well.count(), await visitor.runs()];
    await visitor.run.getByRole("button", { name: "Re-run" }).click();
    await visitor.until(async () => (await well.count()) > before);
    assert.equal(await visitor.runs(), messages);
    await well.last().getByText(/run 2/).waitFor();
    await well.last().getByRole("button", { name: "Download evidence" }).click();
    const replies = well.last().getByRole("button", { name: /repl/ });
    if (await replies.count()) await replies.click();
    const [download] = await Promise.all([
      visitor.page.waitForEvent("download"),
      visitor.thread.getByRole("link", { name: /\.json/ }).first().click(),
    ]);
    assert.ok(JSON.parse(await readFile(await download.path(), "utf8")));
  },

  /** Every kind of block and element: drawn, and each press and choice reaches the app. Against a page without the product. */
  async gallery(stage) {
    const visitor = await stage.enter("Alice");
    const { channel, page } = visitor;
    const pick = async (role, label, value) => channel.getByRole(role, { name: label }).last().selectOption({ label: value });
    for (const words of ["at 07:11:02 from 10.0.0.2:53", "not::an emoji", "A heading", "3 of 3 steps", "Steps are fine", "quoted", "@bob", "#dns-health", "a diagram (a picture from elsewhere)"]) {
      await channel.getByText(words).first().waitFor();
    }
    assert.equal(await channel.getByText(/:white_check_mark:|&#58;/).count(), 0);
    await channel.getByRole("img", { name: "white check mark" }).waitFor();
    await channel.getByText("a:b:c").waitFor();
    await channel.getByText("hidden <b>inside</b>").waitFor({ state: "hidden" });
    await channel.getByText("Per pod").click();
    await channel.getByText("hidden <b>inside</b>").waitFor();
    assert.ok(await channel.getByRole("img", { name: "a dot" }).evaluate((picture) => picture.naturalWidth === 1));
    await channel.getByRole("button", { name: "Inside a container" }).click();
    await channel.getByRole("button", { name: "Sure?" }).click();
    await page.getByRole("dialog", { name: "Really?" }).getByRole("button", { name: "Do it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await channel.getByRole("button", { name: "More actions" }).press("Enter");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await pick("combobox", "Pick one", "Second");
    await pick("combobox", "Pick a person", "Carol");
    await pick("combobox", "Pick a channel", "#approvals");
    await channel.getByRole("checkbox", { name: "Box two" }).check();
    await channel.getByRole("radio", { name: "Way two" }).check();
    await channel.getByLabel("Pick a day").fill("2026-11-23");
    assert.equal(await channel.getByRole("button", { name: "Only for Bob" }).count(), 0);
    await page.getByRole("button", { name: "Close this message" }).click();
    await looksWell(visitor, "gallery");
  },

  /** The schedules' time is moved on: the daily report says how each cluster is, worst first, and can be acted upon. */
  async report(stage) {
    const visitor = await stage.enter("Alice");
    const { page, channel } = visitor;
    await visitor.heal();
    await visitor.breakCluster("cluster-c", "CoreDNS runs no replica");
    await page.getByRole("link", { name: /dns-health/ }).click();
    await page.getByRole("combobox", { name: /^Message #dns-health/ }).waitFor();
    const reports = channel.getByRole("listitem").filter({ hasText: "DNS health ·" });
    const before = await reports.count();
    await visitor.openPanel();
    await visitor.panel.getByRole("button", { name: "Move on to the next daily report" }).click();
    await visitor.panel.getByText(/The schedules' time is \d+ (h|days) ahead/).waitFor();
    await visitor.closePanel();
    await visitor.until(async () => (await reports.count()) > before);
    const report = reports.last();
    const rows = await report.getByRole("row").allInnerTexts();
    assert.match(rows[1], /cluster-c[^]*1 problem/);
    assert.match(rows[2] + rows[3], /cluster-a[^]*healthy[^]*cluster-b[^]*healthy/);
    await looksWell(visitor, "report");
    await page.setViewportSize({ width: 1280, height: 800 });
    await report.getByRole("button", { name: /repl/ }).click();
    await visitor.thread.getByText("coredns-scaled-to-zero").first().waitFor();
    await report.getByRole("button", { name: "Mute cluster-c 24 h" }).click();
    await visitor.answer.getByText("only name").waitFor();
    await visitor.answer.getByRole("button", { name: "Take it back" }).click();
    await visitor.answer.getByText("tell of").waitFor();
    await visitor.heal();
  },

  /** The home of the app shows the last verdict on each cluster, one's own checks and the reports; a guest sees none. */
  async home(stage) {
    const visitor = await stage.enter("Carol");
    await visitor.heal();
    await visitor.check("cluster-b");
    await visitor.verdict();
    const { page } = visitor;
    const home = page.getByRole("region", { name: "Home of dnsmedic" });
    await page.getByRole("link", { name: "dnsmedic home" }).click();
    await visitor.until(async () => /Clusters[^]*Healthy · cluster-b[^]*Your checks[^]*cluster-b/.test(await home.innerText()));
    await home.getByText(/every day at 09:00/).waitFor();
    await looksWell(visitor, "home");
    const guest = await stage.enter("Gus");
    await guest.page.getByRole("link", { name: "dnsmedic home" }).click();
    await guest.page.getByText("You are a guest in this workspace").waitFor();
    assert.equal(await guest.page.getByText("Your checks").count(), 0);
  },

  /** With the keyboard alone, by name: the channels, the home of the app, the colours. */
  async around(stage) {
    const visitor = await stage.enter("Alice", { width: 390, scheme: "dark" });
    const { page } = visitor;
    await page.getByRole("button", { name: "Channels" }).press("Enter");
    await page.getByRole("link", { name: "approvals" }).press("Enter");
    await page.getByRole("combobox", { name: /^Message #approvals/ }).waitFor();
    await page.getByRole("button", { name: "Channels" }).press("Enter");
    await page.getByRole("link", { name: "dnsmedic home" }).press("Enter");
    await page.getByRole("region", { name: "Home of dnsmedic" }).waitFor();
    await page.getByRole("button", { name: "Light colours" }).press("Enter");
    await page.getByRole("button", { name: "Dark colours" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Dark colours" }).waitFor();
    assert.deepEqual(await visitor.seriousFaults(), []);
    await page.goBack();
    await page.getByRole("combobox", { name: /^Message #approvals/ }).waitFor();
  },
};

if (name === "--list") {
  console.log(Object.keys(PLAYS).join("\n"));
} else {
  const stage = await Stage.open(url);
  try {
    await PLAYS[name](stage);
  } finally {
    await stage.close();
  }
}
