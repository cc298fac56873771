// Parameters: path templates, free filters as one open parameter, and each parameter's example from the route's worked request.
import { type Route, z } from '../contract/kit.ts';
import type { Operation, Parameter, Schema } from './document.ts';

/**
 * The parameter that stands for every further `{field}=value` of a list. `style: form` with `explode` writes its properties
 * as parameters of their own, so its name is never sent; generated clients and Swagger UI take an object of filters.
 */
export const FREE_FILTERS = 'filter_fields';

/** `/records/:id` → `/records/{id}`. */
export const openPath = (path: string): string => path.replace(/[:*](\w+)/g, '{$1}');

/** The route's query; a catchall becomes the parameter FREE_FILTERS. */
export function openQuery(route: Route): z.ZodObject | undefined {
  if (!(route.query instanceof z.ZodObject)) return undefined;
  const { shape, catchall } = route.query.def;
  if (!(catchall instanceof z.ZodType) || catchall instanceof z.ZodNever) return route.query;
  const description =
    catchall.description ?? 'Filters: `{field}=value` for any field of the collection, each as a parameter of its own.';
  const filters = z
    .record(z.string(), catchall)
    .optional()
    .meta({ description, param: { style: 'form', explode: true } });
  return z.object({ ...shape, [FREE_FILTERS]: filters });
}

const PLACES = ['path', 'query', 'header', 'cookie'];

/** Orders an operation's parameters and gives each its description and example; what it says is not said again in its schema. */
export function finishParameters(operation: Operation, route: Route): Operation {
  if (operation.parameters === undefined) return operation;
  const own = (operation.parameters.filter((p) => 'in' in p) as Parameter[]).map((p) => finish(p, route));
  const shared = operation.parameters.filter((p) => !('in' in p));
  return { ...operation, parameters: [...own.sort((a, b) => PLACES.indexOf(a.in) - PLACES.indexOf(b.in)), ...shared] };
}

function finish({ name, in: place, required, description, schema, ...rest }: Parameter, route: Route): Parameter {
  const { description: _, example: usual, ...bare } = schema;
  // A room says what its only path parameter is on the object around it (`idParam.meta(…)`).
  const only =
    place === 'path' && Object.keys(route.pathParams.shape).length === 1 ? route.pathParams.description : undefined;
  const said = only ?? description;
  // Swagger UI sends what stands in `example`, so an optional parameter has one only in the worked request.
  const example = workedExample(name, place, bare, route) ?? (required === true ? usual : undefined);
  const hint = example === undefined && usual !== undefined ? { examples: [usual] } : {};
  return {
    name,
    in: place,
    required,
    ...(said !== undefined && { description: said }),
    ...rest,
    schema: { ...bare, ...hint },
    ...(example !== undefined && { example }),
  };
}

function workedExample(name: string, place: string, schema: Schema, route: Route): unknown {
  const { params = {}, query = {} } = route.example;
  if (place === 'path') return params[name];
  if (name !== FREE_FILTERS) return typed(query[name], schema);
  const known = Object.keys((route.query as z.ZodObject).shape);
  const free = Object.entries(query).filter(([key]) => !known.includes(key));
  return free.length > 0 ? Object.fromEntries(free) : undefined;
}

/** The text of a query as the value that its schema describes. */
function typed(text: string | undefined, schema: Schema): unknown {
  if (text === undefined) return undefined;
  if (schema.type === 'array') return [text];
  if (schema.type === 'integer' || schema.type === 'number') return Number(text);
  return schema.type === 'boolean' ? text === 'true' || text === '1' : text;
}
