// The documents that derive from the contract, loaded when someone asks for them.
import { contract } from '../../contract/index.ts';
import { Answer } from '../context.ts';
import { VERSION } from '../version.ts';

const ASSETS = '/docs/assets';

/** `publicUrl` becomes the document's server. */
export function createDocuments(publicUrl: string) {
  return {
    document: async (): Promise<object> =>
      (await import('../../openapi/generate.ts')).openApiDocument(contract, { version: VERSION, serverUrl: publicUrl }),
    yaml: async (document: object): Promise<string> =>
      (await import('../../openapi/generate.ts')).toYaml(document as never),
    page: async (): Promise<Answer<string>> => {
      const { DOCS_CSP, docsAssets, docsPage } = await import('../../openapi/docs.ts');
      const guide = docsAssets().has('guide.md') ? { guideUrl: `${ASSETS}/guide.md` } : {};
      const html = docsPage({ title: 'SnackBase API', specUrl: '/api/v1/openapi.json', assetsBase: ASSETS, ...guide });
      return new Answer(html, { 'Content-Security-Policy': DOCS_CSP });
    },
  };
}
