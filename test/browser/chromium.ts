// The real browser of this machine for a test file: started on a fresh profile without network, watched, and stopped at the end.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { afterAll } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const FLAGS = [
  ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  // Nothing but this machine has an address, so a page that asks for more fails here as it would for a user offline.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1',
];
/** A slow machine may take long to start a browser and to draw a large page; a passing test never waits for it. */
const PATIENCE_MS = 60_000;

/** Where the browser is: `CHROMIUM_PATH`, or a known name on PATH or in /usr/bin. */
const executable = ((): string | undefined => {
  const { CHROMIUM_PATH, PATH = '' } = process.env;
  if (CHROMIUM_PATH) return CHROMIUM_PATH;
  const folders = ['/usr/bin', ...PATH.split(delimiter)];
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((file) => existsSync(file));
})();

/**
 * False where there is no browser: `describe.runIf(browserFound)` skips, and the reason is said once.
 * In CI a missing browser is a fault: importing this file throws.
 */
export const browserFound = executable !== undefined && existsSync(executable);
if (!browserFound) {
  const reason =
    executable === undefined
      ? 'No Chromium was found: install it (apt-get install chromium), or set CHROMIUM_PATH.'
      : `CHROMIUM_PATH names ${executable}, which does not exist.`;
  if (process.env.CI) throw new Error(`CI needs a browser. ${reason}`);
  console.warn(`\n  ${reason} The browser tests of this file are SKIPPED.\n`);
}

/** What a page did that a visitor does not see. Empty lists mean a clean page. */
export interface Watch {
  /** Errors and warnings of the console, and uncaught exceptions. */
  readonly complaints: string[];
  /** Directives of the page's policy that were broken, with what broke them. */
  readonly violations: string[];
  /** Addresses asked for, except data: and blob: ones. */
  readonly requests: string[];
}

export interface Browser {
  /** A new tab. */
  open(size?: { width: number; height: number }): Promise<{ page: Page; watch: Watch }>;
}

const REPORT_VIOLATIONS = `addEventListener('securitypolicyviolation', (event) =>
  reportViolation(event.violatedDirective + ' ' + event.blockedURI + ' at ' + event.sourceFile + ':' + event.lineNumber));`;

// Here, while the file is collected: Vitest never runs an afterAll that is named inside a hook or a test.
const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

/** Starts the browser, and stops it and removes its profile after the file. */
export async function startBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'snackbase-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable as string,
    args: FLAGS,
    timeout: PATIENCE_MS,
    viewport: { width: 1280, height: 900 },
  });
  stops.push(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  });
  context.setDefaultTimeout(PATIENCE_MS);
  return {
    async open(size) {
      const page = await context.newPage();
      if (size !== undefined) await page.setViewportSize(size);
      const watch: Watch = { complaints: [], violations: [], requests: [] };
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) watch.complaints.push(message.text());
      });
      page.on('pageerror', (error) => watch.complaints.push(String(error)));
      page.on('request', (request) => {
        if (!/^(data|blob):/.test(request.url())) watch.requests.push(request.url());
      });
      await page.exposeFunction('reportViolation', (text: string) => watch.violations.push(text));
      await page.addInitScript(REPORT_VIOLATIONS);
      return { page, watch };
    },
  };
}
