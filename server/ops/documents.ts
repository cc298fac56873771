// What derives from the contract, made when someone asks for it: its OpenAPI document and the page that shows documents.
import { contract } from '../../contract/index.ts';
import { Answer } from '../context.ts';
import { VERSION } from '../version.ts';

const ASSETS = '/docs/assets';

/** `publicUrl` becomes the document's server. */
export function createDocuments(publicUrl: string) {
  let base: Promise<object> | undefined;
  return {
    /** The OpenAPI document of the contract, without any collection. */
    base: (): Promise<object> => {
      base ??= import('../../openapi/generate.ts').then(({ openApiDocument }) =>
        openApiDocument(contract, { version: VERSION, serverUrl: publicUrl }),
      );
      return base;
    },
    page: async (): Promise<Answer<string>> => {
      const { DOCS_CSP, docsAssets, docsPage } = await import('../../openapi/docs.ts');
      const guide = docsAssets().has('guide.md') ? { guideUrl: `${ASSETS}/guide.md` } : {};
      const html = docsPage({ title: 'SnackBase API', specUrl: '/api/v1/openapi.json', assetsBase: ASSETS, ...guide });
      return new Answer(html, { 'Content-Security-Policy': DOCS_CSP });
    },
  };
}
