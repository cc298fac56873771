// Starts Swagger UI on the docs page. A file of its own, because the page's policy allows no inline script.
const place = document.querySelector('#docs');

/** Requests go to the server that served this page: the document names the public URL, which the policy and CORS may refuse. */
function hereOnly(response) {
  if (new URL(response.url, location.href).pathname !== new URL(place.dataset.spec, location.href).pathname)
    return response;
  if (!response.ok) return response;
  const spec = { ...JSON.parse(response.text), servers: [{ url: '/' }] };
  // A page cannot set the session cookie, and "no credential" beside others would show every record route as authorized.
  delete spec.components.securitySchemes.cookieAuth;
  for (const operation of Object.values(spec.paths).flatMap((path) => Object.values(path)))
    operation.security = operation.security?.filter((way) => 'bearerAuth' in way);
  const text = JSON.stringify(spec);
  return { ...response, text, data: text };
}

window.SwaggerUIBundle({
  url: place.dataset.spec,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  responseInterceptor: hereOnly,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  defaultModelRendering: 'example',
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  // The default would send the document to a public validator.
  validatorUrl: null,
});
