// Starts Swagger UI on the docs page. A file of its own, because the page's policy allows no inline script.
const place = document.querySelector('#docs');
const choice = document.querySelector('#document');
const link = document.querySelector('#json');
const whole = place.dataset.spec;
/** The access token that was entered under Authorize: documents are loaded with it, so that they show what it may see. */
let token = null;

const isDocument = (url) => /\/openapi\.json$/.test(new URL(url, location.href).pathname);

/** Offers the document of each collection that the whole one names. */
function offer(collections) {
  const chosen = choice.value;
  const option = (value, text) => Object.assign(document.createElement('option'), { value, textContent: text });
  const urls = collections.map((name) => [`/api/v1/records/${encodeURIComponent(name)}/openapi.json`, name]);
  choice.replaceChildren(option(whole, 'Whole API'), ...urls.map(([url, name]) => option(url, name)));
  choice.value = urls.some(([url]) => url === chosen) ? chosen : whole;
}

/** Requests go to the server that served this page: the document names the public URL, which the policy and CORS may refuse. */
function hereOnly(response) {
  if (!response.ok || !isDocument(response.url)) return response;
  const spec = { ...JSON.parse(response.text), servers: [{ url: '/' }] };
  if (spec.paths === undefined) return response;
  if (spec['x-collections'] !== undefined) offer(spec['x-collections']);
  // A page cannot set the session cookie, and "no credential" beside others would show every record route as authorized.
  delete spec.components.securitySchemes.cookieAuth;
  for (const operation of Object.values(spec.paths).flatMap((path) => Object.values(path)))
    operation.security = operation.security?.filter((way) => 'bearerAuth' in way);
  const text = JSON.stringify(spec);
  return { ...response, text, data: text };
}

function withToken(request) {
  if (token !== null && isDocument(request.url))
    request.headers = { ...request.headers, Authorization: `Bearer ${token}` };
  return request;
}

function show(url) {
  link.href = url;
  ui.specActions.updateUrl(url);
  ui.specActions.download(url);
}

/** Whoever signs in or out on the page sees the document of whom he is. */
const reloading = () => ({
  statePlugins: {
    auth: {
      wrapActions: {
        authorize: (original) => (payload) => {
          const done = original(payload);
          token = payload.bearerAuth?.value ?? token;
          show(choice.value);
          return done;
        },
        logout: (original) => (payload) => {
          const done = original(payload);
          token = null;
          choice.value = whole;
          show(whole);
          return done;
        },
      },
    },
  },
});

const ui = window.SwaggerUIBundle({
  url: whole,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [reloading],
  layout: 'BaseLayout',
  requestInterceptor: withToken,
  responseInterceptor: hereOnly,
  deepLinking: true,
  // Rooms first: a list of all operations would be drawn only as far as it is scrolled.
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  defaultModelRendering: 'example',
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  // The default would send the document to a public validator.
  validatorUrl: null,
});
choice.addEventListener('change', () => show(choice.value));
