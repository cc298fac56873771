// The build of the published package: one ESM and one CommonJS file with flat declarations.
import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts'],
  format: ['esm', 'cjs'],
  target: 'es2022',
  // Neutral: nothing of Node and nothing of the browser may be assumed.
  platform: 'neutral',
  dts: true,
  clean: true,
  treeshake: true,
  // Taken into the build: the package depends on nothing.
  noExternal: ['eventsource-parser'],
  tsconfig: 'tsconfig.json',
});
