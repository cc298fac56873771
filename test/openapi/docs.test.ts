// The documentation page: local files only, no inline script, and the same whatever the working directory is.
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { copyDocsAssets, DOCS_CSP, docsAssets, docsPage } from '../../openapi/docs.ts';

const html = docsPage({
  title: 'A & B',
  specUrl: '/api/v1/openapi.json',
  assetsBase: '/docs/assets',
  guideUrl: '/guide',
});

describe('the page', () => {
  it('loads the document and links to the guide', () => {
    expect(html).toContain('data-spec="/api/v1/openapi.json"');
    expect(html).toContain('<a href="/guide">Guide</a>');
    expect(docsPage({ title: 't', specUrl: '/s', assetsBase: '/a' })).not.toContain('Guide');
  });

  it('escapes what it is given', () => {
    expect(html).toContain('<title>A &amp; B</title>');
    expect(docsPage({ title: '"><script>', specUrl: '/s', assetsBase: '/a' })).not.toContain('"><script>');
  });

  it('has no inline script, style or foreign address, and every file it loads is an asset', () => {
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|style=|https?:|\/\/[a-z]|\son\w+=/i);
    const loaded = [...html.matchAll(/(?:src|href)="\/docs\/assets\/([^"]+)"/g)].map(([, name]) => name);
    expect(loaded.sort()).toEqual(['favicon.png', 'page.css', 'start.js', 'swagger-ui-bundle.js', 'swagger-ui.css']);
    expect([...docsAssets().keys()]).toEqual(expect.arrayContaining(loaded));
  });

  it('allows scripts from this server alone', () => {
    expect(DOCS_CSP).toContain("default-src 'none'");
    expect(DOCS_CSP).toContain("script-src 'self';");
    expect(DOCS_CSP).not.toMatch(/script-src[^;]*unsafe|\*|https?:/);
  });
});

describe('the files', () => {
  const home = process.cwd();
  const folders: string[] = [];
  afterEach(async () => {
    process.chdir(home);
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
  });
  const folder = async () => {
    const made = await mkdtemp(join(tmpdir(), 'snackbase-docs-'));
    folders.push(made);
    return made;
  };

  it('are found from anywhere', async () => {
    const there = docsAssets();
    process.chdir(await folder());
    expect(docsAssets()).toEqual(there);
    for (const { file, contentType } of there.values()) {
      expect(isAbsolute(file)).toBe(true);
      expect((await stat(file)).size).toBeGreaterThan(0);
      expect(contentType).toMatch(/^(text\/(javascript|css|plain); charset=utf-8|image\/png)$/);
    }
  });

  it('are copied whole for the build', async () => {
    const out = join(await folder(), 'docs');
    await copyDocsAssets(out);
    expect((await readdir(out)).sort()).toEqual([...docsAssets().keys()].sort());
    for (const [name, { file }] of docsAssets()) expect(await readFile(join(out, name))).toEqual(await readFile(file));
  });
});
