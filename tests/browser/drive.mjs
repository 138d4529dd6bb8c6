// Drives Debian's Chromium through every flow of the self-service pages, as a person with a small phone does, and looks
// at each page: axe finds nothing, it weighs less than 50 KB, it fits 360 pixels, it runs no script and logs no error.
// Usage: node drive.mjs <folder that holds node_modules>
// Reads one line of JSON: {"demo": <address>, "people": {<language>: <id>}, "signed": <address>, "login", "staff": [two
// names], "pictures": <folder, or empty>}. When something has to happen at the server it writes `do: <what>` and waits for
// a line. Ends with exit code 0 when all is well.
import { readFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const modules = createRequire(pathToFileURL(`${process.argv[2]}/`));
const { chromium } = modules('playwright-core');
const axe = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const given = JSON.parse((await lines.next()).value);
const MOST_BYTES = 50_000;
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1100, height: 800 };
// Whose pictures are kept.
const KEPT = /^(en|ar|am|helpdesk.*)$/;
// Languages in which only length and width of the texts are another matter than in English.
const SAME_PAGES = ['fr', 'es', 'fil'];
const began = Date.now();
let looked = 0;

const must = (holds, why) => {
  if (!holds) throw new Error(why);
};
const at_server = async (what) => {
  console.log(`do: ${what}`);
  await lines.next();
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});

