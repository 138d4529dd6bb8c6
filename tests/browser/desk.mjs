// Drives Debian's Chromium over the bridge's pages for staff, on a wide window, on a phone and without script, and looks at each:
// axe finds nothing, it weighs less than 50 KB, it fits the window, it runs no script and logs no error.
// Usage: node desk.mjs <folder that holds node_modules>
// Reads one line of JSON: {"base": <address>, "envelopes": [ids], "pictures": <folder, or empty>}. Exit code 0 when all is well.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const modules = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { chromium } = modules('playwright-core');
const axe = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const given = JSON.parse((await lines.next()).value);
let looked = 0;

const must = (holds, why) => {
  if (!holds) throw new Error(why);
};
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});

async function look(page, wrong, prefix, name, script) {
  const where = `${prefix}-${name} (${page.url()})`;
  looked += 1;
  must(wrong.length === 0, `${where}: ${wrong.join('; ')}`);
  if (script) {
    const seen = await page.evaluate(() => {
      const parts = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const root = document.documentElement;
      return {
        bytes: parts.reduce((sum, part) => sum + part.encodedBodySize + 300, 0),
        over: root.scrollWidth - root.clientWidth,
        headings: document.querySelectorAll('h1').length,
      };
    });
    must(seen.bytes > 1_000 && seen.bytes < 50_000, `${where}: ${seen.bytes} bytes`);
    must(seen.over <= 0, `${where}: ${seen.over} pixels wider than the window`);
    must(seen.headings === 1, `${where}: ${seen.headings} main headings`);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document));
    const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
    must(told.length === 0, `${where}: axe: ${told.join('\n')}`);
  }
  // Without script the pages look the same.
  if (given.pictures && script) await page.screenshot({ path: `${given.pictures}/${prefix}-${name}.png`, fullPage: true });
}

async function visit(prefix, viewport, script) {
  const context = await browser.newContext({ viewport, javaScriptEnabled: script, locale: 'en', baseURL: given.base });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(`script error: ${error}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) wrong.push(message.text());
  });
  await page.goto('/desk');
  await look(page, wrong, prefix, 'sign-in', script);
  await page.locator('a.main').first().click();
  await page.waitForURL('**/desk/envelopes');
  await look(page, wrong, prefix, 'list', script);
  const names = ['eventful', 'without-money', 'waiting'];
  for (const [at, id] of given.envelopes.entries()) {
    await page.goto(`/desk/envelopes/${id}`);
    await look(page, wrong, prefix, names[at], script);
  }
  // With the keyboard alone: the filters are reached and sent.
  await page.goto('/desk/envelopes');
  await page.locator('#show').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL('**show=problem**');
  await look(page, wrong, prefix, 'problems', script);
  await page.goto('/desk/envelopes/nowhere');
  await look(page, wrong, prefix, 'not-found', script);
  await context.close();
}

try {
  if (given.pictures) mkdirSync(given.pictures, { recursive: true });
  await visit('desk', { width: 1100, height: 800 }, true);
  await visit('desk-phone', { width: 360, height: 740 }, true);
  await visit('desk-plain', { width: 1100, height: 800 }, false);
  console.log(`${looked} pages`);
} finally {
  await browser.close();
}
process.exit(0);
