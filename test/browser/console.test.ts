/** The console's page in a real browser over canned rows: what it shows, what it withstands, and how it is used. */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { QueryFailure } from '../../services/console/query-port.ts';
import { type FakePort, fakePort, HOSTILE, openConsole } from '../services/console/fake-port.ts';
import { type Browser, dumpDom, findChromium, startChromium, type Tab } from './chromium.ts';

const { binary, reason } = findChromium();
if (reason !== null) process.stderr.write(`browser tests are skipped: ${reason}\n`);

const port: FakePort = fakePort();
const app: FastifyInstance = openConsole(port);
let url = '';
let browser: Browser;
let tab: Tab;

const READ = `document.querySelectorAll('main .loading').length === 0 && document.querySelector('main h1') !== null`;
const WALK = `${'#'}/walk?day=2026-03-10&account=acme&provider=openai&model=gpt-4.1`;

/** Text as a serialized document writes it. */
function written(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

async function visit(hash: string, language = 'en'): Promise<void> {
  await tab.open(`${url}/?lang=${language}${hash}`);
  await tab.until(READ);
}

const textOf = (selector: string): Promise<string> =>
  tab.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const count = (selector: string): Promise<number> =>
  tab.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);

describe.skipIf(binary === null)('the console in a browser', () => {
  beforeAll(async () => {
    url = await app.listen({ host: '127.0.0.1', port: 0 });
    browser = await startChromium(binary ?? '');
    tab = browser.tab;
  });
  afterAll(async () => {
    await browser?.close();
    await app.close();
  });
  beforeEach(() => {
    port.failure = null;
  });

  test('the document that a plain browser gets holds every section, to the last digit', async () => {
    const dom = await dumpDom(binary ?? '', `${url}/?lang=en`);
    expect(dom).toContain('<title>Outcome Ledger</title>');
    expect(dom).toContain('All 2 checks hold');
    expect(dom).toContain('Total <span class="money">4.500000000003</span> USD');
    expect(dom.match(/<rect class="part s\d"/g)).toHaveLength(6);
    expect(dom).toContain('>12.000000000001<');
    expect(dom).toContain('USD: balanced');
    expect(dom).toContain('Give the second fact an id of its own');
    expect(dom).toContain(written(HOSTILE));
    expect(dom).not.toContain('<img');
  });

  test('in Chinese it says the same', async () => {
    const dom = await dumpDom(binary ?? '', `${url}/?lang=zh`);
    expect(dom).toContain('<title>成果账本</title>');
    expect(dom).toContain('<html lang="zh-CN">');
    for (const text of ['全部 2 项检查通过', '每条分录借贷平衡', '为第二个事实使用新编号', '试算平衡'])
      expect(dom).toContain(text);
  });

  test('the switch changes the language in place and is remembered', async () => {
    await visit('');
    await tab.evaluate(`document.querySelector('button.language').click()`);
    expect(await textOf('h2')).toBe('证明');
    expect(await tab.evaluate('document.activeElement.className')).toBe('language');
    await tab.open(`${url}/`);
    await tab.until(READ);
    expect(await tab.evaluate('document.title')).toBe('成果账本');
    await tab.evaluate(`localStorage.clear()`);
  });

  test('a day is chosen in the chart by keyboard, and walked down to one request', async () => {
    await visit('');
    await tab.evaluate(`document.querySelector('.controls select, .range input').focus()`);
    for (let steps = 0; steps < 12; steps += 1) {
      await tab.press('Tab');
      if (await tab.evaluate(`document.activeElement.classList.contains('day')`)) break;
    }
    expect(await tab.evaluate(`document.activeElement.getAttribute('aria-label')`)).toBe(
      '2026-03-12: 1.500000000001 USD',
    );
    await tab.press('ArrowLeft');
    expect(await tab.evaluate(`document.activeElement.getAttribute('aria-label')`)).toBe('2026-03-11: 0 USD');
    await tab.press('ArrowLeft');
    await tab.press('Enter');
    await tab.until(`document.title.startsWith('2026-03-10') && ${READ}`);
    expect(await tab.evaluate('document.activeElement.id')).toBe('main');
    const steps: readonly (readonly [link: string, title: string])[] = [
      ['acme', 'acme · 2026-03-10'],
      ['openai/gpt-4.1', 'openai/gpt-4.1 · acme · 2026-03-10'],
      ['req-1', 'Request req-1'],
    ];
    for (const [link, title] of steps) {
      await tab.evaluate(
        `[...document.querySelectorAll('main tbody a')].find((a) => a.textContent === '${link}').focus()`,
      );
      await tab.press('Enter');
      await tab.until(`document.title === '${title} – Outcome Ledger' && ${READ}`);
    }
    expect(await textOf('.crumbs')).toBe('Walk down2026-03-10acmeopenai/gpt-4.1req-1');
    const text = await textOf('main');
    for (const expected of [
      '0.000600000007',
      '0.000000000007',
      'usage-events/1/40',
      'charges/1/42',
      'journal/1/43',
      'contract-1, version 2',
    ])
      expect(text).toContain(expected);
    expect(await count('.adds.good')).toBe(2);
    expect(text).toContain('balanced');
    await tab.evaluate('history.back()');
    await tab.until(`document.title.startsWith('openai/gpt-4.1') && ${READ}`);
  });

  test('a list that was cut says so and shows more', async () => {
    await visit(WALK);
    expect(await count('main tbody tr')).toBe(100);
    expect(await textOf('.note')).toContain('The first 100 are shown');
    await tab.evaluate(`document.querySelector('.note a').click()`);
    await tab.until(`document.querySelectorAll('main tbody tr').length === 120`);
    expect(await count('.note')).toBe(0);
  });

  test('a request is found by its id; one that does not exist is named', async () => {
    await visit('');
    await tab.evaluate(`document.querySelector('.find input').value = 'req-9'`);
    await tab.evaluate(`document.querySelector('.find button').click()`);
    await tab.until(`document.querySelector('main .trouble') !== null`);
    expect(await textOf('main .trouble')).toContain('request_unknown');
    expect(await textOf('#trouble')).toBe('');
  });

  test('hostile names go through every view as text', async () => {
    const account = encodeURIComponent(HOSTILE);
    for (const hash of [
      '',
      '#/walk?day=2026-03-10',
      `#/walk?day=2026-03-10&account=${account}`,
      '#/walk?request=req-1',
      '#/rejected?service=rating&code=conflict',
    ]) {
      await visit(hash);
      expect(await textOf('main')).toContain(HOSTILE);
      expect(await count('img, main script')).toBe(0);
      expect(await tab.evaluate('document.title')).not.toBe('owned');
    }
  });

  test.each([1_280, 390])('nothing is wider than the screen at %i px', async (width) => {
    await tab.size(width, 844);
    for (const hash of [
      '',
      '#/walk',
      '#/walk?day=2026-03-10',
      WALK,
      '#/walk?request=req-1',
      '#/rejected?service=rating&code=conflict',
    ]) {
      await visit(hash);
      const [content, screen] = await tab.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect([hash, content <= screen]).toEqual([hash, true]);
    }
    expect((await tab.screenshot()).subarray(1, 4).toString()).toBe('PNG');
    await tab.size(1_280, 900);
  });

  test('it follows the colour scheme of the system', async () => {
    const colours: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      await tab.scheme(scheme);
      await visit('');
      colours.push(await tab.evaluate('getComputedStyle(document.body).backgroundColor'));
    }
    expect(colours[0]).not.toBe(colours[1]);
    await tab.scheme('light');
  });

  test('while ClickHouse is away the page says so, keeps what it read, and recovers by itself', async () => {
    await visit('');
    port.failure = new QueryFailure('analytics_unavailable', new Error('connect ECONNREFUSED'));
    await tab.until(`document.querySelector('#trouble').textContent.includes('ClickHouse does not answer')`);
    expect(await textOf('#balances')).toContain('12.000000000001');
    expect(await textOf('#proof')).toContain('All 2 checks hold');
    port.failure = null;
    await tab.until(
      `document.querySelector('#trouble').textContent === '' && document.querySelectorAll('.stale').length === 0`,
    );
  });

  test('opened while ClickHouse is away it shows the proof, and the rest when ClickHouse is back', async () => {
    port.failure = new QueryFailure('analytics_not_ready', new Error('no such table'));
    await visit('');
    expect(await textOf('#trouble')).toContain('does not have the tables yet');
    expect(await textOf('#proof')).toContain('All 2 checks hold');
    port.failure = null;
    await tab.until(`document.querySelector('#ledger').textContent.includes('USD: balanced')`);
  });

  test('an address with a wrong day is refused by name, and one that does not exist is not found', async () => {
    await visit('#/walk?day=2026-02-30');
    expect(await textOf('main .trouble')).toContain('day: ');
    await visit('#/nowhere');
    expect(await tab.evaluate('document.title')).toBe('There is no such page – Outcome Ledger');
  });

  test('nothing was thrown and nothing was blocked on the way', () => {
    const unexpected = tab.complaints.filter(
      (complaint) => !complaint.includes('the server responded with a status of'),
    );
    expect(unexpected).toEqual([]);
  });
});