// A browser of somebody: what goes wrong in it ends the run.
async function open(base, { language = 'en', viewport = PHONE, script = true, prefix = language } = {}) {
  const context = await browser.newContext({ viewport, javaScriptEnabled: script, locale: language, baseURL: base });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const wrong = [];
  // What a provider's own pages do is not ours.
  const note = (what) => {
    if (page.url().startsWith(base)) wrong.push(what);
  };
  page.on('pageerror', (error) => note(`script error: ${error}`));
  page.on('console', (message) => {
    // Refused entries are answered 422, which browsers log.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) note(message.text());
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // A request that the next page ended.
    if (why !== 'net::ERR_ABORTED') note(`failed: ${request.url()}: ${why}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && request.resourceType() !== 'document') note(`elsewhere: ${request.url()}`);
  });
  return { page, context, language, prefix, script, wrong, viewport };
}

// Looks at the page that is shown, and takes its picture when pictures are wanted.
async function look(who, name) {
  const { page, language, script, wrong, viewport } = who;
  const where = `${who.prefix}-${name} (${page.url()})`;
  looked += 1;
  must(wrong.length === 0, `${where}: ${wrong.join('; ')}`);
  if (script) {
    const seen = await page.evaluate(() => {
      const parts = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
      const root = document.documentElement;
      return {
        bytes: parts.reduce((sum, part) => sum + part.encodedBodySize + 300, 0),
        over: root.scrollWidth - root.clientWidth,
        lang: root.lang,
        dir: root.dir,
        headings: document.querySelectorAll('h1').length,
      };
    });
    must(seen.bytes > 1_000 && seen.bytes < MOST_BYTES, `${where}: ${seen.bytes} bytes`);
    must(seen.over <= 0, `${where}: ${seen.over} pixels wider than the window`);
    must(seen.lang === language, `${where}: in ${seen.lang}`);
    must((seen.dir === 'rtl') === (language === 'ar'), `${where}: direction ${seen.dir}`);
    must(seen.headings === 1, `${where}: ${seen.headings} main headings`);
    if (!SAME_PAGES.includes(language)) {
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run(document));
      const told = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' | ')}`);
      must(told.length === 0, `${where}: axe: ${told.join('\n')}`);
    }
  }
  if (given.pictures && KEPT.test(who.prefix)) {
    const path = `${given.pictures}/${who.prefix}-${name}.png`;
    await page.screenshot({ path, fullPage: true });
  }
  if (script && viewport === PHONE) {
    // 400 % of a window of 1280 pixels.
    await page.setViewportSize({ width: 320, height: 740 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    must(over <= 0, `${where}: ${over} pixels too wide at 320`);
    await page.setViewportSize(viewport);
  }
}

const press = async (page, selector) => {
  await Promise.all([page.waitForNavigation(), page.locator(selector).first().click()]);
};
const send = (page) => press(page, 'main form[method=post] button.main');
const ends = (page, path) => must(new URL(page.url()).pathname === path, `at ${page.url()} and not at ${path}`);

// Everything that one person can do, in one language.
async function person(language) {
  const who = await open(given.demo, { language });
  const { page } = who;
  await page.goto('/');
  await look(who, 'sign-in');
  await page.locator('details.languages summary').click();
  must(await page.locator('details.languages a').count() === 6, 'six languages');
  if (language === 'en') await look(who, 'languages');
  await page.goto('/not-registered');
  await look(who, 'not-registered');
  await page.goto('/');
  await page.fill('#code', 'nobody');
  await press(page, 'main form button.main');
  await look(who, 'sign-in-wrong');
  await page.fill('#code', given.people[language]);
  await press(page, 'main form button.main');
  ends(page, '/account');
  await look(who, 'account');
  await page.goto('/payments');
  await look(who, 'payments');
  await page.goto('/account/history');
  await look(who, 'history');

  await page.goto('/account');
  await press(page, 'a.main');
  await look(who, 'change');
  await send(page);
  await look(who, 'change-wrong');
  await page.check('input[value=bank]');
  await send(page);
  await look(who, 'bank');
  await page.selectOption('#bank', 'EXFM');
  await send(page);
  await look(who, 'branch');
  await page.fill('#q', 'nowhere');
  await press(page, 'form[role=search] button');
  await look(who, 'branch-none');
  await page.fill('#q', 'branch 2');
  await press(page, 'form[role=search] button');
  await look(who, 'branch-found');
  await page.check('input[value=EXFM0003], input[value=EXFM0020]');
  await send(page);
  await look(who, 'number');
  await page.fill('#account_number', '12');
  await send(page);
  await look(who, 'number-wrong');
  await page.click('.summary a');
  must(await page.evaluate(() => document.activeElement.id) === 'account_number', 'the summary leads to the field');
  await page.fill('#account_number', '5550 001-234');
  await send(page);
  ends(page, '/account/check');
  await look(who, 'check');
  await send(page);
  must(/\/account\/receipt\//.test(page.url()), page.url());
  await look(who, 'receipt');

  await page.goto('/account/change/wallet');
  await look(who, 'wallet');
  await page.selectOption('#wallet', 'EXPAY');
  await page.fill('#phone', '0712 345 678');
  await send(page);
  await send(page);
  must(/\/account\/receipt\//.test(page.url()), page.url());
  await page.goto('/account/change/email');
  await look(who, 'email');
  await page.selectOption('#wallet', 'EXMAIL');
  await page.fill('#email', 'amina@mail');
  await send(page);
  await look(who, 'email-wrong');
  await page.fill('#email', 'amina@mail.example');
  await send(page);
  await send(page);
  await page.goto('/account');
  must((await page.content()).includes('a…@mail.example'), 'the email wallet is shown by its beginning');

  await press(page, 'a[href$="/account/stop"]');
  await look(who, 'stop');
  await send(page);
  await look(who, 'stopped');
  await page.goto('/account');
  await look(who, 'no-account');
  await press(page, 'header form button');
  ends(page, '/signed-out');
  await look(who, 'signed-out');
  await who.context.close();
}

// The languages of which no picture is kept: that nothing is cut off or missing.
async function visit(language) {
  const who = await open(given.demo, { language });
  const { page } = who;
  await page.goto('/');
  await look(who, 'sign-in');
  await page.fill('#code', given.people.en);
  await press(page, 'main form button.main');
  for (const path of ['/account/change', '/account/change/bank', '/account/change/wallet', '/account/history', '/payments', '/not-registered']) {
    await page.goto(path);
    await look(who, path.replaceAll('/', '-'));
  }
  await who.context.close();
}

// The same change with nothing but a keyboard.
async function keyboard() {
  const who = await open(given.demo, { prefix: 'keyboard' });
  const { page } = who;
  const to = async (selector) => {
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press('Tab');
      const seen = await page.evaluate((wanted) => {
        const on = document.activeElement;
        const look = getComputedStyle(on);
        return { there: on.matches(wanted), body: on === document.body, marked: look.outlineStyle !== 'none' || look.boxShadow !== 'none' };
      }, selector);
      must(seen.body || seen.marked, `what has the focus is not marked, before ${selector}`);
      if (seen.there) return;
    }
    throw new Error(`${selector} cannot be reached with the keyboard`);
  };
  const go = async (key) => {
    await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
  };
  await page.goto('/');
  await page.keyboard.press('Tab');
  must(await page.evaluate(() => document.activeElement.matches('a.skip')), 'the first stop leads past the menu');
  await to('summary');
  await page.keyboard.press('Enter');
  await to('.languages a[lang=en]');
  await go('Enter');
  await to('#code');
  await page.keyboard.type(given.people.en);
  await go('Enter');
  await to('a.main');
  await go('Enter');
  await to('input[name=kind]');
  await page.keyboard.press('Space');
  await to('main button.main');
  await go('Enter');
  await to('#bank');
  await page.keyboard.type('Example Farmers');
  await to('main button.main');
  await go('Enter');
  await to('#q');
  await page.keyboard.type('branch 20');
  await go('Enter');
  await to('input[name=branch]');
  await page.keyboard.press('Space');
  await to('main form[method=post] button.main');
  await go('Enter');
  await to('#account_number');
  await page.keyboard.type('5550001234');
  await go('Enter');
  await to('main button.main');
  await go('Enter');
  must(/\/account\/receipt\//.test(page.url()), page.url());
  await look(who, 'receipt');
  await who.context.close();
}

// The same without script, as the pages themselves have none.
async function without_script() {
  const who = await open(given.demo, { script: false, prefix: 'no-script' });
  const { page } = who;
  await page.goto('/');
  await page.fill('#code', given.people.en);
  await press(page, 'main form button.main');
  await page.goto('/account/change');
  await page.check('input[value=wallet]');
  await send(page);
  await page.selectOption('#wallet', 'EXPAY');
  await page.fill('#phone', '+254712345678');
  await send(page);
  await send(page);
  must(/\/account\/receipt\//.test(page.url()), page.url());
  await who.context.close();
}

// At the provider's own pages: any name is a person there.
async function at_provider({ page, wrong }, login) {
  for (let step = 0; step < 6 && !page.url().startsWith(given.signed); step += 1) {
    if (await page.locator('input[name=login]').count()) {
      await page.fill('input[name=login]', login);
      await page.fill('input[name=password]', 'any');
    }
    await press(page, 'button[type=submit], button');
  }
  // What its last page asked for may have come when ours was there already.
  wrong.length = 0;
}

async function signed_in() {
  const who = await open(given.signed, { prefix: 'provider' });
  const { page } = who;
  await page.goto('/');
  await look(who, 'sign-in');
  await press(page, 'a.main');
  await at_provider(who, given.login);
  ends(page, '/account');
  await look(who, 'account');
  await page.goto('/account/change/wallet');
  await page.selectOption('#wallet', 'EXPAY');
  await page.fill('#phone', '+254712345678');
  await send(page);
  ends(page, '/account/check');
  await at_server('grow old');
  await page.reload();
  await look(who, 'sign-in-again');
  await press(page, 'a.main');
  await at_provider(who, given.login);
  ends(page, '/account/check');
  await send(page);
  must(/\/account\/receipt\//.test(page.url()), page.url());
  // The page that says so goes on to the provider by itself.
  await press(page, 'header form button');
  await page.waitForURL((url) => !url.href.startsWith(given.signed));
  await press(page, 'button[value=yes]');
  await page.waitForURL((url) => url.pathname === '/signed-out');
  who.wrong.length = 0;
  await page.goto('/account');
  await look(who, 'signed-out');
  await who.context.close();
}

async function helpdesk() {
  const [one, two] = given.staff;
  const first = await open(given.signed, { viewport: DESK, prefix: 'helpdesk' });
  await first.page.goto('/helpdesk');
  await look(first, 'sign-in');
  await press(first.page, 'a.main');
  await at_provider(first, one);
  ends(first.page, '/helpdesk');
  await look(first, 'find');
  await first.page.fill('#id', given.people.en);
  await send(first.page);
  await look(first, 'person');
  await first.page.fill('#reason', 'case 4711: reads her number');
  await press(first.page, 'button[formaction]');
  await look(first, 'whole');
  await first.page.goto('/helpdesk/person');
  await first.page.fill('#reason', 'phone was stolen');
  await press(first.page, 'main form button.second');
  await look(first, 'frozen');
  await first.page.fill('#reason', 'it was found again');
  await press(first.page, 'main form button.second');
  await press(first.page, 'a.main');
  await look(first, 'change');
  await send(first.page);
  await look(first, 'change-wrong');
  await first.page.selectOption('#to', 'wallet:EXPAY');
  await first.page.fill('#number', '+254712000111');
  await first.page.fill('#reason', 'came to the desk');
  await send(first.page);
  await look(first, 'asked');
  await first.page.goto('/helpdesk/changes');
  await look(first, 'own-change');
  const second = await open(given.signed, { viewport: DESK, prefix: 'helpdesk-second' });
  await second.page.goto('/helpdesk');
  await press(second.page, 'a.main');
  await at_provider(second, two);
  ends(second.page, '/helpdesk/changes');
  await look(second, 'waiting');
  await press(second.page, 'button[value=approve]');
  await look(second, 'approved');
  await press(second.page, 'header form button');
  const narrow = await open(given.signed, { prefix: 'helpdesk-phone' });
  await narrow.page.goto('/helpdesk');
  await look(narrow, 'sign-in');
  for (const who of [first, second, narrow]) await who.context.close();
}

try {
  if (given.pictures) mkdirSync(given.pictures, { recursive: true });
  for (const language of ['en', 'ar', 'am']) await person(language);
  for (const language of ['fr', 'es', 'fil']) await visit(language);
  await keyboard();
  await without_script();
  await signed_in();
  await helpdesk();
  console.log(`${looked} pages in ${((Date.now() - began) / 1000).toFixed(0)} s`);
} finally {
  await browser.close();
}
process.exit(0);
